// Questions to backends signed with a shared secret, and answers that must be (RFC 8945).
//
// Of a question only its code is kept until the answer comes. Threading: pure, but for the clock.
// Errors: a verdict. No allocation.
#pragma once

#include <array>
#include <cstdint>

#include "dns/bytes.h"
#include "proxy/forward_query.h"
#include "signer/tsig.h"

namespace sealwire::proxy {

// A query with the longest TSIG record: two names, the fixed fields and a code.
inline constexpr std::size_t kMaxSignedQuery =
    kMaxForwardQuery + 2 * dns::kMaxNameSize + 26 + signer::kMaxMacSize;

// The code of a query under way.
struct QueryMac {
  std::array<std::uint8_t, signer::kMaxMacSize> octets{};
  std::uint8_t size = 0;
};

// Appends the TSIG record to the query in the first `size` octets of `buffer`; the new size.
std::size_t SignQuestion(const signer::TsigKey& key, dns::MutableBytes buffer, std::size_t size,
                         QueryMac& mac) noexcept;

// Verifies `answer` to the query of that code, and takes its TSIG record off when it is good.
signer::TsigVerdict VerifyAnswer(const signer::TsigKey& key, const QueryMac& mac,
                                 dns::MutableBytes& answer) noexcept;

}  // namespace sealwire::proxy
