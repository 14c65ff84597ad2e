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

Status CheckThere(const HsmOptions& options) {
  if (options.token.empty()) return Error{"the HSM's token has no label"};
  if (Status found = CheckReadable("the program", HsmProgramPath(options), X_OK); !found) {
    return found;
  }
  if (Status found = CheckReadable("the PKCS#11 module", options.module, R_OK); !found) {
    return found;
  }
  return CheckReadable("the PIN file", options.pin_file, R_OK);
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

Result<std::unique_ptr<HsmClient>> HsmClient::Start(std::vector<HsmOptions> tokens) {
  if (tokens.empty()) return Error{"no HSM token is named"};
  for (const HsmOptions& options : tokens) {
    if (Status there = CheckThere(options); !there) return Error{there.error()};
  }
  Members members;
  for (HsmOptions& options : tokens) {
    members.push_back(std::make_unique<HsmSupervisor>(std::move(options)));
  }
  return std::unique_ptr<HsmClient>(new HsmClient(std::move(members)));
}

Result<std::unique_ptr<HsmClient>> HsmClient::Start(HsmOptions options) {
  std::vector<HsmOptions> tokens;
  tokens.push_back(std::move(options));
  return Start(std::move(tokens));
}

HsmClient::HsmClient(Members members) : members_(std::move(members)) {}
HsmClient::~HsmClient() = default;

std::vector<HsmSupervisor*> HsmClient::InOrder() const {
  std::vector<HsmSupervisor*> up, others;
  for (const auto& member : members_) {
    (member->status().state == HsmState::kUp ? up : others).push_back(member.get());
  }
  up.insert(up.end(), others.begin(), others.end());
  return up;
}

bool HsmClient::WaitUntilUp(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (const auto& member : members_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (member->WaitUntilUp(std::max(left, std::chrono::milliseconds(0)))) return true;
  }
  return false;
}

HsmStatus HsmClient::status() const {
  return InOrder().front()->status();
}

std::vector<HsmStatus> HsmClient::tokens() const {
  std::vector<HsmStatus> all;
  for (const auto& member : members_) all.push_back(member->status());
  return all;
}

Result<HsmKey> HsmClient::MakeKey(std::string_view label, KeyUse use) {
  if (label.empty() || label.size() > kMaxLabelSize) {
    return Error{"a key's label has 1 to 1024 octets"};
  }
  std::string reason;
  for (HsmSupervisor* member : InOrder()) {
    HsmRequest request;
    request.op = HsmOp::kMakeKey;
    request.use = use;
    request.label = label;
    // Another id in each token: whether the one before made its key is not known.
    if (RAND_bytes(request.key.data(), static_cast<int>(request.key.size())) != 1) {
      return Error{"no random octets"};
    }
    FrameBuffer buffer;
    auto key = KeyOf(member->Call(request, buffer));
    if (key && key->has_value() && (*key)->id == request.key) return **key;
    reason = key ? "the HSM made another key" : key.error();
  }
  return Error{reason};
}

Result<std::optional<HsmKey>> HsmClient::FindKey(const KeyId& id) {
  HsmRequest request;
  request.op = HsmOp::kFindKey;
  request.key = id;
  std::string reason;
  for (HsmSupervisor* member : InOrder()) {
    FrameBuffer buffer;
    auto key = KeyOf(member->Call(request, buffer));
    if (key && key->has_value()) return key;
    if (!key) reason = key.error();
  }
  // A token that cannot be asked may have it.
  if (!reason.empty()) return Error{reason};
  return std::optional<HsmKey>();
}

Result<std::optional<HsmKey>> HsmClient::FindKeyByLabel(std::string_view label, KeyUse use) {
  HsmRequest request;
  request.op = HsmOp::kFindByLabel;
  request.use = use;
  request.label = label;
  std::string reason;
  bool asked = false;
  for (HsmSupervisor* member : InOrder()) {
    if (asked && member->status().state != HsmState::kUp) break;
    FrameBuffer buffer;
    auto key = KeyOf(member->Call(request, buffer));
    if (key && key->has_value()) return key;
    if (key) asked = true;
    if (!key) reason = key.error();
  }
  if (!asked) return Error{reason};
  return std::optional<HsmKey>();
}

Result<signer::Signature> HsmClient::Sign(const HsmKey& key, const signer::Digest& digest) {
  HsmRequest request;
  request.op = HsmOp::kSign;
  request.key = key.id;
  request.data = digest;
  std::string reason;
  for (HsmSupervisor* member : InOrder()) {
    FrameBuffer buffer;
    const auto reply = member->Call(request, buffer);
    if (!reply) {
      reason = reply.error();
      continue;
    }
    if (reply->status == HsmReplyStatus::kAbsent) continue;
    signer::Signature signature;
    std::copy(reply->body.begin(), reply->body.end(), signature.begin());
    if (signer::Verify(key.public_key, digest, signature)) return signature;
    reason = "the HSM gave a signature that does not verify";
    member->DistrustSignature(reason);
  }
  if (reason.empty()) return NoKey(key.id);
  return Error{reason};
}

Status HsmClient::Derive(const KeyId& id, const signer::PublicKey& peer, SecretBytes secret) {
  // A point off the curve would make the module fail, or worse, answer.
  if (!IsPoint(peer)) return Error{"the peer's public key is not a point of P-256"};
  HsmRequest request;
  request.op = HsmOp::kDerive;
  request.key = id;
  request.data = peer;
  std::string reason;
  for (HsmSupervisor* member : InOrder()) {
    FrameBuffer buffer;
    const auto reply = member->Call(request, buffer);
    if (!reply) {
      reason = reply.error();
    } else if (reply->status != HsmReplyStatus::kAbsent) {
      std::copy(reply->body.begin(), reply->body.end(), secret.begin());
      return Status::Ok();
    }
  }
  if (reason.empty()) return NoKey(id);
  return Error{reason};
}

Status HsmClient::DestroyKey(const KeyId& id) {
  HsmRequest request;
  request.op = HsmOp::kDestroy;
  request.key = id;
  Status done = Status::Ok();
  for (const auto& member : members_) {
    FrameBuffer buffer;
    const auto reply = member->Call(request, buffer);
    if (!reply) done = Error{reply.error()};
  }
  return done;
}

}  // namespace sealwire::keycache
