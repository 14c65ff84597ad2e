// How the HTTP listeners are guarded: `tls`, `connections`, `connections_per_client` of `control`
// and `metrics`, and `control.clients`. For control/config.cc. Threading: pure functions.
#pragma once

#include <string>

#include "control/access.h"
#include "control/config.h"
#include "control/yaml_map.h"

namespace sealwire::control {

// A client's certificate is asked for where `tls` names a CA; whether it must be there is said by
// `client_certificate`, and by `required` where nothing is said.
void ReadHttpDoor(YamlMap& map, bool required, HttpDoorConfig& door);
void ReadCertificates(YamlMap& map, ControlConfig& control);

// "tls: {…}, connections: 512, connections_per_client: 64", to be put into a mapping.
std::string HttpDoorYaml(const HttpDoorConfig& door);
std::vector<CertificateGrant> GrantsOf(const std::vector<CertificateConfig>& clients);
// ", clients: […]", or nothing.
std::string CertificatesYaml(const std::vector<CertificateConfig>& clients);

}  // namespace sealwire::control
