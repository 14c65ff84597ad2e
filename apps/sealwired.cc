#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/daemon.h"
#include "apps/dpdk_edges.h"
#include "control/config.h"
#include "control/log.h"
#include "control/process_limits.h"

namespace {

int Fail(const std::string& sentence) {
  std::fprintf(stderr, "sealwired: %s\n", sentence.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Authoritative DNS proxy that signs every answer on the fly", "sealwired");
  std::string file = "/etc/sealwire/sealwire.yaml";
  bool check = false, dump = false, check_dpdk = false, schema = false;
  app.add_option("--config", file, "Configuration file")->capture_default_str();
  app.add_flag("--check-config", check, "Check the configuration file and exit");
  app.add_flag("--check-dpdk", check_dpdk,
               "Examine what the io: dpdk entries need, say what is missing, and exit");
  app.add_flag("--dump-config", dump, "Print the configuration in force and exit");
  app.add_flag("--config-schema", schema, "Print the JSON schema of the configuration and exit");
  app.set_version_flag("--version", "sealwired " SEALWIRE_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }

  if (schema) {
    std::fputs(sealwire::control::kConfigSchema, stdout);
    return 0;
  }
  const auto config = sealwire::control::Config::FromFile(file);
  if (!config.ok()) return Fail(config.error());
  if (dump) std::fputs(config->ToYaml().c_str(), stdout);
  if (check) std::fprintf(dump ? stderr : stdout, "%s: no fault found\n", file.c_str());
  if (check_dpdk) return sealwire::apps::ExamineDpdk(config->dpdk) ? 0 : 1;
  if (check || dump) return 0;

  sealwire::control::SetLog(config->log.level, config->log.format);
  sealwire::control::HardenProcess();
  auto daemon = sealwire::apps::Daemon::Create(*config, file);
  if (!daemon.ok()) return Fail(daemon.error());
  (*daemon)->Run();
  return 0;
}
