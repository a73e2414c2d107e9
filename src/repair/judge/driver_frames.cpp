#include "driver_frames.hpp"

#include <ec/core/text.hpp>
#include <ec/json/json.hpp>

namespace ec::repair::frames {
namespace {

json::Array words(const std::vector<std::string>& from) {
    json::Array array;
    for (const std::string& word : from) array.emplace_back(word);
    return array;
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

json::Array edits_of(std::span<const Candidate> candidates) {
    json::Array array;
    for (const Candidate& candidate : candidates) {
        json::Array edits;
        for (const TextEdit& edit : candidate.edits) {
            json::Object object{{"file", edit.file}, {"begin", edit.begin}, {"end", edit.end}};
            // Sources in other encodings: JSON carries only UTF-8.
            if (is_valid_utf8(edit.replacement))
                object["text"] = edit.replacement;
            else
                object["hex"] = hex(edit.replacement);
            edits.emplace_back(std::move(object));
        }
        array.emplace_back(json::Object{{"edits", std::move(edits)}});
    }
    return array;
}

Result<json::Value> parse(std::string_view frame, std::string_view type) {
    EC_ASSIGN(json::Value value, json::parse(frame));
    json::Reader reader(value, "answer");
    const std::string got = reader.string("type");
    if (got == "error")
        return fail(ErrorCode::unavailable, reader.string("message", "the judge driver gave no reason"));
    if (got != type) return fail(ErrorCode::corrupt, "the judge driver answered with another kind of frame");
    return value;
}

Result<executor::TestOutcome> outcome(std::string_view word) {
    for (const auto known : {executor::TestOutcome::passed, executor::TestOutcome::failed, executor::TestOutcome::error,
                             executor::TestOutcome::skipped})
        if (executor::name(known) == word) return known;
    return fail(ErrorCode::corrupt, "the judge driver named an unknown test outcome");
}

Result<Verdict> verdict(std::string_view word) {
    if (word == "pass") return Verdict::pass;
    if (word == "fail") return Verdict::fail;
    if (word == "timeout") return Verdict::timeout;
    if (word == "invalid") return Verdict::invalid;
    return fail(ErrorCode::corrupt, "the judge driver named an unknown verdict");
}

LineSet line_set(const json::Object& object) {
    LineSet lines;
    for (const auto& [file, numbers] : object) {
        if (!numbers.is_array()) continue;
        std::set<int>& set = lines[std::string(file)];
        for (const json::Value& number : numbers.get_array())
            if (number.is_int64()) set.insert(set.end(), static_cast<int>(number.get_int64()));
    }
    return lines;
}

Result<ObservedTest> observed_test(const json::Value& value) {
    json::Reader reader(value, "test");
    ObservedTest observed;
    observed.test.id = reader.require("id").string("id");
    EC_ASSIGN(observed.test.outcome, outcome(reader.string("outcome")));
    observed.test.duration = std::chrono::microseconds(reader.integer("duration_us"));
    observed.test.message = reader.string("message");
    observed.test.details = reader.string("details");
    for (const json::Value& frame : reader.array("frames")) {
        json::Reader fields(frame, "frame");
        observed.test.frames.push_back(
            {fields.string("file"), static_cast<int>(fields.integer("line")), fields.string("function")});
    }
    observed.flaky = reader.boolean("flaky");
    observed.hung = reader.boolean("hung");
    observed.lines = line_set(reader.object("lines"));
    EC_TRY(reader.status());
    return observed;
}

}  // namespace

std::string start(const DriverSpec& spec, const std::filesystem::path& root, std::uint64_t seed,
                  const std::vector<std::string>& dirty) {
    // Seeds are 64 bits wide, JSON integers of other languages are not.
    return json::write(json::Object{{"type", "start"},
                                    {"root", root.string()},
                                    {"directory", spec.directory},
                                    {"framework", spec.framework},
                                    {"arguments", words(spec.arguments)},
                                    {"cwd_on_path", spec.cwd_on_path},
                                    {"seed", seed & 0x1fffffffffffffULL},
                                    {"dirty", words(dirty)}});
}

std::string baseline(int repeats, std::chrono::milliseconds limit) {
    return json::write(json::Object{{"type", "baseline"}, {"repeats", repeats}, {"limit_ms", limit.count()}});
}

std::string judge(std::span<const Candidate> candidates, const std::vector<std::string>& tests,
                  std::chrono::milliseconds limit) {
    return json::write(json::Object{
        {"type", "judge"}, {"candidates", edits_of(candidates)}, {"tests", words(tests)}, {"limit_ms", limit.count()}});
}

std::string observe(std::span<const Candidate> candidates, std::string_view file, int line, std::uint64_t seed,
                    const std::vector<std::string>& tests) {
    return json::write(json::Object{{"type", "observe"},
                                    {"candidates", edits_of(candidates)},
                                    {"file", file},
                                    {"line", line},
                                    {"seed", seed & 0x1fffffffffffffULL},
                                    {"tests", words(tests)}});
}

Status read_started(std::string_view frame) {
    EC_TRY(parse(frame, "started"));
    return {};
}

Result<Baseline> read_baseline(std::string_view frame) {
    EC_ASSIGN(const json::Value value, parse(frame, "baseline"));
    json::Reader reader(value, "baseline");
    Baseline baseline;
    for (const json::Value& test : reader.array("tests")) {
        EC_ASSIGN(ObservedTest observed, observed_test(test));
        baseline.run.tests.push_back(std::move(observed));
    }
    baseline.run.import_lines = line_set(reader.object("import_lines"));
    baseline.run.constants = reader.strings("constants");
    baseline.dirty = reader.strings("files");
    EC_TRY(reader.status());
    return baseline;
}

Result<JudgementFrame> read_judgement(std::string_view frame, std::size_t index) {
    EC_ASSIGN(const json::Value value, parse(frame, "judgement"));
    json::Reader reader(value, "judgement");
    if (reader.require("index").integer("index") != static_cast<std::int64_t>(index))
        return fail(ErrorCode::corrupt, "the judge driver answered out of order");
    Judgement judgement;
    EC_ASSIGN(judgement.verdict, verdict(reader.string("verdict")));
    judgement.stopped_at = reader.string("stopped_at");
    judgement.message = reader.string("message");
    judgement.passed = static_cast<std::uint32_t>(reader.integer("passed"));
    judgement.duration = std::chrono::microseconds(reader.integer("us"));
    const bool polluted = reader.boolean("polluted");
    EC_TRY(reader.status());
    return JudgementFrame{std::move(judgement), polluted};
}

Result<std::vector<Observation>> read_observation(std::string_view frame, std::size_t count) {
    EC_ASSIGN(const json::Value value, parse(frame, "observation"));
    json::Reader reader(value, "observation");
    std::vector<Observation> observations;
    for (const json::Value& list : reader.array("digests")) {
        Observation& observation = observations.emplace_back();
        if (!list.is_array()) return fail(ErrorCode::corrupt, "the judge driver sent digests that are no list");
        for (const json::Value& digest : list.get_array()) {
            if (!digest.is_int64() || digest.get_int64() < 0)
                return fail(ErrorCode::corrupt, "a digest is no positive integer");
            observation.digests.push_back(static_cast<std::uint64_t>(digest.get_int64()));
        }
    }
    EC_TRY(reader.status());
    if (observations.size() != count)
        return fail(ErrorCode::corrupt, "the judge driver observed another number of candidates");
    return observations;
}

}  // namespace ec::repair::frames
