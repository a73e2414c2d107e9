#include <charconv>
#include <ec/net/http_client.hpp>

namespace ec::net {

Result<std::vector<SseParser::Event>> SseParser::feed(std::string_view bytes) {
    std::vector<Event> events;
    while (!bytes.empty()) {
        // The line feed of a CRLF whose carriage return ended the last line already.
        if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
            bytes.remove_prefix(1);
            continue;
        }
        const std::size_t end = bytes.find_first_of("\r\n");
        line_ += bytes.substr(0, end);
        if (line_.size() + event_.data.size() > limit_) {
            return fail(ErrorCode::too_large, "the server sent one event larger than the limit");
        }
        if (end == std::string_view::npos) break;
        after_cr_ = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        take_line(events);
    }
    return events;
}

void SseParser::take_line(std::vector<Event>& events) {
    std::string_view line = line_;
    if (std::exchange(first_, false) && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (line.empty()) {
        dispatch(events);
    } else {
        const std::size_t colon = line.find(':');
        std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        take_field(line.substr(0, colon), value);
    }
    line_.clear();
}

void SseParser::take_field(std::string_view name, std::string_view value) {
    if (name == "data") {
        if (std::exchange(has_data_, true)) event_.data += '\n';
        event_.data += value;
    } else if (name == "event") {
        event_.type = value;
    } else if (name == "id" && value.find('\0') == std::string_view::npos) {
        event_.id = value;
    } else if (name == "retry") {
        std::uint32_t time = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), time);
        if (error == std::errc() && end == value.data() + value.size()) retry_ = std::chrono::milliseconds(time);
    }
}

void SseParser::dispatch(std::vector<Event>& events) {
    last_id_ = event_.id;
    if (std::exchange(has_data_, false)) {
        if (event_.type.empty()) event_.type = "message";
        events.push_back(event_);
    }
    event_.type.clear();
    event_.data.clear();
}

}  // namespace ec::net
