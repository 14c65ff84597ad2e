// sealctl: the commands, each a function of what was parsed. For apps/sealctl*.cc.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "control/api_client.h"
#include "control/text_table.h"

namespace sealwire::apps {

// Exit statuses: a contract.
enum Exit : int { kDone = 0, kFailed = 1, kUsage = 2, kPending = 3 };

// The token of `sealctl hsm`; what is empty comes from the configuration file.
struct HsmOptions {
  std::string config = "/etc/sealwire/sealwire.yaml";
  std::string module;
  std::string token;
  std::string pin_file;
  std::string so_pin_file;
};

struct Options {
  std::string url = "unix:/run/sealwire/control.sock";
  std::string token_file;
  control::ApiClient::Tls tls;
  std::string reason;
  bool json = false;

  std::string zone;
  std::vector<std::string> forward;
  std::vector<std::string> transfer;
  std::string tsig;
  std::vector<std::string> secondaries;
  bool catalog = false;
  std::string member_policy;
  bool member_dnssec = false;
  std::string client_address;
  std::string file;
  std::string policy;
  std::string status;
  std::string part;
  bool dry_run = false;
  bool wait = false;
  std::string override_name;
  std::string shell;
  bool dpdk = false;
  std::string config = "/etc/sealwire/sealwire.yaml";  // of the daemon, for what asks no API
  std::string name;                                    // of a token
  std::vector<std::string> scopes;                     // of a token
  HsmOptions hsm;
  bool ksk = false;  // else the ZSK
  bool zsk = false;
  bool all = false;               // every key of the zone
  bool now = false;               // an emergency
  std::vector<std::string> keys;  // DNSKEY RDATA in presentation format
  bool clear = false;
  std::vector<std::string> imported;  // files, or pkcs11: URIs
  std::string key_tag;
};

// The API, with one way of failing: a line on stderr and nothing.
class Session {
 public:
  static std::optional<Session> Open(const Options& options);

  // The answer's JSON (null for 204) when the status is 2xx.
  std::optional<nlohmann::json> Get(const std::string& path);
  // Every page of a list: {member: […]}. `path` may have a query.
  std::optional<nlohmann::json> GetAll(const std::string& path, const char* member);
  std::optional<nlohmann::json> Send(const control::ApiClient::Request& request);
  // Null when there is no such resource.
  std::optional<nlohmann::json> GetIfThere(const std::string& path);

 private:
  explicit Session(control::ApiClient client) : client_(std::move(client)) {}
  control::ApiClient client_;
};

void PrintError(const std::string& sentence);
void PrintJson(const nlohmann::json& value);
// Columns of the terminal, or of $COLUMNS; unlimited for what goes into a file or a pipe.
std::size_t TerminalWidth();
std::string ZonePath(const std::string& zone);
// A member as text: "-" for null and for what is not there.
std::string Text(const nlohmann::json& object, const char* member);

int ZoneAdd(const Options& options);
int ZoneList(const Options& options);
int ZoneShow(const Options& options);
int ZoneRemove(const Options& options);
int Apply(const Options& options);
int DnssecOn(const Options& options);
int DnssecOff(const Options& options);
int DnssecStatus(const Options& options);
int DnssecDs(const Options& options);
int DnssecCheck(const Options& options);
int KeyList(const Options& options);
int HsmInit(const Options& options);
int HsmList(const Options& options);
int HsmBackup(const Options& options);
int HsmVerify(const Options& options);
int KeyRoll(const Options& options);
int KeyCancel(const Options& options);
int KeyExport(const Options& options);
int KeyForeign(const Options& options);
int KeyImport(const Options& options);
int KeyRevoke(const Options& options);
void ShowKeys(const nlohmann::json& keys);
// The lines of `dnssec status` about keys that roll.
void ShowRollovers(const nlohmann::json& rollovers);
int NodeList(const Options& options);
int BackendList(const Options& options);
int BackendCheck(const Options& options);
int Doctor(const Options& options);
int DoctorDpdk(const Options& options);
int TokenAdd(const Options& options);
int TokenList(const Options& options);
int TokenRemove(const Options& options);

}  // namespace sealwire::apps
