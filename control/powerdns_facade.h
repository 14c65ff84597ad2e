// PowerDNS's authoritative HTTP API under /api/v1/servers/localhost, as far as it is about zones
// and their DNSSEC: for programs that know PowerDNS. docs/facades.md has the mapping.
//
// The key in X-API-Key is a token of this API, with its scopes. What cannot be mapped is refused,
// never taken and ignored, and a private key is never told. Threading: the control thread.
// Ownership: everything given is borrowed. Errors: PowerDNS's `{"error": …}`.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/facade_call.h"
#include "keycache/zone_key_record.h"

namespace sealwire::control {

class PowerDnsFacade {
 public:
  PowerDnsFacade(ZoneControl& zones, const Access& access, std::string version)
      : zones_(zones), access_(access), version_(std::move(version)) {}

  static bool Serves(const net::HttpRequest& request);
  void Handle(net::HttpRequest request, net::HttpReply reply);
  // Keys that were asked for are made, or could not be.
  void OnEvent(const ZoneEvent& event);

 private:
  void Dispatch(const FacadeCall& call);
  void DispatchZone(const FacadeCall& call, const std::string& name);

  // control/powerdns_zones.cc
  void ListZones(const FacadeCall& call);
  void GetZone(const FacadeCall& call, const std::string& name);
  void CreateZone(const FacadeCall& call);
  void ChangeZone(const FacadeCall& call, const std::string& name);
  void DeleteZone(const FacadeCall& call, const std::string& name);
  // control/powerdns_keys.cc
  void ListKeys(const FacadeCall& call, const std::string& name);
  void GetKey(const FacadeCall& call, const std::string& name);
  void CreateKey(const FacadeCall& call, const std::string& name);
  void ChangeKey(const FacadeCall& call, const std::string& name);
  void DeleteKey(const FacadeCall& call, const std::string& name);
  // Nothing: the answer is sent.
  std::optional<keycache::ZoneKeyRecord> ReadKeys(const FacadeCall& call, const std::string& name);
  const keycache::KeyRecord* FindKey(const FacadeCall& call,
                                     const keycache::ZoneKeyRecord& record) const;
  void SendNewKey(const FacadeCall& call, const std::string& name, keycache::Role role);

  struct AwaitedKey {
    FacadeCall call;
    keycache::Role role;
  };

  ZoneControl& zones_;
  const Access& access_;
  std::string version_;
  std::multimap<std::string, AwaitedKey> awaited_;  // by zone
};

// For the facade's sources.
namespace powerdns {
void Send(const FacadeCall& call, int status, const nlohmann::json& body);
void Fail(const FacadeCall& call, int status, std::string_view error);
// The answer to a change: 204, or what went wrong.
void Finish(const FacadeCall& call, const Outcome& outcome);
// False: the answer is sent.
bool Allows(const FacadeCall& call, Scope needed);
// The body as an object. Nothing: the answer is sent.
std::optional<nlohmann::json> Body(const FacadeCall& call);
}  // namespace powerdns

}  // namespace sealwire::control
