// Completion scripts for shells, made of the commands as they are declared.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace sealwire::apps {

// "bash", "zsh" or "fish"; empty for another shell.
std::string CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace sealwire::apps
