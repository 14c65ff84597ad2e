// A change as transactions of etcd: cut into parts that must each happen at once, with what has to
// be unchanged for it.
//
// All that concerns one zone is one part, so that a zone's record, its keys and its history never
// disagree. Threading: pure but for the copy that is read. Ownership: parts point into the change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "control/sqlite_store.h"

namespace sealwire::control {

// etcd refuses transactions of more than 128 comparisons or operations, and of more than 1.5 MiB.
inline constexpr std::size_t kMaxEtcdOperations = 120;
inline constexpr std::size_t kMaxEtcdOctets = 1'000'000;

struct EtcdPart {
  std::string what;  // "zone 'example.com'", for an error
  std::vector<std::pair<std::string, std::uint64_t>> unchanged;  // key, revision; 0: not there
  std::vector<std::pair<std::string, std::string>> put;          // key, value
  std::vector<std::string> removed;
  bool expires = false;  // what is put

  // What gets the revision of the transaction.
  std::vector<ZoneRecord*> zones;
  std::vector<Change::Keys*> keys;
  struct Row {
    HistoryRow* row;
    unsigned index;
    unsigned slot;
  };
  std::vector<Row> rows;

  std::size_t comparisons() const noexcept { return unchanged.size(); }
  std::size_t operations() const noexcept { return put.size() + removed.size(); }
  std::size_t octets() const noexcept;
};

// Keys are below `base`, "/sealwire/".
std::vector<EtcdPart> PartsOf(Change& change, const std::string& base, const SqliteStore& copy);

}  // namespace sealwire::control
