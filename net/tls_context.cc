#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <ctime>
#include <string_view>

namespace sealwire::net {

namespace {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using SslPtr = std::unique_ptr<SSL, FreeWith<&SSL_free>>;
using BioPtr = std::unique_ptr<BIO, FreeWith<&BIO_free>>;
using X509Ptr = std::unique_ptr<X509, FreeWith<&X509_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, FreeWith<&GENERAL_NAMES_free>>;

Error Bad(const std::string& file, const char* what) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return Error{file + ": " + what + (reason == nullptr ? "" : std::string(": ") + reason)};
}

std::string TextIn(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string SubjectOf(X509* certificate) {
  const BioPtr text(BIO_new(BIO_s_mem()));
  if (!text) return "";
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  return TextIn(text.get());
}

std::string_view TextOf(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

// A name with a NUL in it could pass for a shorter one.
void Append(std::vector<std::string>& names, const char* kind, std::string_view text) {
  if (text.find('\0') == std::string_view::npos) names.push_back(kind + std::string(text));
}

std::vector<std::string> NamesOf(X509* certificate) {
  std::vector<std::string> names;
  const NamesPtr found(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(found.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found.get(), i);
    if (name->type == GEN_DNS) Append(names, "DNS:", TextOf(name->d.dNSName));
    if (name->type == GEN_URI) Append(names, "URI:", TextOf(name->d.uniformResourceIdentifier));
    if (name->type == GEN_EMAIL) Append(names, "email:", TextOf(name->d.rfc822Name));
  }
  return names;
}

class TlsStream final : public ByteStream {
 public:
  TlsStream(FileDescriptor fd, SslPtr ssl) noexcept : fd_(std::move(fd)), ssl_(std::move(ssl)) {}

  Outcome Read(std::span<char> to) override {
    ERR_clear_error();
    std::size_t octets = 0;
    const int done = SSL_read_ex(ssl_.get(), to.data(), to.size(), &octets);
    return OutcomeOf(done, octets);
  }
  Outcome Write(std::span<const char> from) override {
    ERR_clear_error();
    std::size_t octets = 0;
    const int done = SSL_write_ex(ssl_.get(), from.data(), from.size(), &octets);
    return OutcomeOf(done, octets);
  }
  void Finish() override {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get()) != 0 && !broken_) SSL_shutdown(ssl_.get());
    ::shutdown(fd_.get(), SHUT_WR);
  }
  std::optional<PeerCertificate> Certificate() const override {
    const X509Ptr certificate(SSL_get1_peer_certificate(ssl_.get()));
    if (!certificate || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return std::nullopt;
    return PeerCertificate{SubjectOf(certificate.get()), NamesOf(certificate.get())};
  }

 private:
  Outcome OutcomeOf(int done, std::size_t octets) {
    if (done == 1) return {State::kMoved, octets};
    switch (SSL_get_error(ssl_.get(), done)) {
      case SSL_ERROR_WANT_READ:
        return {State::kReadable, 0};
      case SSL_ERROR_WANT_WRITE:
        return {State::kWritable, 0};
      case SSL_ERROR_SSL:
        broken_ = true;
        if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST) SayWhatIsSpoken();
        break;
      default:
        broken_ = true;
    }
    return {State::kEnd, 0};
  }
  // Whoever comes with http:// should learn why nothing works.
  void SayWhatIsSpoken() const {
    static constexpr std::string_view kAnswer =
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
        "Content-Length: 30\r\n\r\nThis port speaks HTTPS alone.\n";
    // What the socket does not take is lost, as the connection is.
    if (::send(fd_.get(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) return;
    ::shutdown(fd_.get(), SHUT_WR);
    // A socket that is closed with octets unread resets the connection, and the answer may be lost.
    char unread[4096];
    for (int i = 0; i < 16 && ::recv(fd_.get(), unread, sizeof unread, MSG_DONTWAIT) > 0; ++i) {
    }
  }

  FileDescriptor fd_;
  SslPtr ssl_;
  bool broken_ = false;
};

// RFC 7301: HTTP/1.1 is what we speak; a client that wants something else finds out at once.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kHttp11, sizeof kHttp11 - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

Status CheckKeyFile(const std::string& file) {
  struct stat info = {};
  if (::stat(file.c_str(), &info) == 0 && (info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return Error{file + ": everybody may read the key: chmod it to 0600"};
  }
  return Status::Ok();
}

Status UseClientCa(SSL_CTX* context, const TlsFiles& files) {
  if (files.client_ca.empty()) return Status::Ok();
  if (SSL_CTX_load_verify_file(context, files.client_ca.c_str()) != 1) {
    return Bad(files.client_ca, "no certificates of a CA");
  }
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.client_ca.c_str()));
  SSL_CTX_set_verify(
      context, SSL_VERIFY_PEER | (files.client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
      nullptr);
  return Status::Ok();
}

std::int64_t ExpiryOf(SSL_CTX* context) {
  tm when = {};
  const X509* certificate = SSL_CTX_get0_certificate(context);
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) != 1) {
    return 0;
  }
  return ::timegm(&when);
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::Load(const TlsFiles& files) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return Error{"cannot use TLS: out of memory"};
  const std::shared_ptr<TlsContext> made(new TlsContext(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // A key with a passphrase is refused; nobody sits at a daemon's terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return Bad(files.certificate, "no certificate");
  }
  if (const Status status = CheckKeyFile(files.key); !status.ok()) return Error{status.error()};
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Bad(files.key, "not the certificate's private key");
  }
  if (const Status status = UseClientCa(context, files); !status.ok()) return Error{status.error()};
  made->expires_ = ExpiryOf(context);
  return std::shared_ptr<const TlsContext>(made);
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

std::unique_ptr<ByteStream> TlsContext::Wrap(FileDescriptor fd) const {
  SslPtr ssl(SSL_new(context_));
  if (!ssl || SSL_set_fd(ssl.get(), fd.get()) != 1) return nullptr;
  SSL_set_accept_state(ssl.get());
  return std::make_unique<TlsStream>(std::move(fd), std::move(ssl));
}

}  // namespace sealwire::net
