// The state's records as values in etcd: JSON, but for keys, which are keycache's own encoding.
//
//   zones/NAME      a zone              keys/NAME        its keys, sealed
//   history/NAME/n  one of its rows     tokens/NAME      a named token's hash
//   operations/ID/n part of one         members/, nodes/, leader: control/fleet.h
//
// All below the prefix. A record of a later version may have members that are not known here: they
// are ignored, and lost when this version writes the record. Threading: pure functions. Errors: a
// sentence; values of any shape may be given.
#pragma once

#include <string>
#include <string_view>

#include "control/state_store.h"

namespace sealwire::control {

std::string ZoneToEtcd(const ZoneRecord& zone);
Result<ZoneRecord> ZoneFromEtcd(std::string_view name, std::string_view value);

// `index`: of the row in its transaction.
std::string HistoryToEtcd(const HistoryRow& row, unsigned index);
Result<HistoryRow> HistoryFromEtcd(std::string_view zone, unsigned slot, std::uint64_t revision,
                                   std::string_view value);

// A zone has this many rows in etcd: a new one takes the place of the oldest.
inline constexpr unsigned kHistorySlots = 32;
// The same on every node, growing with time: revision, index in the transaction, slot.
std::int64_t HistoryId(std::uint64_t revision, unsigned index, unsigned slot);
unsigned SlotOf(std::int64_t history_id);

std::string TokenToEtcd(const TokenRecord& token);
Result<TokenRecord> TokenFromEtcd(std::string_view name, std::string_view value);

std::string OperationToEtcd(const Operation& operation);
Result<Operation> OperationFromEtcd(std::string_view id, std::string_view value);

}  // namespace sealwire::control
