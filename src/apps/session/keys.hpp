// Bytes of a terminal in raw mode, as keys.
//
// Understands UTF-8 cut anywhere, the cursor and editing keys of xterm, rxvt, the Linux console, screen and tmux
// (ECMA-48 CSI and SS3 sequences), Alt as a leading ESC, and bracketed paste. Pure: no time, no descriptor. The caller
// says with flush() that nothing followed an ESC for a while.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::session {

struct Key {
    enum class Kind {
        character,
        control,
        enter,
        alt_enter,
        tab,
        backspace,
        del,
        up,
        down,
        left,
        right,
        home,
        end,
        word_left,
        word_right,
        alt,
        escape,
        paste,
        page_up,
        page_down
    };
    Kind kind = Kind::character;
    /// character: one code point as UTF-8; control: the letter, 'c' for Ctrl-C; alt: the character; paste: all of it.
    std::string text;
    bool operator==(const Key&) const = default;
};

class KeyDecoder {
public:
    /// The longest paste that is kept; what comes beyond is dropped.
    static constexpr std::size_t kLongestPaste = 1U << 20;

    std::vector<Key> feed(std::string_view bytes);
    /// True when an ESC waits for what may follow it.
    [[nodiscard]] bool waiting() const { return !pending_.empty() && !in_paste_; }
    /// Nothing followed: what waits is a key of its own (Escape) or is dropped.
    std::vector<Key> flush();

private:
    std::size_t take_one(std::string_view bytes, std::vector<Key>& keys);
    std::size_t take_escape(std::string_view bytes, std::vector<Key>& keys);
    std::size_t take_sequence(std::string_view bytes, std::vector<Key>& keys);
    void take_paste(std::string& bytes, std::vector<Key>& keys);

    std::string pending_;
    bool in_paste_ = false;
    std::string paste_;
};

}  // namespace ec::apps::session
