#include "apps/sealctl_completion.h"

namespace sealwire::apps {
namespace {

std::string Words(const CLI::App& app) {
  std::string words;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    words += sub->get_name() + ' ';
  }
  for (const CLI::Option* option : app.get_options()) {
    if (!option->nonpositional()) continue;
    for (const std::string& name : option->get_lnames()) words += "--" + name + ' ';
  }
  return words;
}

// One case for each command: what may come after it.
void AddBashCases(const CLI::App& app, const std::string& path, std::string& out) {
  out += "    \"" + path + "\"" + (path.empty() ? "" : "*") + ") words=\"" + Words(app) + "\" ;;\n";
}

std::string Bash(const CLI::App& app) {
  std::string cases;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (const CLI::App* leaf : sub->get_subcommands([](const CLI::App*) { return true; })) {
      AddBashCases(*leaf, " " + sub->get_name() + " " + leaf->get_name(), cases);
    }
    AddBashCases(*sub, " " + sub->get_name(), cases);
  }
  AddBashCases(app, "", cases);
  return "_sealctl() {\n"
         "  local path= word words=\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in -*) ;; *) path=\"$path $word\" ;; esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _sealctl sealctl\n";
}

// Within single quotes.
std::string Quoted(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("\\'") : std::string(1, c);
  return out;
}

std::string Fish(const CLI::App& app) {
  std::string out = "complete -c sealctl -f\n";
  const auto line = [&](const std::string& when, const CLI::App& command) {
    out += "complete -c sealctl -n '" + when + "' -a '" + command.get_name() + "' -d '" +
           Quoted(command.get_description()) + "'\n";
  };
  const auto options = [&](const std::string& when, const CLI::App& command) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        out += "complete -c sealctl" + when + " -l " + name + " -d '" +
               Quoted(option->get_description()) + "'\n";
      }
    }
  };
  options("", app);
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    line("__fish_use_subcommand", *sub);
    options(" -n '__fish_seen_subcommand_from " + sub->get_name() + "'", *sub);
    for (const CLI::App* leaf : sub->get_subcommands([](const CLI::App*) { return true; })) {
      const std::string under = "__fish_seen_subcommand_from " + sub->get_name();
      line(under, *leaf);
      options(" -n '" + under + "; and __fish_seen_subcommand_from " + leaf->get_name() + "'",
              *leaf);
    }
  }
  return out;
}

}  // namespace

std::string CompletionScript(const CLI::App& app, const std::string& shell) {
  if (shell == "bash") return Bash(app);
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + Bash(app);
  if (shell == "fish") return Fish(app);
  return "";
}

}  // namespace sealwire::apps
