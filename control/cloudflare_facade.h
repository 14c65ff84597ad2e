// Cloudflare's API for zones and their DNSSEC under /client/v4: for programs that know Cloudflare
// and can be given another base URL. docs/facades.md has the mapping.
//
// The bearer token, or X-Auth-Key, is a token of this API, with its scopes. Threading: the control
// thread. Ownership: everything given is borrowed. Errors: Cloudflare's envelope, `success` false.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/facade_call.h"

namespace sealwire::control {

class CloudflareFacade {
 public:
  CloudflareFacade(ZoneControl& zones, const Access& access) : zones_(zones), access_(access) {}

  static bool Serves(const net::HttpRequest& request);
  void Handle(net::HttpRequest request, net::HttpReply reply);

 private:
  void Dispatch(const FacadeCall& call);
  void ListZones(const FacadeCall& call);
  void DeleteZone(const FacadeCall& call, const std::string& name);
  void SendDnssec(const FacadeCall& call, const std::string& name);
  void ChangeDnssec(const FacadeCall& call, const std::string& name);
  void DeleteDnssec(const FacadeCall& call, const std::string& name);
  nlohmann::json DnssecJson(const ZoneEntry& entry) const;

  ZoneControl& zones_;
  const Access& access_;
};

}  // namespace sealwire::control
