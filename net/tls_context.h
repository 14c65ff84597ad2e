// The server's side of TLS (RFC 8446, RFC 5246): a certificate with its key, and who may be a
// client. The only door to libssl, whose types do not leave the source.
//
// Threading: immutable; any thread. Ownership: streams keep what they need of it. Errors: a
// sentence with the file. TLS 1.2 and 1.3; no renegotiation, no compression, no resumption: every
// connection proves anew who the client is.
#pragma once

#include <memory>
#include <string>

#include "dns/result.h"
#include "net/byte_stream.h"

struct ssl_ctx_st;  // OpenSSL

namespace sealwire::net {

struct TlsFiles {
  std::string certificate;  // PEM, the chain after it
  std::string key;          // PEM; a file that everybody may read is refused
  std::string client_ca;    // PEM; empty: clients are not asked for a certificate
  bool client_required = false;
  bool operator==(const TlsFiles&) const = default;
};

class TlsContext {
 public:
  static Result<std::shared_ptr<const TlsContext>> Load(const TlsFiles& files);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // The handshake is part of the first reads and writes. Null when out of memory.
  std::unique_ptr<ByteStream> Wrap(FileDescriptor fd) const;

  std::int64_t expires() const noexcept { return expires_; }  // the certificate; unix seconds

 private:
  explicit TlsContext(ssl_ctx_st* context) noexcept : context_(context) {}
  ssl_ctx_st* context_;
  std::int64_t expires_ = 0;
};

}  // namespace sealwire::net
