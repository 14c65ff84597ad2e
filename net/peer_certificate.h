// Who a TLS client proved to be. Threading: value.
#pragma once

#include <string>
#include <vector>

namespace sealwire::net {

struct PeerCertificate {
  std::string subject;             // RFC 4514: "CN=deploy,O=Example"
  std::vector<std::string> names;  // "DNS:ops.example", "URI:spiffe://…", "email:…", "IP:192.0.2.1"
};

}  // namespace sealwire::net
