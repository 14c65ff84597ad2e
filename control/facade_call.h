// One admitted request to a facade: another system's API spoken under a path of its own, over the
// same zones, tokens and scopes as /v1. For control/powerdns_*.cc and control/cloudflare_*.cc.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/access.h"
#include "control/zone_control.h"
#include "net/http_server.h"

namespace sealwire::control {

struct FacadeCall {
  net::HttpRequest request;
  net::HttpReply reply;
  Actor who;
  Scopes scopes;

  bool Is(const char* method) const { return request.method == method; }
  // Segment `i` of the path, empty behind its end.
  const std::string& Part(std::size_t i) const {
    static const std::string kNone;
    return i < request.segments.size() ? request.segments[i] : kNone;
  }
  std::size_t parts() const { return request.segments.size(); }
};

}  // namespace sealwire::control
