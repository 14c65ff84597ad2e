// Writes an answer as a message, and signs what is to be signed on the way.
//
// RRSIGs are made only when the asker set DO (RFC 4035 section 3.1). Threading: one worker.
// Ownership: signer borrowed. Errors: kSigningFailed leaves nothing to send. No allocation.
#pragma once

#include <array>
#include <cstdint>

#include "dns/bytes.h"
#include "dns/message_writer.h"
#include "proxy/answer.h"
#include "proxy/query.h"
#include "proxy/soa_stencil.h"
#include "signer/rrset_signer.h"

namespace sealwire::proxy {

struct EncodedAnswer {
  enum class Kind : std::uint8_t { kWritten, kNoRoom, kSigningFailed } kind = Kind::kNoRoom;
  std::uint32_t size = 0;
  bool truncated = false;
  bool left_out = false;  // glue that may be missing found no room (RFC 9471 section 3.2)
  bool is_signed = false;
};

class AnswerEncoder {
 public:
  // `udp_size` is what our OPT records offer, `standing_options` stand in all of them.
  AnswerEncoder(signer::RRsetSigner& signer, std::uint16_t udp_size,
                dns::Bytes standing_options) noexcept
      : signer_(signer), udp_size_(udp_size), standing_options_(standing_options) {}

  // `out` is as long as the message may be. Lowers answer.reuse_until_ms to the end of the window
  // of the signatures made.
  EncodedAnswer Encode(const Query& query, Answer& answer, std::uint64_t now_ms,
                       dns::MutableBytes out) noexcept;

  // The same for a refusal: a header, the question if `echo_question`, and the OPT record.
  std::uint32_t EncodeRefusal(const Query& query, dns::Rcode rcode, bool echo_question,
                              std::optional<dns::ExtendedError> error,
                              dns::MutableBytes out) noexcept;
  // An empty answer that says: ask again over TCP.
  std::uint32_t EncodeTruncated(const Query& query, bool authoritative,
                                dns::MutableBytes out) noexcept;

  // Octets of the options in the OPT record of the message written last; it ends with them.
  std::size_t options_size() const noexcept { return options_size_; }

 private:
  static constexpr std::size_t kMaxOptions = 512;

  dns::Bytes WriteOptions(std::optional<dns::ExtendedError> error) noexcept;
  // False: no signature could be made.
  bool Write(const Query& query, const AnswerItem& item, Answer& answer, std::uint64_t now_ms,
             dns::MessageWriter& writer, EncodedAnswer& encoded) noexcept;
  // RRSIG RDATA, and until when it is the one to be given; empty when none could be made.
  struct Made {
    dns::Bytes rrsig;
    std::uint64_t until_ms = UINT64_MAX;
  };
  Made SignatureFor(const AnswerItem& item, const signer::SigningKey& key, bool denies_name,
                    std::uint64_t now_ms) noexcept;

  signer::RRsetSigner& signer_;
  std::uint16_t udp_size_;
  dns::Bytes standing_options_;
  SoaStencils soas_;
  std::size_t options_size_ = 0;
  std::array<std::uint8_t, kMaxOptions> options_;
  std::array<std::uint8_t, 512> rrsig_;
};

}  // namespace sealwire::proxy
