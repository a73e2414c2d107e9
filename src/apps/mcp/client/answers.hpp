// What a server answers to a call of a tool, and what it asks a person meanwhile. Hostile bytes become values here.
#pragma once

#include <ec/core/result.hpp>
#include <ec/json/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::mcp {

/// What a tool gave, as plain text.
struct CallOutcome {
    std::string text;  ///< about 1 MiB at most
    bool ok = true;    ///< false: the tool says that it failed
    json::Value structured = nullptr;
};

/// `corrupt` for a result that is none. Text parts follow one another; of pictures, sounds and other files only what
/// they are is said; a structured result counts where there is no text.
Result<CallOutcome> decode_outcome(const json::Value& result);

/// A question of the server's in the middle of a call: a form of flat fields (elicitation).
struct Elicitation {
    std::string message;
    struct Field {
        std::string name;
        std::string type;  ///< "string", "number", "integer", "boolean", "array" of strings
        std::string description;
        bool required = false;
    };
    std::vector<Field> fields;
    json::Object defaults;  ///< of the fields that have one

    /// Whether the defaults answer all that has to be answered.
    [[nodiscard]] bool answered_by_defaults() const;
    /// As one text for a person.
    [[nodiscard]] std::string text() const;
};

/// `invalid_argument` for a question that cannot be asked here, such as one that leads to a page.
Result<Elicitation> decode_elicitation(const json::Object& params);

struct ElicitationAnswer {
    enum class Action { accept, decline };
    Action action = Action::decline;
    json::Object content;  ///< when accepted
};
json::Object encode(const ElicitationAnswer& answer);

/// A person's own words as an answer: the fields of the form, with values of their kind; what is left out gets its
/// default. `invalid_argument` for anything else.
Result<json::Object> fill_in(const Elicitation& question, std::string_view text);

}  // namespace ec::apps::mcp
