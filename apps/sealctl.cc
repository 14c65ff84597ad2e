#include "apps/sealctl.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/sealctl_completion.h"

namespace {

using namespace sealwire::apps;  // NOLINT(google-build-using-namespace): the program is this
                                 // namespace
using Command = int (*)(const Options&);

// Declares a command; what it was asked to do is in `chosen` afterwards.
CLI::App* Declare(CLI::App& under, const char* name, const char* what, Command command,
                  Command& chosen) {
  CLI::App* app = under.add_subcommand(name, what);
  app->callback([command, &chosen] { chosen = command; });
  return app;
}

void DeclareZone(CLI::App& app, Options& options, Command& chosen) {
  CLI::App* zone = app.add_subcommand("zone", "Add, show and remove zones")->require_subcommand(1);
  CLI::App* add = Declare(*zone, "add", "Add a zone", ZoneAdd, chosen);
  add->add_option("NAME", options.zone, "The zone")->required();
  CLI::Option_group* from = add->add_option_group("backend");
  CLI::Option* forward =
      from->add_option("--forward", options.forward, "Servers to ask, ADDR:PORT[,...]")
          ->delimiter(',');
  CLI::Option* transfer = from->add_option("--transfer", options.transfer,
                                           "Primaries to fetch the zone from, ADDR:PORT[,...]")
                              ->delimiter(',');
  from->add_option("--file", options.file, "A zone file on the node");
  from->require_option(1);
  add->add_option("--tsig", options.tsig, "The TSIG key that the servers or primaries ask for")
      ->excludes("--file");
  CLI::Option* catalog =
      add->add_flag("--catalog", options.catalog, "The zone lists zones to add (RFC 9432)")
          ->needs(transfer);
  add->add_option("--member-policy", options.member_policy, "Policy of a catalog's members")
      ->needs(catalog);
  add->add_flag("--member-dnssec", options.member_dnssec, "Turn DNSSEC on for a catalog's members")
      ->needs(catalog);
  add->add_option("--secondary", options.secondaries,
                  "Who gets a signed copy, ADDR:PORT[@KEY][,...]")
      ->delimiter(',')
      ->excludes(forward);
  add->add_option("--client-address", options.client_address,
                  "How the servers are told who asks: ecs, proxy or none")
      ->check(CLI::IsMember({"ecs", "proxy", "none"}))
      ->needs(forward);
  add->add_option("--policy", options.policy, "A policy of the node's configuration");
  CLI::App* list = Declare(*zone, "list", "List zones", ZoneList, chosen);
  list->add_option("--status", options.status, "Only zones with this DNSSEC status");
  list->add_option("-q,--containing", options.part, "Only names that contain this");
  Declare(*zone, "show", "Show a zone", ZoneShow, chosen)
      ->add_option("NAME", options.zone)
      ->required();
  Declare(*zone, "rm", "Remove a zone that is not signed", ZoneRemove, chosen)
      ->add_option("NAME", options.zone)
      ->required();
}

void DeclareDnssec(CLI::App& app, Options& options, Command& chosen) {
  CLI::App* dnssec = app.add_subcommand("dnssec", "The DNSSEC toggle")->require_subcommand(1);
  const auto declare = [&](const char* name, const char* what, Command command) {
    CLI::App* sub = Declare(*dnssec, name, what, command, chosen);
    sub->add_option("ZONE", options.zone, "The zone")->required();
    return sub;
  };
  const auto with_wait = [&](CLI::App* sub) {
    sub->add_flag("--wait", options.wait, "Wait until it is done");
    return sub;
  };
  with_wait(declare("on", "Sign the zone", DnssecOn))
      ->add_option("--override", options.override_name,
                   "ignore-canary: keys change for a day although an answer is seen bogus");
  with_wait(declare("off", "Stop signing once the parent has no DS any more", DnssecOff))
      ->add_option("--override", options.override_name,
                   "stop-signing-now: even if validators will refuse the zone");
  with_wait(declare("status", "Show what is wished, seen, and to be done next", DnssecStatus));
  declare("ds", "Print the DS records for the parent", DnssecDs);
  with_wait(declare("check", "Ask the parent now", DnssecCheck));
}

void DeclareHsm(CLI::App& app, Options& options, Command& chosen) {
  CLI::App* hsm = app.add_subcommand("hsm", "Key ceremonies with this machine's HSM token")
                      ->require_subcommand(1);
  const auto declare = [&](const char* name, const char* what, Command command) {
    CLI::App* sub = Declare(*hsm, name, what, command, chosen);
    sub->add_option("--config", options.hsm.config, "sealwired's configuration, for its `hsm:`")
        ->capture_default_str();
    sub->add_option("--module", options.hsm.module, "PKCS#11 library instead");
    sub->add_option("--token", options.hsm.token, "Label of the token instead");
    sub->add_option("--pin-file", options.hsm.pin_file, "File with the user PIN instead");
    return sub;
  };
  declare("init", "Make a token in a free slot, and rehearse", HsmInit)
      ->add_option("--so-pin-file", options.hsm.so_pin_file, "File with the security officer's PIN")
      ->required();
  declare("list", "List the token's P-256 keys", HsmList);
  declare("backup", "Prove every key and list them in a manifest", HsmBackup)
      ->add_option("MANIFEST", options.file, "JSON file to write")
      ->required();
  declare("verify", "Rehearse all that Sealwire asks of a token", HsmVerify)
      ->add_option("--against", options.file, "A manifest: prove each of its keys as well");
}

void DeclareKeyLife(CLI::App& key, Options& options, Command& chosen) {
  const auto declare = [&](const char* name, const char* what, Command command) {
    CLI::App* sub = Declare(key, name, what, command, chosen);
    sub->add_option("ZONE", options.zone, "The zone")->required();
    return sub;
  };
  const auto with_role = [&](CLI::App* sub) {
    CLI::Option_group* role = sub->add_option_group("role");
    role->add_flag("--zsk", options.zsk, "The zone-signing key");
    role->add_flag("--ksk", options.ksk, "The key-signing key");
    role->add_flag("--all", options.all, "All keys, to the algorithm and kind of the policy");
    role->require_option(1);
    return sub;
  };
  CLI::App* roll = with_role(declare("roll", "Replace a key, as fast as caches allow", KeyRoll));
  roll->add_flag("--now", options.now, "An emergency: the standby key takes over, if there is one");
  roll->add_flag("--wait", options.wait, "Wait until the old key is gone");
  with_role(declare("cancel", "Take a rollover back while its new key is not in use", KeyCancel));
  declare("export", "Print DNSKEY, DS and CDS records; never a private key", KeyExport);
  CLI::App* foreign =
      declare("foreign", "Set the keys of another provider that signs the zone too", KeyForeign);
  foreign->add_option("DNSKEY", options.keys, "\"257 3 13 BASE64\"; a KSK goes into CDS as well");
  foreign->add_flag("--clear", options.clear, "There are none any more");
  CLI::App* import = declare(
      "import", "Take in keys made elsewhere: of a zone that moves in, or to roll to", KeyImport);
  import
      ->add_option("--file", options.imported,
                   "A BIND .private file with its .key beside it, PEM, or a pkcs11: URI")
      ->required();
  import->add_flag("--ksk", options.ksk, "PEM and pkcs11: it is a KSK; else a ZSK");
  CLI::App* revoke =
      declare("revoke", "End the use of a key at once: it must not be trusted any more", KeyRevoke);
  revoke->add_option("TAG", options.key_tag, "The key's tag")->required();
  revoke->add_option("--override", options.override_name,
                     "\"revoke-now\": also where validators will refuse the zone for a while");
}

void DeclareRest(CLI::App& app, Options& options, Command& chosen) {
  CLI::App* apply =
      Declare(app, "apply", "Bring the node's zones to what a file says", Apply, chosen);
  apply->add_option("FILE", options.file, "YAML: zones: [{name, backend, policy, dnssec}]")
      ->required();
  apply->add_flag("--dry-run", options.dry_run, "Only say what would be done");
  CLI::App* doctor = Declare(
      app, "doctor", "Examine a zone (node, parent, every edge, a validator, the clock) or DPDK",
      Doctor, chosen);
  CLI::Option_group* patient = doctor->add_option_group("patient");
  patient->require_option(1);
  patient->add_option("ZONE", options.zone, "The zone");
  patient->add_flag("--dpdk", options.dpdk, "What the io: dpdk entries of this host need");
  doctor->add_option("--config", options.config, "The daemon's configuration, for --dpdk")
      ->capture_default_str();
  CLI::App* key = app.add_subcommand("key", "Keys of a zone")->require_subcommand(1);
  Declare(*key, "list", "List keys", KeyList, chosen)->add_option("ZONE", options.zone)->required();
  DeclareKeyLife(*key, options, chosen);
  CLI::App* node = app.add_subcommand("node", "Nodes")->require_subcommand(1);
  Declare(*node, "list", "List nodes", NodeList, chosen);
  CLI::App* backend =
      app.add_subcommand("backend", "Backends as the node sees them")->require_subcommand(1);
  Declare(*backend, "list", "List backends", BackendList, chosen);
  Declare(*backend, "check", "Exit 1 when one is down", BackendCheck, chosen);
  CLI::App* token =
      app.add_subcommand("token", "Tokens for others, with scopes")->require_subcommand(1);
  CLI::App* add = Declare(*token, "add", "Make a token and print it, once", TokenAdd, chosen);
  add->add_option("NAME", options.name, "What the history calls it")->required();
  add->add_option("--scope", options.scopes, "read, toggle, keys, override, zones")
      ->delimiter(',')
      ->required()
      ->check(CLI::IsMember({"read", "toggle", "keys", "override", "zones"}));
  Declare(*token, "list", "List tokens", TokenList, chosen);
  Declare(*token, "rm", "Remove a token", TokenRemove, chosen)
      ->add_option("NAME", options.name)
      ->required();
  app.add_subcommand("completion", "Print a completion script")
      ->add_option("SHELL", options.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Controls sealwired through its API", "sealctl");
  Options options;
  Command chosen = nullptr;
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "sealctl " SEALWIRE_VERSION);
  app.add_option("--url", options.url, "unix:/PATH or https://HOST:PORT")->capture_default_str();
  app.add_option("--token-file", options.token_file, "File with the bearer token");
  app.add_option("--cacert", options.tls.ca, "CAs to believe for https, PEM");
  CLI::Option* certificate =
      app.add_option("--cert", options.tls.certificate, "Certificate to show for https, PEM");
  CLI::Option* key = app.add_option("--key", options.tls.key, "Its private key, PEM");
  certificate->needs(key);
  key->needs(certificate);
  app.add_option("--reason", options.reason, "Why, for the history of what is changed");
  std::string output = "table";
  app.add_option("-o,--output", output, "table or json")->check(CLI::IsMember({"table", "json"}));
  DeclareZone(app, options, chosen);
  DeclareDnssec(app, options, chosen);
  DeclareHsm(app, options, chosen);
  DeclareRest(app, options, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return code == 0 ? kDone : kUsage;
  }
  options.json = output == "json";
  if (!options.shell.empty()) {
    std::fputs(CompletionScript(app, options.shell).c_str(), stdout);
    return kDone;
  }
  return chosen(options);
}
