#include "keycache/hsm_client.h"

#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "keycache/ecdh.h"
#include "keycache/frame_io.h"
#include "keycache/hsm_protocol.h"
#include "keycache/hsm_supervisor.h"
#include "signer/openssl_signer.h"

namespace sealwire::keycache {
namespace {

Status CheckReadable(const std::string& what, const std::string& path, int mode) {
  if (access(path.c_str(), mode) == 0) return Status::Ok();
  return Error{what + " " + path + " is not there or may not be used"};
}

std::string Hex(dns::Bytes octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::uint8_t octet : octets) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

Error NoKey(const KeyId& id) {
  return {"the token has no key " + Hex(id) + " for this use"};
}

Result<std::optional<HsmKey>> KeyOf(const Result<HsmReply>& reply) {
  if (!reply) return Error{reply.error()};
  if (reply->status == HsmReplyStatus::kAbsent) return std::optional<HsmKey>();
  const auto key = ParseKey(reply->body);
  if (!key || !IsPoint(key->public_key)) return Error{"the token gave a key that is no P-256 key"};
  return key;
}

}  // namespace

std::string_view ToText(HsmState state) noexcept {
  switch (state) {
    case HsmState::kStarting:
      return "starting";
    case HsmState::kUp:
      return "up";
    case HsmState::kAway:
      return "away";
    case HsmState::kWrongPin:
      return "wrong-pin";
  }
  return "unknown";
}

Result<std::unique_ptr<HsmClient>> HsmClient::Start(HsmOptions options) {
  if (options.token.empty()) return Error{"the HSM's token has no label"};
  if (Status found = CheckReadable("the program", HsmProgramPath(options), X_OK); !found) {
    return Error{found.error()};
  }
  if (Status found = CheckReadable("the PKCS#11 module", options.module, R_OK); !found) {
    return Error{found.error()};
  }
  if (Status found = CheckReadable("the PIN file", options.pin_file, R_OK); !found) {
    return Error{found.error()};
  }
  return std::unique_ptr<HsmClient>(
      new HsmClient(std::make_unique<HsmSupervisor>(std::move(options))));
}

HsmClient::HsmClient(std::unique_ptr<HsmSupervisor> supervisor)
    : supervisor_(std::move(supervisor)) {}
HsmClient::~HsmClient() = default;

bool HsmClient::WaitUntilUp(std::chrono::milliseconds patience) {
  return supervisor_->WaitUntilUp(patience);
}

HsmStatus HsmClient::status() const {
  return supervisor_->status();
}

Result<HsmKey> HsmClient::MakeKey(std::string_view label, KeyUse use) {
  HsmRequest request;
  request.op = HsmOp::kMakeKey;
  request.use = use;
  request.label = label;
  if (label.empty() || label.size() > kMaxLabelSize)
    return Error{"a key's label has 1 to 1024 octets"};
  if (RAND_bytes(request.key.data(), static_cast<int>(request.key.size())) != 1) {
    return Error{"no random octets"};
  }
  FrameBuffer buffer;
  auto key = KeyOf(supervisor_->Call(request, buffer));
  if (!key) return Error{key.error()};
  if (!key->has_value() || (*key)->id != request.key) return Error{"the HSM made another key"};
  return **key;
}

Result<std::optional<HsmKey>> HsmClient::FindKey(const KeyId& id) {
  HsmRequest request;
  request.op = HsmOp::kFindKey;
  request.key = id;
  FrameBuffer buffer;
  return KeyOf(supervisor_->Call(request, buffer));
}

Result<std::optional<HsmKey>> HsmClient::FindKeyByLabel(std::string_view label, KeyUse use) {
  HsmRequest request;
  request.op = HsmOp::kFindByLabel;
  request.use = use;
  request.label = label;
  FrameBuffer buffer;
  return KeyOf(supervisor_->Call(request, buffer));
}

Result<signer::Signature> HsmClient::Sign(const HsmKey& key, const signer::Digest& digest) {
  HsmRequest request;
  request.op = HsmOp::kSign;
  request.key = key.id;
  request.data = digest;
  FrameBuffer buffer;
  const auto reply = supervisor_->Call(request, buffer);
  if (!reply) return Error{reply.error()};
  if (reply->status == HsmReplyStatus::kAbsent) return NoKey(key.id);
  signer::Signature signature;
  std::copy(reply->body.begin(), reply->body.end(), signature.begin());
  if (!signer::Verify(key.public_key, digest, signature)) {
    const std::string reason = "the HSM gave a signature that does not verify";
    supervisor_->Distrust(reason);
    return Error{reason};
  }
  return signature;
}

Status HsmClient::Derive(const KeyId& id, const signer::PublicKey& peer, SecretBytes secret) {
  // A point off the curve would make the module fail, or worse, answer.
  if (!IsPoint(peer)) return Error{"the peer's public key is not a point of P-256"};
  HsmRequest request;
  request.op = HsmOp::kDerive;
  request.key = id;
  request.data = peer;
  FrameBuffer buffer;
  const auto reply = supervisor_->Call(request, buffer);
  if (!reply) return Error{reply.error()};
  if (reply->status == HsmReplyStatus::kAbsent) return NoKey(id);
  std::copy(reply->body.begin(), reply->body.end(), secret.begin());
  return Status::Ok();
}

Status HsmClient::DestroyKey(const KeyId& id) {
  HsmRequest request;
  request.op = HsmOp::kDestroy;
  request.key = id;
  FrameBuffer buffer;
  const auto reply = supervisor_->Call(request, buffer);
  if (!reply) return Error{reply.error()};
  return Status::Ok();
}

}  // namespace sealwire::keycache
