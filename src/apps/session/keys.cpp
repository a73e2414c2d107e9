#include "keys.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cells.hpp"

namespace ec::apps::session {
namespace {

using Kind = Key::Kind;

constexpr std::string_view kPasteEnd = "\x1b[201~";
// No real key sends more; a longer sequence is noise of a hostile or broken terminal.
constexpr std::size_t kLongestSequence = 32;

bool is_final(char c) { return c >= 0x40 && c <= 0x7e; }

// The key that a whole CSI or SS3 sequence means; false when none does.
bool sequence_key(std::string_view body, Kind& kind) {
    constexpr std::array<std::pair<std::string_view, Kind>, 34> kTable{{
        {"A", Kind::up},
        {"B", Kind::down},
        {"C", Kind::right},
        {"D", Kind::left},
        {"H", Kind::home},
        {"F", Kind::end},
        {"1~", Kind::home},
        {"7~", Kind::home},
        {"4~", Kind::end},
        {"8~", Kind::end},
        {"3~", Kind::del},
        {"5~", Kind::page_up},
        {"6~", Kind::page_down},
        {"M", Kind::enter},
        {"Z", Kind::tab},
        {"1;5D", Kind::word_left},
        {"1;5C", Kind::word_right},
        {"1;3D", Kind::word_left},
        {"1;3C", Kind::word_right},
        {"5D", Kind::word_left},
        {"5C", Kind::word_right},
        {"d", Kind::word_left},
        {"c", Kind::word_right},
        {"1;2A", Kind::up},
        {"1;2B", Kind::down},
        {"1;2C", Kind::right},
        {"1;2D", Kind::left},
        {"13;2u", Kind::alt_enter},
        {"13;3u", Kind::alt_enter},
        {"27;2;13~", Kind::alt_enter},
        {"27;3;13~", Kind::alt_enter},
        {"13u", Kind::enter},
        {"27u", Kind::escape},
        {"127u", Kind::backspace},
    }};
    const auto* const found =
        std::find_if(kTable.begin(), kTable.end(), [&](const auto& entry) { return entry.first == body; });
    if (found == kTable.end()) return false;
    kind = found->second;
    return true;
}

Key control_key(char c) {
    switch (c) {
        case '\r':
        case '\n':
            return {Kind::enter, {}};
        case '\t':
            return {Kind::tab, {}};
        case 0x7f:
        case 0x08:
            return {Kind::backspace, {}};
        default:
            return {Kind::control, std::string(1, static_cast<char>(c + 'a' - 1))};
    }
}

std::size_t expected_bytes(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    if (byte >= 0xf0 && byte <= 0xf4) return 4;
    if (byte >= 0xe0) return byte < 0xf0 ? 3 : 1;
    return byte >= 0xc2 ? 2 : 1;
}

// What a paste may bring into the line: no controls but line ends and tabs.
std::string cleaned(std::string_view pasted) {
    std::string out;
    for (std::size_t i = 0; i < pasted.size(); ++i) {
        const char c = pasted[i];
        if (c == '\r') {
            if (i + 1 == pasted.size() || pasted[i + 1] != '\n') out += '\n';
        } else if (c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) {
            out += c;
        }
    }
    return out;
}

}  // namespace

std::vector<Key> KeyDecoder::feed(std::string_view bytes) {
    std::vector<Key> keys;
    std::string all = std::exchange(pending_, {});
    all += bytes;
    std::size_t at = 0;
    while (at < all.size()) {
        if (in_paste_) {
            all.erase(0, at);
            at = 0;
            take_paste(all, keys);
            if (in_paste_) break;
            continue;
        }
        const std::size_t taken = take_one(std::string_view(all).substr(at), keys);
        if (taken == 0) break;
        at += taken;
    }
    pending_ = all.substr(std::min(at, all.size()));
    return keys;
}

std::vector<Key> KeyDecoder::flush() {
    if (in_paste_) return {};
    const std::string left = std::exchange(pending_, {});
    if (left == "\x1b" || left == "\x1b\x1b") return {{Kind::escape, {}}};
    // An Alt key whose second byte begins every sequence.
    if (left == "\x1b[" || left == "\x1bO") return {{Kind::alt, left.substr(1)}};
    return {};
}

// 0 when the bytes end inside a key.
std::size_t KeyDecoder::take_one(std::string_view bytes, std::vector<Key>& keys) {
    const char lead = bytes.front();
    if (lead == 0x1b) return take_escape(bytes, keys);
    if (lead == 0) return 1;
    if (lead > 0 && lead < 0x1b) return keys.push_back(control_key(lead)), 1;
    if (lead == 0x7f) return keys.push_back({Kind::backspace, {}}), 1;
    if (lead > 0 && lead < 0x20) {
        // Ctrl-\ ] ^ _: only the last is a key of ours (undo), the others are ignored.
        if (lead == 0x1f) keys.push_back({Kind::control, "_"});
        return 1;
    }
    const std::size_t wanted = expected_bytes(lead);
    if (bytes.size() < wanted) {
        const std::string_view tail = bytes.substr(1);
        const bool torn = std::all_of(tail.begin(), tail.end(),
                                      [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; });
        if (torn) return 0;
    }
    const CodePoint next = first_code_point(bytes);
    if (next.value == 0xfffd && next.bytes == 1) return 1;  // no UTF-8: not a character that can be typed
    if (next.value >= 0x80 && next.value < 0xa0) return next.bytes;
    keys.push_back({Kind::character, std::string(bytes.substr(0, next.bytes))});
    return next.bytes;
}

std::size_t KeyDecoder::take_escape(std::string_view bytes, std::vector<Key>& keys) {
    if (bytes.size() < 2) return 0;
    const char next = bytes[1];
    if (next == '[' || next == 'O') return take_sequence(bytes, keys);
    if (next == '\r' || next == '\n') return keys.push_back({Kind::alt_enter, {}}), 2;
    if (next == 0x7f || next == 0x08) return keys.push_back({Kind::alt, "\x7f"}), 2;
    if (next == 0x1b) return keys.push_back({Kind::escape, {}}), 1;
    if (next == 'b') return keys.push_back({Kind::word_left, {}}), 2;
    if (next == 'f') return keys.push_back({Kind::word_right, {}}), 2;
    if (next >= 0x20 && next < 0x7f) return keys.push_back({Kind::alt, std::string(1, next)}), 2;
    keys.push_back({Kind::escape, {}});
    return 1;
}

std::size_t KeyDecoder::take_sequence(std::string_view bytes, std::vector<Key>& keys) {
    std::size_t end = 2;
    // The Linux console's function keys are "\x1b[[A": a second bracket, then one letter.
    if (bytes.size() > 2 && bytes[1] == '[' && bytes[2] == '[') return bytes.size() > 3 ? 4 : 0;
    while (end < bytes.size() && end < kLongestSequence && !is_final(bytes[end])) {
        // A control inside a sequence: it was none.
        if (static_cast<unsigned char>(bytes[end]) < 0x20 || static_cast<unsigned char>(bytes[end]) > 0x7e) return end;
        ++end;
    }
    if (end == kLongestSequence) return end;
    if (end >= bytes.size()) return 0;
    const std::string_view body = bytes.substr(2, end - 1);
    if (body == "200~") {
        in_paste_ = true;
        paste_.clear();
        return end + 1;
    }
    Kind kind{};
    if (sequence_key(body, kind)) keys.push_back({kind, {}});
    return end + 1;
}

void KeyDecoder::take_paste(std::string& bytes, std::vector<Key>& keys) {
    const std::size_t end = bytes.find(kPasteEnd);
    // What may be the beginning of the end mark stays.
    const std::size_t kept = std::min(bytes.size(), kPasteEnd.size() - 1);
    const std::size_t take = end == std::string::npos ? bytes.size() - kept : end;
    paste_ += std::string_view(bytes).substr(0, std::min(take, kLongestPaste - std::min(kLongestPaste, paste_.size())));
    if (end == std::string::npos) {
        bytes.erase(0, take);
        return;
    }
    bytes.erase(0, end + kPasteEnd.size());
    in_paste_ = false;
    keys.push_back({Kind::paste, cleaned(std::exchange(paste_, {}))});
}

}  // namespace ec::apps::session
