// The SOA of denials with its RRSIG, as both stand in a message: made once for a zone and a window
// of its signature, copied into each answer after that.
//
// Only zones held whole have one: a backend's SOA may be another one each time. A stencil is cut on
// second sight, so that a flood over many zones cuts none. Threading: one worker. Errors: none; a
// zone without one is written as any other RRset. No allocation after construction.
#pragma once

#include <cstdint>
#include <memory>

#include "dns/bytes.h"
#include "dns/message_writer.h"
#include "proxy/answer.h"
#include "proxy/query.h"

namespace sealwire::proxy {

class SoaStencils {
 public:
  struct Stencil {
    dns::PreparedRecords records;
    std::size_t apex_size = 0;
    std::uint64_t until_ms = 0;  // the end of the signature's window
  };

  SoaStencils();
  ~SoaStencils();
  SoaStencils(const SoaStencils&) = delete;
  SoaStencils& operator=(const SoaStencils&) = delete;

  // Whether `item` may have one: the SOA of a zone held whole, signed by one key, in a denial.
  static bool Concerns(const AnswerItem& item) noexcept;

  // The one of `item`, if the question ends with the apex in the zone's own letters. False: there
  // is none. What `stencil` shows lies here until the next Keep().
  bool Find(const AnswerItem& item, const Query& query, std::uint64_t now_ms,
            Stencil& stencil) const noexcept;

  // Remembers `item`, spelled as the zone is, as signed by `rrsig` (RDATA) from `now_ms` until
  // `until_ms`.
  void Keep(const AnswerItem& item, dns::Bytes rrsig, std::uint64_t now_ms,
            std::uint64_t until_ms) noexcept;

 private:
  struct Place;
  struct Places;
  Place& PlaceOf(const Zone& zone) const noexcept;

  std::unique_ptr<Places> places_;
};

}  // namespace sealwire::proxy
