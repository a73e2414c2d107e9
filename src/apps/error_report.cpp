#include "error_report.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ostream>

#include "terminal.hpp"

namespace ec::apps {

std::string in_one_line(const Error& error) {
    return error.remedy.empty() ? error.message : fmt::format("{}; {}", error.message, error.remedy);
}

void tell_error(const Error& error, std::ostream& err) {
    err << "edgecoder: " << printable(error.message) << "\n";
    if (!error.remedy.empty()) err << "           " << printable(error.remedy) << "\n";
}

int report_error(const Error& error, bool json, std::ostream& out, std::ostream& err) {
    if (json) {
        out << json::write(json::Object{{"status", "error"},
                                        {"code", name(error.code)},
                                        {"reason", to_valid_utf8(error.message)},
                                        {"remedy", to_valid_utf8(error.remedy)}})
            << '\n';
    }
    tell_error(error, err);
    return exit_status(error.code);
}

}  // namespace ec::apps
