// Brings the zones of this node to what catalog zones say (RFC 9432): members are added with the
// catalog's own primaries and removed when they are gone from it.
//
// A catalog owns the zones it added (BackendSpec::catalog) and touches no others: a zone that an
// operator added, or that another catalog owns, stays as it is, unless that other catalog hands it
// over (coo). A member that leaves while it is signed is first turned off, and removed when its
// parent has no DS any more (decision 0070). A broken catalog changes nothing. Threading: the
// control thread. Ownership: the parts are borrowed and outlive it. Errors: the log, and the
// catalog's content_problem.
#pragma once

#include <set>
#include <string>

#include "control/zone_control.h"

namespace sealwire::control {

class CatalogWork {
 public:
  explicit CatalogWork(ZoneControl& zones) : zones_(zones) {}

  // The zone may be a catalog with news: it is read with the next Tick().
  void Watch(const std::string& name) { changed_.insert(name); }
  // About once a second.
  void Tick();

 private:
  void Read(const std::string& name, ZoneEntry& catalog);
  void Add(const std::string& member, const std::string& policy, const ZoneEntry& catalog);
  void Retire(const std::string& member);

  ZoneControl& zones_;
  std::set<std::string> changed_;
  std::set<std::string> leaving_;  // members that are to go, and may still be signed
};

}  // namespace sealwire::control
