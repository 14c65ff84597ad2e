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

std::string Fish(const CLI::App& app) {
  std::string out = "complete -c sealctl -f\n";
  const auto line = [&](const std::string& when, const CLI::App& command) {
    out += "complete -c sealctl -n '" + when + "' -a '" + command.get_name() + "' -d '" +
           command.get_description() + "'\n";
  };
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    line("__fish_use_subcommand", *sub);
    for (const CLI::App* leaf : sub->get_subcommands([](const CLI::App*) { return true; })) {
      line("__fish_seen_subcommand_from " + sub->get_name(), *leaf);
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
