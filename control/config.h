// What sealwired is told by its configuration file: the values, checked, with their defaults.
//
// Zones and toggles are not here: they live in the state store. Threading: values. Errors: every
// fault of a file in one text, a line each: FILE:LINE:COLUMN: KEY: what is wrong. An unknown key, a
// value of the wrong kind and a key that is here twice are faults; nothing is read and ignored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/key_life.h"
#include "control/log.h"
#include "control/tsig_keys.h"
#include "dns/result.h"
#include "net/address.h"
#include "net/tls_context.h"
#include "proxy/denial_mode.h"
#include "proxy/rate_limiter.h"
#include "proxy/server_identity.h"

namespace sealwire::control {

// `- {address: "127.0.0.1:5300", proxy_protocol: ["10.0.0.0/8"]}`: UDP and TCP on kernel sockets.
struct KernelListen {
  net::Endpoint address;
  std::vector<net::Prefix> proxies{};  // whose PROXY headers are believed
  bool operator==(const KernelListen&) const = default;
};

// `- {io: dpdk, …}`: UDP on a port of DPDK's.
struct DpdkListen {
  std::string device;  // "af_xdp:edge0", "pci:0000:3b:00.0", "af_packet:…", "vdev:…"
  std::vector<net::IpAddress> addresses;
  std::uint16_t port = 53;
  std::vector<std::string> eal;  // more arguments for DPDK's EAL
  bool busy_poll = false;        // poll: adaptive | busy
  enum class Memory : std::uint8_t { kAuto, kHugepages, kOrdinary } memory = Memory::kAuto;
  enum class Exception : std::uint8_t { kAuto, kTap, kNone } exception = Exception::kAuto;
  std::string tap = "sealwire%d";        // the exception path's interface; the kernel numbers it
  std::uint32_t exception_rate = 20000;  // frames a second to the kernel, for each thread
  bool verify_checksums = true;          // of queries
  bool operator==(const DpdkListen&) const = default;
};

// How a listener for HTTP is guarded.
struct HttpDoorConfig {
  std::optional<net::TlsFiles> tls;  // none: in clear
  std::size_t connections = 512;     // of each listening socket
  std::size_t per_client = 64;
  bool operator==(const HttpDoorConfig&) const = default;
};

// A client certificate that stands for a token; one of subject and san is set.
struct CertificateConfig {
  std::string name;
  std::string subject;  // "CN=deploy,O=Example"
  std::string san;      // "DNS:deploy.example"
  std::vector<std::string> scopes;
  bool operator==(const CertificateConfig&) const = default;
};

struct ControlConfig {
  std::string socket = "/run/sealwire/control.sock";
  std::optional<net::Endpoint> http;  // none: the unix socket only
  std::string token_file = "/etc/sealwire/token";
  HttpDoorConfig door;
  std::vector<CertificateConfig> clients;
  bool operator==(const ControlConfig&) const = default;
};

struct HsmConfig {
  std::string module;    // path of the PKCS#11 library
  std::string token;     // label
  std::string pin_file;  // the PIN is never in this file
  bool operator==(const HsmConfig&) const = default;
};

// Whom to ask for the DS of a zone: a resolver, or the parent's servers themselves.
struct ParentConfig {
  std::optional<net::Endpoint> resolver;
  std::vector<net::Endpoint> servers;
  // A resolver shows what is left of a TTL, not the TTL: this much is assumed when no server of the
  // parent could be asked itself.
  std::uint32_t assumed_ds_ttl = 86400;
  bool operator==(const ParentConfig&) const = default;
};

struct PolicyConfig {
  std::uint32_t signature_validity = 3 * 86400;  // seconds
  proxy::DenialMode denial = proxy::DenialMode::kCompact;
  KeyLife life = {};
  std::uint32_t serve_stale = 86400;  // seconds; 0: off
  std::uint32_t forward_cache = 0;    // seconds; 0: every question is asked
  bool operator==(const PolicyConfig&) const = default;
};

enum class InkImplementation : std::uint8_t { kAuto, kPortable, kIfma, kOff };

struct InkConfig {
  std::size_t pairs = std::size_t{1} << 20;  // of the host, 64 octets each: a burst of a million
  unsigned threads = 1;                      // that fill, at idle priority
  InkImplementation implementation = InkImplementation::kAuto;
  bool operator==(const InkConfig&) const = default;
};

struct KeysConfig {
  std::size_t cache = 0;  // zones whose keys are open at a time; 0: all
  bool operator==(const KeysConfig&) const = default;
};

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  bool operator==(const LogConfig&) const = default;
};

// A sample of queries and answers, as dnstap: to a collector's socket or a file.
struct DnstapConfig {
  std::string socket;  // one of the two is set
  std::string file;
  double sample = 0.01;  // share of the queries
  bool queries = true;
  bool responses = true;
  bool operator==(const DnstapConfig&) const = default;
};

// The state of a fleet, in etcd (3.4 or newer), and this node's place in it.
struct EtcdConfig {
  std::vector<std::string> endpoints;  // "https://host:port"; the first that answers is used
  std::string prefix = "/sealwire";    // of every key
  std::string ca;                      // file with the CAs of the servers; empty: the system's
  std::string certificate;             // of this client, and its key; empty: none is shown
  std::string key;
  std::string user;                                      // empty: no authentication by name
  std::string password_file;                             // the password is never in this file
  std::string cache = "/var/lib/sealwire/etcd-copy.db";  // what was last known of etcd's state
  std::string node;                                      // this node's name; empty: the host's
  std::uint32_t lease = 15;     // seconds without a word after which the node counts as silent
  std::uint32_t silence = 600;  // for which a silent node is still waited for
  bool operator==(const EtcdConfig&) const = default;
};

// The validator of the daemon's own (control/canary.h).
struct CanaryConfig {
  bool enabled = true;
  std::uint32_t interval = 1;           // seconds from one zone to the next
  std::optional<net::Endpoint> server;  // whom to ask; none: our first listener
  bool operator==(const CanaryConfig&) const = default;
};

struct Config {
  std::vector<KernelListen> listen;
  std::vector<DpdkListen> dpdk;
  std::optional<unsigned> workers;  // none: auto, one a CPU
  std::string user;                 // become after start; empty: stay who we are
  std::string group;                // empty: the user's own
  ControlConfig control;
  std::optional<net::Endpoint> metrics;
  HttpDoorConfig metrics_door;
  std::string state_path = "/var/lib/sealwire/state.db";  // unless the state is in etcd
  std::optional<EtcdConfig> etcd;
  std::vector<HsmConfig> hsm;  // a pool; none: zones are served, none can be signed
  std::optional<ParentConfig> parent;
  std::map<std::string, PolicyConfig> policies = {{"default", {}}};
  InkConfig ink;
  KeysConfig keys;
  LogConfig log;
  std::optional<DnstapConfig> dnstap;
  CanaryConfig canary;
  std::vector<TsigKeyConfig> tsig;
  std::optional<std::string> cookie_secret_file;  // none: secrets of this start's own
  proxy::RateLimitOptions rate_limit;
  proxy::ServerIdentity identity;
  // Seconds for which a stopping daemon goes on answering while /readyz says it is not.
  std::uint32_t drain_delay = 0;
  bool operator==(const Config&) const = default;

  static Result<Config> FromFile(const std::string& file);
  // `name` stands for the file in errors.
  static Result<Config> FromText(const std::string& name, const std::string& yaml);

  // The configuration in force as YAML that FromText reads back to an equal value. It has no
  // secrets in it: those lie in files that it names.
  std::string ToYaml() const;
};

// control/config-schema.json, as it was when this was built.
extern const char* const kConfigSchema;

}  // namespace sealwire::control
