// What a box or a session's program may write to the executor, in pieces of arbitrary size. The first byte picks the
// reader, the second how the rest is cut.
#include <algorithm>
#include <ec/core/fs.hpp>
#include <string>
#include <unordered_set>

#include "box_report.hpp"
#include "frame_reader.hpp"
#include "fuzzing.hpp"

namespace {

using namespace ec::executor;
using ec::fuzzing::require;

constexpr std::uint64_t kContent = 4096;

template <typename Take>
void in_pieces(std::string_view bytes, std::uint64_t seed, Take take) {
    ec::Rng rng(seed);
    while (!bytes.empty()) {
        const std::size_t piece = std::min<std::size_t>(1 + rng.below(seed % 2 == 0 ? 8 : 4096), bytes.size());
        take(bytes.substr(0, piece));
        bytes.remove_prefix(piece);
    }
}

void check_void(const BoxReport& report) {
    require(!report.ready && !report.handed && !report.complete && !report.setup_error && !report.exec_error &&
            !report.summary);
    require(report.changes.empty() && report.artifacts.empty());
}

void check(const BoxReport& report) {
    require(report.init == -1 || (report.init > 1 && report.init <= 1 << 22));
    if (!report.problem.empty()) return check_void(report);
    require(report.ready || (!report.summary && !report.handed));
    require(!report.complete || report.summary);
    require(!report.setup_error || (!report.summary && !report.complete));
    require(report.landlock_abi >= 0 && (!report.exec_error || (*report.exec_error >= 0 && *report.exec_error < 4096)));
    require(report.changes.size() <= ec::box::kMostChanges && report.artifacts.size() <= ec::box::kMostArtifacts);
    std::size_t content = 0;
    std::unordered_set<std::string_view> paths;
    for (const Change& change : report.changes) {
        require(ec::is_inside_relative(change.path) && change.path.find("//") == std::string::npos);
        require(paths.insert(change.path).second || !report.complete);
        require(change.mode <= 0777 && change.kind <= Change::Kind::deleted);
        require(change.symlink_target.empty() || change.symlink_target.front() != '/');
        require(!change.symlink || change.content.empty());
        content += change.content.size();
    }
    require(content <= kContent);
    require(!report.complete || std::ranges::is_sorted(report.changes, {}, &Change::path));
    for (const auto& [name, bytes] : report.artifacts) {
        require(!name.empty() && name.size() <= 255 && name.find('/') == std::string::npos && name != "." &&
                name != "..");
    }
}

bool same(const BoxReport& a, const BoxReport& b) {
    const auto paths = [](const BoxReport& report) {
        std::string all;
        for (const Change& change : report.changes) all += change.path + '\0' + change.content + '\0';
        return all;
    };
    return a.problem == b.problem && a.complete == b.complete && a.artifacts == b.artifacts && paths(a) == paths(b);
}

void read_report(std::string_view bytes, std::uint64_t cut) {
    BoxReportParser whole(kContent);
    whole.feed(bytes);
    check(whole.report());
    BoxReportParser pieces(kContent);
    in_pieces(bytes, cut, [&](std::string_view piece) {
        const bool corrupt = pieces.corrupt();
        pieces.feed(piece);
        require(!corrupt || pieces.corrupt());
    });
    check(pieces.report());
    require(same(whole.report(), pieces.report()));
}

// Frames that come out are the bytes that went in, and nothing is made up or lost.
void read_frames(std::string_view bytes, std::uint64_t cut) {
    FrameReader reader;
    std::string again;
    in_pieces(bytes, cut, [&](std::string_view piece) {
        reader.feed(piece);
        while (const auto frame = reader.next()) {
            ec::box::Writer out;
            out.text(*frame);
            again += out.bytes();
        }
    });
    require(bytes.starts_with(again));
    require(reader.broken() || !reader.full());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (data[0] % 2 == 0) {
        read_report(bytes, data[1]);
    } else {
        read_frames(bytes, data[1]);
    }
    return 0;
}
