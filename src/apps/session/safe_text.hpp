// Text of a model, a repository or a program, made safe for a terminal.
//
// A terminal acts on C0 and C1 controls (ECMA-48; U+009B is a CSI also when it comes as UTF-8), and on the controls of
// the bidirectional algorithm (UAX #9), which can make code read differently than it runs (CVE-2021-42574). Nothing
// invisible stays invisible.
#pragma once

#include <string>
#include <string_view>

namespace ec::apps::session {

/// One line: control characters become '?', tabs one space, invisible and bidi controls "<U+202E>", bytes that are not
/// UTF-8 U+FFFD, and more than eight combining marks on one character are dropped. Safe text stays as it is.
std::string safe_line(std::string_view text);

/// As safe_line() with tabs put to multiples of `tab` columns, for code; a '\r' at the end goes.
std::string safe_code_line(std::string_view text, std::size_t tab = 4);

}  // namespace ec::apps::session
