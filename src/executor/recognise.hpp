// Which test runner a list of words starts, and what stands before and after it. Looks only at the words.
#pragma once

#include <ec/executor/test_command.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

struct Recognised {
    Framework framework = Framework::command;
    std::vector<std::string> interpreter;
    std::vector<std::string> runner_arguments;
};

/// `words` may be rewritten into an equal form that is easier to work with ("-mpytest" into "-m", "pytest").
Recognised recognise_words(std::vector<std::string>& words);

/// The runner that a program's own name stands for; Framework::command when it is none.
Framework framework_of_program(std::string_view program);

}  // namespace ec::executor
