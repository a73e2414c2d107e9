#include <fmt/format.h>

#include "../web.hpp"
#include "routes.hpp"

namespace ec::apps {

std::string review_page(const StoredReview& review, std::string_view link) {
    return fmt::format(
        R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>A question for you</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; background: #fff }}
pre, textarea {{ font: .9rem/1.4 ui-monospace, monospace; border: 1px solid #767676; padding: .75rem }}
pre {{ overflow-x: auto; white-space: pre }}
textarea {{ width: 100%; box-sizing: border-box }}
button {{ font: inherit; padding: .5rem 1.5rem }}
@media (prefers-color-scheme: dark) {{ body {{ color: #eee; background: #181818 }} }}
</style>
</head>
<body>
<main>
<h1>A question for you</h1>
<p>A developer asks for your review. This link works until you have answered, once.</p>
<pre tabindex="0" aria-label="The question">{}</pre>
<form method="post" action="/r/{}">
<p><label for="answer">Your answer, with a unified diff</label></p>
<textarea id="answer" name="answer" rows="24" required spellcheck="false"></textarea>
<p><button type="submit">Send the answer</button></p>
</form>
</main>
</body>
</html>
)",
        html_escaped(review.package), html_escaped(link));
}

}  // namespace ec::apps
