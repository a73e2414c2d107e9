#include <fmt/format.h>

#include "../../web.hpp"
#include "oauth.hpp"
#include "tools.hpp"

namespace ec::apps::mcp {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; background: #fff }}
input {{ font: inherit; padding: .5rem; width: 100%; box-sizing: border-box; border: 1px solid #767676 }}
button {{ font: inherit; padding: .5rem 1.5rem; margin-right: .5rem }}
code {{ overflow-wrap: anywhere }}
.wrong {{ color: #b00020 }}
@media (prefers-color-scheme: dark) {{ body {{ color: #eee; background: #181818 }} .wrong {{ color: #ff8a80 }} }}
</style>
</head>
<body>
<main>
)";

std::string_view explain(std::string_view scope) {
    if (scope == kReadScope) return "search the code of your projects, and read your review queue";
    if (scope == kRunScope) return "run programs in the sandbox, and queue questions for review";
    if (scope == kApplyScope) return "write fixes to your projects";
    return scope;
}

}  // namespace

std::string render(const AuthorizePage& page) {
    std::string wishes;
    for (const std::string& scope : page.scopes) wishes += fmt::format("<li>{}</li>\n", html_escaped(explain(scope)));
    return fmt::format(fmt::runtime(kHead), "Let a client in?") +
           fmt::format(R"(<h1>Let a client in?</h1>
<p>A program that calls itself <strong>{}</strong> asks to</p>
<ul>
{}</ul>
<p>Your answer goes to <code>{}</code>. Let it in only if you started this yourself.</p>
{}<form method="post" action="/authorize">
<input type="hidden" name="request" value="{}">
<p><label for="code">The code that edgecoder mcp shows in its terminal, or your token</label></p>
<p><input id="code" name="code" autocomplete="off" autocapitalize="none" spellcheck="false" autofocus></p>
<p><button type="submit" name="decision" value="allow">Let it in</button>
<button type="submit" name="decision" value="deny">Refuse</button></p>
</form>
</main>
</body>
</html>
)",
                       html_escaped(page.client), wishes, html_escaped(page.redirect_uri),
                       page.again ? "<p class=\"wrong\" role=\"alert\">That was not the code. Try again.</p>\n" : "",
                       html_escaped(page.request));
}

std::string render_note(std::string_view title, std::string_view text) {
    return fmt::format(fmt::runtime(kHead), html_escaped(title)) +
           fmt::format("<h1>{}</h1>\n<p>{}</p>\n</main>\n</body>\n</html>\n", html_escaped(title), html_escaped(text));
}

}  // namespace ec::apps::mcp
