#include "control/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "control/config_http.h"

namespace sealwire::control {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kWhole = R"(listen:
  - {address: "127.0.0.1:5300", proxy_protocol: ["10.0.0.0/8", "192.0.2.1"]}
  - {io: dpdk, device: "af_xdp:edge0", addresses: ["10.0.0.1", "2001:db8::1"], port: 53, eal: ["--no-pci"], memory: ordinary,
     exception: none, exception_rate: 500, verify_checksums: false}
workers: 3
control: {socket: /run/sealwire/control.sock, http: "127.0.0.1:8053", token_file: /etc/sealwire/token}
metrics: {address: "127.0.0.1:9153"}
state: {sqlite: /var/lib/sealwire/state.db}
hsm: {module: /usr/lib/softhsm/libsofthsm2.so, token: sealwire, pin_file: /etc/sealwire/hsm.pin}
parent: {resolver: "127.0.0.1:53"}
policies:
  default: {denial: compact, signature_validity: 3d, ksk: hsm, zsk: sealed}
  short: {signature_validity: 12h, denial: nsec3, serve_stale: 2d, forward_cache: 30s}
  honest: {denial: white-lies}
  never: {serve_stale: off}
ink: {pairs: 4096, threads: 1, implementation: portable}
keys: {cache: 200000}
log: {level: debug, format: json}
cookies: {secret_file: /etc/sealwire/cookies}
rate_limit: {responses_per_second: 20, nxdomains_per_second: 10, errors_per_second: 5, all_per_second: 1000, window: 5, slip: 1, ipv4_prefix: 32, ipv6_prefix: 64, exempt: ["10.0.0.0/8", "::1"], table_size: 4096, log_only: true}
identity: {nsid: "0x0aff", version: "Sealwire", hostname: off, report_agent: errors.example}
)";

std::string ErrorOf(const std::string& yaml) {
  const auto config = Config::FromText("c.yaml", yaml);
  return config.ok() ? "no error" : config.error();
}

TEST(Config, TsigKeysAreNamedAndTheirSecretsLieElsewhere) {
  const auto config = Config::FromText("t", R"(
listen: [{address: "127.0.0.1:53"}]
tsig:
  - {name: "Xfr.Example.", algorithm: hmac-sha512, secret_file: /etc/sealwire/xfr.key}
  - {name: other, secret_file: /k}
)");
  ASSERT_TRUE(config.ok()) << config.error();
  ASSERT_EQ(config->tsig.size(), 2u);
  EXPECT_EQ(config->tsig[0].name, "xfr.example");
  EXPECT_EQ(config->tsig[1].algorithm, "hmac-sha256");
  const auto again = Config::FromText("dump", config->ToYaml());
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(*config, *again);
  const auto bad = Config::FromText("t", R"(
listen: [{address: "127.0.0.1:53"}]
tsig: [{name: a, algorithm: hmac-md5, secret: AAAA}, {name: A., secret_file: /k}]
)");
  ASSERT_FALSE(bad.ok());
  for (const char* fault : {"hmac-md5", "secret_file: is missing", "here twice", "secret"}) {
    EXPECT_NE(bad.error().find(fault), std::string::npos) << bad.error();
  }
}

TEST(Config, HttpListenersAreGuarded) {
  const auto config = Config::FromText("t", R"(
listen: [{address: "127.0.0.1:53"}]
control:
  http: "127.0.0.1:8053"
  tls: {certificate: /c.pem, key: /k.pem, client_ca: /ca.pem}
  clients:
    - {name: deploy, subject: "CN=deploy,O=Example", scopes: [toggle, keys]}
    - {name: ops, san: "DNS:ops.example", scopes: [everything]}
  connections: 100
  connections_per_client: 7
metrics: {address: "127.0.0.1:9153", tls: {certificate: /c.pem, key: /k.pem, client_ca: /ca.pem}}
)");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_FALSE(config->control.door.tls->client_required);
  EXPECT_TRUE(config->metrics_door.tls->client_required) << "there is no token beside it";
  EXPECT_EQ(config->control.door.connections, 100u);
  EXPECT_EQ(config->control.door.per_client, 7u);
  ASSERT_EQ(config->control.clients.size(), 2u);
  const auto again = Config::FromText("dump", config->ToYaml());
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(*config, *again);
  const auto grants = GrantsOf(config->control.clients);
  EXPECT_TRUE(grants[0].grant.scopes.Allow(Scope::kKeys));
  EXPECT_FALSE(grants[0].grant.scopes.Allow(Scope::kZones));
  EXPECT_TRUE(grants[1].grant.scopes.Allow(Scope::kEverything));
  EXPECT_EQ(grants[1].grant.who, "certificate:ops");
}

TEST(Config, FaultsOfHttpListenersAreTold) {
  const std::string listen = "listen: [{address: '127.0.0.1:53'}]\n";
  const std::string no_ca = ErrorOf(listen + R"(
control: {tls: {certificate: /c}, clients: [{name: a, subject: CN=a, scopes: [read]}]}
)");
  EXPECT_THAT(no_ca, HasSubstr("control.tls.key: is missing"));
  EXPECT_THAT(no_ca, HasSubstr("control.clients: need tls with a client_ca"));
  const std::string odd = ErrorOf(listen + R"(
control:
  tls: {certificate: /c, key: /k, client_certificate: perhaps}
  connections: 0
  clients:
    - {name: a, subject: CN=a, san: "DNS:a", scopes: [root]}
    - {name: a, subject: CN=b}
)");
  EXPECT_THAT(odd, HasSubstr("possible are: optional, required"));
  EXPECT_THAT(odd, HasSubstr("needs a client_ca"));
  EXPECT_THAT(odd, HasSubstr("connections"));
  EXPECT_THAT(odd, HasSubstr("give either a subject"));
  EXPECT_THAT(odd, HasSubstr("'root' is not possible"));
  EXPECT_THAT(odd, HasSubstr("scopes: is missing"));
  EXPECT_THAT(odd, HasSubstr("listed twice"));
}

TEST(TsigKeyring, ReadsSecretsThatNobodyElseMayRead) {
  const std::string path = testing::TempDir() + "sealwire-tsig-" + std::to_string(::getpid());
  { std::ofstream(path) << "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n"; }
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  const std::vector<TsigKeyConfig> keys = {{"xfr.example", "hmac-sha256", path}};
  const auto open_to_all = TsigKeyring::Load(keys);
  ASSERT_FALSE(open_to_all.ok());
  EXPECT_NE(open_to_all.error().find("0600"), std::string::npos);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  const auto ring = TsigKeyring::Load(keys);
  ASSERT_TRUE(ring.ok()) << ring.error();
  EXPECT_NE((*ring)->Find("xfr.example"), nullptr);
  EXPECT_EQ((*ring)->Find("other"), nullptr);
  ::unlink(path.c_str());
}

TEST(Config, ReadsEveryKey) {
  const auto config = Config::FromText("c.yaml", kWhole);
  ASSERT_TRUE(config.ok()) << config.error();
  ASSERT_EQ(config->listen.size(), 1u);
  EXPECT_EQ(config->listen[0].address.ToText(), "127.0.0.1:5300");
  ASSERT_EQ(config->listen[0].proxies.size(), 2u);
  EXPECT_EQ(config->listen[0].proxies[1].ToText(), "192.0.2.1/32");
  ASSERT_EQ(config->dpdk.size(), 1u);
  EXPECT_EQ(config->dpdk[0].device, "af_xdp:edge0");
  EXPECT_EQ(config->dpdk[0].addresses.size(), 2u);
  EXPECT_EQ(config->dpdk[0].eal, std::vector<std::string>{"--no-pci"});
  EXPECT_EQ(config->dpdk[0].memory, DpdkListen::Memory::kOrdinary);
  EXPECT_EQ(config->dpdk[0].exception, DpdkListen::Exception::kNone);
  EXPECT_EQ(config->dpdk[0].exception_rate, 500u);
  EXPECT_FALSE(config->dpdk[0].verify_checksums);
  EXPECT_EQ(config->workers, 3u);
  EXPECT_EQ(config->control.http->port, 8053);
  EXPECT_EQ(config->metrics->port, 9153);
  ASSERT_EQ(config->hsm.size(), 1u);
  EXPECT_EQ(config->hsm[0].token, "sealwire");
  EXPECT_EQ(config->parent->resolver->ToText(), "127.0.0.1:53");
  EXPECT_EQ(config->policies.at("default").signature_validity, 3u * 86400);
  EXPECT_EQ(config->policies.at("short").signature_validity, 12u * 3600);
  EXPECT_EQ(config->policies.at("default").denial, proxy::DenialMode::kCompact);
  EXPECT_EQ(config->policies.at("short").denial, proxy::DenialMode::kNsec3);
  EXPECT_EQ(config->policies.at("honest").denial, proxy::DenialMode::kWhiteLies);
  EXPECT_EQ(config->policies.at("short").serve_stale, 2u * 86400);
  EXPECT_EQ(config->policies.at("short").forward_cache, 30u);
  EXPECT_EQ(config->policies.at("never").serve_stale, 0u);
  EXPECT_EQ(config->ink.pairs, 4096u);
  EXPECT_EQ(config->keys.cache, 200000u);
  EXPECT_EQ(config->ink.implementation, InkImplementation::kPortable);
  EXPECT_EQ(config->log.format, LogFormat::kJson);
  EXPECT_EQ(config->cookie_secret_file, "/etc/sealwire/cookies");
  EXPECT_EQ(config->rate_limit.errors_per_second, 5u);
  EXPECT_EQ(config->rate_limit.exempt.size(), 2u);
  EXPECT_TRUE(config->rate_limit.log_only);
  EXPECT_EQ(config->identity.nsid, (std::vector<std::uint8_t>{0x0a, 0xff}));
  EXPECT_EQ(config->identity.version, "Sealwire");
  EXPECT_EQ(config->identity.hostname, "");
  EXPECT_EQ(config->identity.report_agent->ToText(), "errors.example.");
}

TEST(Config, FaultsOfTheMannersAreTold) {
  const std::string listen = "listen: [{address: '127.0.0.1:53'}]\n";
  EXPECT_THAT(ErrorOf(listen + "cookies: {}"), HasSubstr("cookies.secret_file: is missing"));
  EXPECT_THAT(ErrorOf(listen + "rate_limit: {slip: 2}"), HasSubstr("nothing is limited"));
  EXPECT_THAT(ErrorOf(listen + "rate_limit: {responses_per_second: 5, exempt: ['10.0.0.1/8']}"),
              HasSubstr("is 10.0.0.0/8 meant?"));
  EXPECT_THAT(ErrorOf(listen + "identity: {nsid: '0x0'}"), HasSubstr("no hexadecimal number"));
  EXPECT_THAT(ErrorOf(listen + "identity: {report_agent: '.'}"), HasSubstr("no agent domain"));
}

TEST(Config, PolicyTellsOfTheLifeOfKeys) {
  const std::string listen = "listen: [{address: '127.0.0.1:53'}]\n";
  const auto config = Config::FromText(
      "c.yaml", listen +
                    "policies: {p: {ksk: sealed, zsk_lifetime: 30d, ksk_lifetime: 365d, standby: "
                    "true, ksk_roll: double-ds, dnskey_ttl: 2m, max_zone_ttl: 1h, algorithm: 15, "
                    "propagation_delay: 0s, parent_propagation_delay: 2h, csk: false}}");
  ASSERT_TRUE(config.ok()) << config.error();
  const KeyLife& life = config->policies.at("p").life;
  EXPECT_EQ(life.zsk_lifetime, 30u * 86400);
  EXPECT_EQ(life.ksk_roll, keycache::RollMethod::kDoubleDs);
  EXPECT_EQ(life.max_zone_ttl, 3600u);
  EXPECT_TRUE(life.standby);
  EXPECT_EQ(life.algorithm, 15);
  const auto again = Config::FromText("dump", config->ToYaml());
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(*config, *again);

  for (const auto& [policy, fault] :
       std::map<std::string, std::string>{{"zsk: hsm", "an HSM cannot sign every answer"},
                                          {"scope: shared", "keys of its own"},
                                          {"csk: true", "cannot be in the HSM"},
                                          {"algorithm: 15", "write ksk: sealed"},
                                          {"algorithm: 8", "13 (ECDSA P-256)"},
                                          {"ksk: sealed, csk: true, standby: true", "no standby"},
                                          {"ksk: nowhere", "possible are: hsm, sealed"},
                                          {"zsk_lifetime: 1d", "a rollover takes"},
                                          {"ksk_lifetime: 1h", "at least a day"},
                                          {"dnskey_ttl: 0s", "must be from"}}) {
    EXPECT_THAT(ErrorOf(listen + "policies: {p: {" + policy + "}}"), HasSubstr(fault)) << policy;
  }
}

TEST(Config, LeavesDefaultsWhereNothingIsSaid) {
  const auto config = Config::FromText("c.yaml", "listen: [{address: '[::1]:53'}]");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_FALSE(config->workers.has_value());
  EXPECT_FALSE(config->control.http.has_value());
  EXPECT_TRUE(config->hsm.empty());
  EXPECT_EQ(config->state_path, "/var/lib/sealwire/state.db");
  EXPECT_TRUE(config->policies.contains("default"));
}

TEST(Config, DumpedConfigReadsBackToTheSame) {
  for (const std::string& yaml :
       {std::string(kWhole),
        std::string("listen: [{address: 127.0.0.1:53}]\nparent: {servers: [192.0.2.1, "
                    "'[2001:db8::1]:5353']}\nlog: {level: error}")}) {
    const auto config = Config::FromText("c.yaml", yaml);
    ASSERT_TRUE(config.ok()) << config.error();
    const auto again = Config::FromText("dump", config->ToYaml());
    ASSERT_TRUE(again.ok()) << again.error() << "\n" << config->ToYaml();
    EXPECT_EQ(*config, *again) << config->ToYaml();
  }
}

TEST(Config, UnknownKeyIsAnErrorWithLineColumnAndKey) {
  EXPECT_THAT(ErrorOf("listen:\n  - {address: '127.0.0.1:53'}\nworkerz: 2\n"),
              HasSubstr("c.yaml:3:1: workerz: unknown key"));
  EXPECT_THAT(
      ErrorOf("listen:\n  - {address: '127.0.0.1:53', prot: 53}\n"),
      HasSubstr(
          "c.yaml:2:31: listen[0].prot: unknown key; known here: address, io, proxy_protocol"));
  EXPECT_THAT(ErrorOf("listen: [{address: '127.0.0.1:53'}]\npolicies: {default: {zskk: sealed}}"),
              HasSubstr("c.yaml:2:22: policies.default.zskk"));
}

TEST(Config, TellsEveryFaultOfAFileAtOnce) {
  const std::string error =
      ErrorOf("listen: [{address: 'nowhere'}]\nworkers: many\nhsm: {token: t}\n");
  EXPECT_THAT(error, HasSubstr("c.yaml:1:20: listen[0].address"));
  EXPECT_THAT(error, HasSubstr("c.yaml:2:10: workers: a number from 1 to 1024"));
  EXPECT_THAT(error, HasSubstr("hsm.module: is missing"));
  EXPECT_THAT(error, HasSubstr("hsm.pin_file: is missing"));
}

TEST(Config, WrongKindsAndDuplicatesAreErrors) {
  EXPECT_THAT(ErrorOf("listen: 53"),
              HasSubstr("c.yaml:1:9: listen: a list is expected here, not text"));
  EXPECT_THAT(ErrorOf("- a\n- b"), HasSubstr("a mapping is expected here, not a list"));
  EXPECT_THAT(ErrorOf("listen: [{address: '127.0.0.1:53'}]\ncontrol: {socket: [a]}"),
              HasSubstr("control.socket: text is expected here, not a list"));
  EXPECT_THAT(ErrorOf("listen: [{address: '127.0.0.1:53'}]\nworkers: 1\nworkers: 2"),
              HasSubstr("c.yaml:3:1: workers: this key is here twice"));
  EXPECT_THAT(ErrorOf("listen: [{address: '127.0.0.1'}]"), HasSubstr("needs a port"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("at least one address to listen at"));
  EXPECT_THAT(ErrorOf("listen: [unclosed"), HasSubstr("c.yaml:"));
}

TEST(Config, ReadsTheStateOfAFleet) {
  const std::string listen = "listen: [{address: '127.0.0.1:53'}]\n";
  const auto config = Config::FromText(
      "c.yaml", listen +
                    "state: {etcd: {endpoints: ['https://a:2379', 'https://[::1]:2379'], prefix: "
                    "/s, ca: /c, certificate: /x, key: /k, user: u, password_file: /p, cache: "
                    "/d/copy.db, node: edge-1, lease: 5s, silence: 2m}}");
  ASSERT_TRUE(config.ok()) << config.error();
  const EtcdConfig expected{{"https://a:2379", "https://[::1]:2379"},
                            "/s",
                            "/c",
                            "/x",
                            "/k",
                            "u",
                            "/p",
                            "/d/copy.db",
                            "edge-1",
                            5,
                            120};
  EXPECT_EQ(*config->etcd, expected);
  const auto again = Config::FromText("again.yaml", config->ToYaml());
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(*again, *config);
}

TEST(Config, RefusesAFleetThatCannotBe) {
  const std::string state = "listen: [{address: '127.0.0.1:53'}]\nstate: {etcd: {";
  EXPECT_THAT(ErrorOf(state + "prefix: /s}}"), HasSubstr("state.etcd.endpoints: is missing"));
  const std::string with = state + "endpoints: ['https://a:2379'], ";
  EXPECT_THAT(ErrorOf(state + "endpoints: ['a:2379']}}"), HasSubstr("'a:2379' is no endpoint"));
  EXPECT_THAT(ErrorOf(with + "prefix: s/}}"), HasSubstr("is no prefix"));
  EXPECT_THAT(ErrorOf(with + "key: /k}}"), HasSubstr("certificate and key go together"));
  EXPECT_THAT(ErrorOf(with + "user: u}}"), HasSubstr("user and password_file go together"));
  EXPECT_THAT(ErrorOf(with + "lease: 1s}}"), HasSubstr("lease: must be from 2s to 10m"));
  EXPECT_THAT(ErrorOf(with + "node: a/b}}"), HasSubstr("node: must be 1 to 128 letters"));
  EXPECT_THAT(ErrorOf(with + "prefix: /s}, sqlite: /x}"), HasSubstr("give either sqlite or etcd"));
}

TEST(Config, RefusesWhatThisVersionDoesNotDo) {
  const std::string listen = "listen: [{address: '127.0.0.1:53'}]\n";
  EXPECT_THAT(ErrorOf(listen + "policies: {default: {denial: nsec5}}"),
              HasSubstr("policies.default.denial: 'nsec5' is not possible; possible are: compact, "
                        "white-lies, nsec3"));
  EXPECT_THAT(ErrorOf(listen + "policies: {default: {signature_validity: 1m}}"),
              HasSubstr("must be from 1h to 90d"));
  EXPECT_THAT(ErrorOf(listen + "parent: {resolver: '127.0.0.1', servers: ['127.0.0.2']}"),
              HasSubstr("give either a resolver or a list of servers"));
}

TEST(Config, FileThatIsNotThereSaysSo) {
  const auto config = Config::FromFile("/nonexistent/sealwire.yaml");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error(), "/nonexistent/sealwire.yaml: No such file or directory");
}

TEST(Config, FileThatIsTooLargeIsRefused) {
  const std::string path = testing::TempDir() + "large.yaml";
  std::ofstream(path) << std::string((1 << 20) + 1, '#');
  const auto config = Config::FromFile(path);
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error(), HasSubstr("larger than 1048576 octets"));
}

}  // namespace
}  // namespace sealwire::control
