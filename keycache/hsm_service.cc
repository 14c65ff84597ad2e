#include "keycache/hsm_service.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "keycache/confinement.h"
#include "keycache/frame_io.h"
#include "keycache/hsm_protocol.h"
#include "keycache/pin_file.h"
#include "keycache/pkcs11_token.h"

namespace sealwire::keycache {
namespace {

bool Answer(const HsmReply& reply) noexcept {
  FrameBuffer buffer;
  dns::Writer out(buffer.room());
  WriteReply(reply, out);
  buffer.Set(out.size());
  return out.ok() && SendFrame(kHsmSocket, buffer, kNoDeadline);
}

bool AnswerReason(std::uint32_t id, HsmReplyStatus status, std::string_view reason) noexcept {
  reason = reason.substr(0, kMaxReasonSize);
  return Answer(
      {id, status, {reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size()}});
}

bool AnswerKey(std::uint32_t id, const std::optional<HsmKey>& key) noexcept {
  if (!key) return Answer({id, HsmReplyStatus::kAbsent, {}});
  std::array<std::uint8_t, sizeof(KeyId) + sizeof(signer::PublicKey)> body;
  dns::Writer out(body);
  WriteKey(*key, out);
  return Answer({id, HsmReplyStatus::kOk, out.written()});
}

// What the token made of a request: an answer was given, or the module failed.
Result<bool> Serve(Pkcs11Token& token, const HsmRequest& request) {
  const std::uint32_t id = request.id;
  switch (request.op) {
    case HsmOp::kPing: {
      if (Status done = token.Ping(); !done) return Error{done.error()};
      return Answer({id, HsmReplyStatus::kOk, {}});
    }
    case HsmOp::kMakeKey: {
      auto key = token.MakeKey(request.key, request.label, request.use);
      if (!key) return Error{key.error()};
      return AnswerKey(id, *key);
    }
    case HsmOp::kFindKey: {
      auto key = token.FindKey(request.key);
      if (!key) return Error{key.error()};
      return AnswerKey(id, *key);
    }
    case HsmOp::kFindByLabel: {
      auto key = token.FindKeyByLabel(request.label, request.use);
      if (!key) return Error{key.error()};
      return AnswerKey(id, *key);
    }
    case HsmOp::kSign: {
      signer::Digest digest;
      std::copy(request.data.begin(), request.data.end(), digest.begin());
      auto signature = token.Sign(request.key, digest);
      if (!signature) return Error{signature.error()};
      if (!signature->has_value()) return Answer({id, HsmReplyStatus::kAbsent, {}});
      return Answer({id, HsmReplyStatus::kOk, **signature});
    }
    case HsmOp::kDerive: {
      signer::PublicKey peer;
      std::copy(request.data.begin(), request.data.end(), peer.begin());
      std::array<std::uint8_t, kSecretSize> secret{};
      auto derived = token.Derive(request.key, peer, secret);
      bool answered = false;
      if (derived) {
        answered = *derived ? Answer({id, HsmReplyStatus::kOk, secret})
                            : Answer({id, HsmReplyStatus::kAbsent, {}});
      }
      explicit_bzero(secret.data(), secret.size());
      if (!derived) return Error{derived.error()};
      return answered;
    }
    case HsmOp::kDestroy: {
      if (Status done = token.Destroy(request.key); !done) return Error{done.error()};
      return Answer({id, HsmReplyStatus::kOk, {}});
    }
  }
  return AnswerReason(id, HsmReplyStatus::kRefused, "unknown operation");
}

// True when the daemon closed the socket: the regular end.
bool ServeUntilClosed(Pkcs11Token& token) {
  while (true) {
    FrameBuffer buffer;
    if (!ReceiveFrame(kHsmSocket, buffer, kNoDeadline)) return true;
    const auto request = ParseRequest(buffer.frame());
    if (!request) {
      AnswerReason(0, HsmReplyStatus::kFailed, "malformed request");
      return false;
    }
    auto served = Serve(token, *request);
    if (!served) {
      AnswerReason(request->id, HsmReplyStatus::kFailed, served.error());
      return false;
    }
    if (!*served) return true;
  }
}

Result<std::unique_ptr<Pkcs11Token>> LogIn(const HsmServiceOptions& options, bool& wrong_pin) {
  auto pin = ReadPinFile(options.pin_file);
  if (!pin) return Error{pin.error()};
  auto token = Pkcs11Token::Open(options.module, options.token, *pin, wrong_pin);
  explicit_bzero(pin->data(), pin->size());
  return token;
}

}  // namespace

int RunHsmService(const HsmServiceOptions& options) {
  if (Status done = Confine(options.parent, kHsmSocket); !done) {
    AnswerReason(0, HsmReplyStatus::kFailed, done.error());
    return 1;
  }
  bool wrong_pin = false;
  auto token = LogIn(options, wrong_pin);
  if (!token) {
    AnswerReason(0, wrong_pin ? HsmReplyStatus::kWrongPin : HsmReplyStatus::kFailed, token.error());
    return 1;
  }
  if (!Answer({0, HsmReplyStatus::kOk, {}})) return 0;
  if (ServeUntilClosed(**token)) return 0;
  // A module that failed may hang or crash when it is closed properly.
  static_cast<void>(token->release());
  return 1;
}

}  // namespace sealwire::keycache
