// The control API under /v1, as control/openapi.json describes it, and the facades beside it.
//
// A request over TCP needs a bearer token whose scopes allow it; over the unix socket the socket's
// file mode is the authority, and a token is checked only when one is sent. Threading: the control
// thread. Ownership: everything given is borrowed and outlives the Api. Errors: problem documents.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "control/access.h"
#include "control/cloudflare_facade.h"
#include "control/metric_series.h"
#include "control/powerdns_facade.h"
#include "control/zone_control.h"
#include "keycache/hsm_client.h"
#include "net/http_server.h"
#include "proxy/audience.h"
#include "proxy/forward_client.h"

namespace sealwire::control {

// What the API tells of the node it runs on.
struct NodeFacts {
  std::string name;
  std::string version;
  std::int64_t started = 0;  // seconds since 1970
  unsigned workers = 0;
  std::vector<std::string> listening;
  std::function<bool()> ready;
  std::function<std::vector<proxy::BackendStatus>()> backends;  // of all workers
  std::function<std::vector<keycache::HsmStatus>()> hsm;        // of each token
  std::function<proxy::AudienceTotals(proxy::AudienceKey)> audience;
  const MetricSeries* series = nullptr;
  const Fleet* fleet = nullptr;  // null: a node alone
};

class Api {
 public:
  Api(ZoneControl& zones, AccessToken token, NodeFacts facts);

  void Handle(net::HttpRequest request, net::HttpReply reply);
  void UseToken(AccessToken token) { access_.UseToken(std::move(token)); }
  void UseCertificates(std::vector<CertificateGrant> certificates) {
    access_.UseCertificates(std::move(certificates));
  }
  // The store has others than before.
  void ReadTokens();
  // What other nodes show of this one.
  nlohmann::json NodeJson() const;

  // To those who listen on /v1/events.
  void Broadcast(const ZoneEvent& event);
  // A comment every so often, so that dead listeners are noticed.
  void KeepListenersAlive();
  void EndListeners();

 private:
  struct Call;  // a request that was admitted, and where its answer goes
  using Handler = void (Api::*)(Call&);
  struct Route {
    const char* method;
    std::vector<const char*> pattern;  // "" stands for any segment
    Handler handler;
    Scope needs = Scope::kEverything;
  };
  static const std::vector<Route>& Routes();
  // Nothing: the answer is sent.
  std::optional<Grant> Admit(const net::HttpRequest& request, const net::HttpReply& reply) const;
  void Dispatch(Call& call);

  // control/api_zones.cc
  void ListZones(Call& call);
  void GetZone(Call& call);
  void PutZone(Call& call);
  void DeleteZone(Call& call);
  void GetHistory(Call& call);
  // control/api_stats.cc
  void GetStats(Call& call);
  void GetSeries(Call& call);
  // control/api_synthesis.cc
  void GetSynthesis(Call& call);
  void PutSynthesis(Call& call);
  // control/api_dnssec.cc
  void GetDnssec(Call& call);
  void PatchDnssec(Call& call);
  void DeleteDnssec(Call& call);
  void CheckDnssec(Call& call);
  void GetKeys(Call& call);
  // control/api_rollovers.cc
  void GetRollovers(Call& call);
  void PostRollover(Call& call);
  void DeleteRollover(Call& call);
  void PutForeignKeys(Call& call);
  // control/api_keys.cc
  void PostKeys(Call& call);
  void RevokeKey(Call& call);
  // control/api_node.cc
  void GetBackends(Call& call);
  void GetNodes(Call& call);
  void GetEvents(Call& call);
  void GetOpenApi(Call& call);
  // control/api_batch.cc
  void PostBatch(Call& call);
  void GetOperation(Call& call);
  // control/api_tokens.cc
  void GetTokens(Call& call);
  void PostToken(Call& call);
  void DeleteToken(Call& call);
  bool CommitTokens(Call& call, Change& change);

  // Keys and rollovers are two views of one record: its tag is the tag of both.
  void SendChangedKeys(Call& call);
  // True when If-Match allows a change of it, at this moment; false: the answer is sent.
  bool MayChangeKeys(const Call& call, const std::string& name);
  // `done` of a change of a zone's keys, which is under way until then.
  Done ChangingKeys(const std::string& name, Done done);

  nlohmann::json DnssecJson(const std::string& name);
  nlohmann::json RolloversJson(const ZoneEntry& entry, const keycache::ZoneKeyRecord& record);

  ZoneControl& zones_;
  Access access_;
  NodeFacts facts_;
  PowerDnsFacade powerdns_;
  CloudflareFacade cloudflare_;
  std::list<net::HttpReply> listeners_;
  std::multiset<std::string> changing_keys_;  // zones
};

// control/openapi.json, as it was when this was built.
extern const char* const kOpenApi;

}  // namespace sealwire::control
