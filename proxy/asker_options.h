// The EDNS options of an answer that are for one asker alone.
//
// Answers are made, and kept, as for anybody; what this asker's OPT record asked for is put behind
// them when they leave: NSID (RFC 5001), COOKIE (RFC 7873), edns-tcp-keepalive (RFC 7828), and the
// client subnet it asked for with the scope of the answer (RFC 7871). An asker without options
// costs one comparison. Threading: one worker. Errors: Read() is false for what RFCs answer with
// FORMERR. No allocation.
#pragma once

#include <array>
#include <cstdint>

#include "dns/bytes.h"
#include "proxy/pipeline.h"
#include "proxy/query.h"
#include "proxy/server_cookies.h"

namespace sealwire::proxy {

class AskerOptions {
 public:
  explicit AskerOptions(const PipelineOptions& options);

  void Refresh() noexcept { cookies_.Refresh(); }

  // Reads what `query` asks for; `now` in seconds. `scope` is the answer's, where it has one: only
  // then is the subnet of the query repeated.
  bool Read(const Query& query, const Asker& from, std::uint32_t now,
            std::optional<std::uint8_t> scope = std::nullopt) noexcept;

  CookieStanding cookie() const noexcept { return cookie_; }
  // Room to be kept for Append().
  std::size_t size() const noexcept { return size_; }
  // Puts the options at the end of the message of `size` octets in `out`, whose last record is an
  // OPT record with `before` octets of options; its new size.
  std::uint32_t Append(dns::MutableBytes out, std::uint32_t size,
                       std::size_t before) const noexcept;

 private:
  static constexpr std::size_t kMaxSize = 512;

  std::vector<std::uint8_t> nsid_;
  std::uint16_t keepalive_;  // in units of 100 milliseconds
  ServerCookies cookies_;
  CookieStanding cookie_ = CookieStanding::kNone;
  std::size_t size_ = 0;
  std::array<std::uint8_t, kMaxSize> octets_;
};

}  // namespace sealwire::proxy
