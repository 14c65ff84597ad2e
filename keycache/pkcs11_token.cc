#include "keycache/pkcs11_token.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sealwire::keycache {
namespace {

constexpr std::size_t kMaxHandles = 65536;

// prime256v1 (RFC 5480 section 2.1.1.1) as DER.
constexpr std::array<std::uint8_t, 10> kP256 = {0x06, 0x08, 0x2a, 0x86, 0x48,
                                                0xce, 0x3d, 0x03, 0x01, 0x07};

// CKA_EC_POINT is a DER OCTET STRING around the uncompressed point; some modules leave it off.
std::optional<signer::PublicKey> ParsePoint(dns::Bytes point) noexcept {
  if (point.size() == 67 && point[0] == 0x04 && point[1] == 65) point = point.subspan(2);
  if (point.size() != 65 || point[0] != 0x04) return std::nullopt;
  signer::PublicKey key;
  std::copy(point.begin() + 1, point.end(), key.begin());
  return key;
}

}  // namespace

Pkcs11Token::Pkcs11Token(std::unique_ptr<Pkcs11Session> opened)
    : pkcs11_(std::move(opened)), api_(pkcs11_->api()), session_(pkcs11_->session()) {}

Result<std::unique_ptr<Pkcs11Token>> Pkcs11Token::Open(const std::string& module,
                                                       const std::string& token,
                                                       const std::string& pin, bool& wrong_pin) {
  auto opened = Pkcs11Session::Open(module, token, pin, wrong_pin);
  if (!opened) return Error{opened.error()};
  return std::unique_ptr<Pkcs11Token>(new Pkcs11Token(std::move(opened).value()));
}

Result<std::vector<CK_OBJECT_HANDLE>> Pkcs11Token::Find(std::span<CK_ATTRIBUTE> pattern) {
  CK_RV value = api_.C_FindObjectsInit(session_, pattern.data(), pattern.size());
  if (value != CKR_OK) return Pkcs11Error("C_FindObjectsInit", value);
  std::vector<CK_OBJECT_HANDLE> found;
  CK_OBJECT_HANDLE batch[64];
  CK_ULONG count = 0;
  do {
    value = api_.C_FindObjects(session_, batch, std::size(batch), &count);
    if (value != CKR_OK) break;
    found.insert(found.end(), batch, batch + count);
  } while (count == std::size(batch));
  const CK_RV ended = api_.C_FindObjectsFinal(session_);
  if (value != CKR_OK) return Pkcs11Error("C_FindObjects", value);
  if (ended != CKR_OK) return Pkcs11Error("C_FindObjectsFinal", ended);
  return found;
}

Status Pkcs11Token::Ping() {
  CK_SESSION_INFO session{};
  if (CK_RV value = api_.C_GetSessionInfo(session_, &session); value != CKR_OK) {
    return Pkcs11Error("C_GetSessionInfo", value);
  }
  if (session.state != CKS_RW_USER_FUNCTIONS) return Error{"the session is logged in no more"};
  CK_TOKEN_INFO token{};
  if (CK_RV value = api_.C_GetTokenInfo(pkcs11_->slot(), &token); value != CKR_OK) {
    return Pkcs11Error("C_GetTokenInfo", value);
  }
  return Status::Ok();
}

Result<std::optional<HsmKey>> Pkcs11Token::FindKey(const KeyId& id) {
  CK_OBJECT_CLASS object_class = CKO_PUBLIC_KEY;
  CK_ATTRIBUTE pattern[] = {Attribute(CKA_CLASS, object_class),
                            Attribute(CKA_ID, id.data(), id.size())};
  auto found = Find(pattern);
  if (!found) return Error{found.error()};
  if (found->empty()) return std::optional<HsmKey>();
  if (found->size() > 1) return Error{"two keys in the token have the same id"};

  std::array<std::uint8_t, 128> point{};
  CK_ATTRIBUTE attribute = Attribute(CKA_EC_POINT, point.data(), point.size());
  const CK_RV value = api_.C_GetAttributeValue(session_, found->front(), &attribute, 1);
  if (value != CKR_OK) return Pkcs11Error("C_GetAttributeValue", value);
  const auto key =
      ParsePoint(dns::Bytes(point).first(std::min(attribute.ulValueLen, point.size())));
  if (!key) return Error{"a key in the token is no P-256 key"};
  return std::optional<HsmKey>(HsmKey{id, *key});
}

Result<CK_OBJECT_HANDLE> Pkcs11Token::FindPrivate(const KeyId& id, KeyUse use) {
  auto& handles = handles_[static_cast<std::size_t>(use)];
  if (const auto known = handles.find(id); known != handles.end()) return known->second;

  CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
  CK_BBOOL yes = CK_TRUE;
  CK_ATTRIBUTE pattern[] = {Attribute(CKA_CLASS, object_class),
                            Attribute(CKA_ID, id.data(), id.size()),
                            Attribute(use == KeyUse::kSign ? CKA_SIGN : CKA_DERIVE, yes)};
  auto found = Find(pattern);
  if (!found) return Error{found.error()};
  if (found->empty()) return CK_OBJECT_HANDLE{CK_INVALID_HANDLE};
  if (found->size() > 1) return Error{"two keys in the token have the same id"};
  if (handles.size() >= kMaxHandles) handles.clear();
  handles.emplace(id, found->front());
  return found->front();
}

Result<HsmKey> Pkcs11Token::MakeKey(const KeyId& id, std::string_view label, KeyUse use) {
  auto handle = FindPrivate(id, use);
  if (!handle) return Error{handle.error()};
  auto key = FindKey(id);
  if (!key) return Error{key.error()};
  if (*handle == CK_INVALID_HANDLE || !key->has_value()) {
    // A half that an interrupted attempt left is of no use.
    if (Status done = Destroy(id); !done) return Error{done.error()};
    if (Status done = Generate(id, label, use); !done) return Error{done.error()};
    key = FindKey(id);
    if (!key) return Error{key.error()};
    if (!key->has_value()) return Error{"the token does not show the key it has made"};
  }
  return **key;
}

Status Pkcs11Token::Generate(const KeyId& id, std::string_view label, KeyUse use) {
  CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  CK_BBOOL sign = use == KeyUse::kSign ? CK_TRUE : CK_FALSE;
  CK_BBOOL derive = use == KeyUse::kDerive ? CK_TRUE : CK_FALSE;
  CK_ATTRIBUTE public_half[] = {Attribute(CKA_TOKEN, yes),
                                Attribute(CKA_PRIVATE, no),
                                Attribute(CKA_VERIFY, sign),
                                Attribute(CKA_EC_PARAMS, kP256.data(), kP256.size()),
                                Attribute(CKA_ID, id.data(), id.size()),
                                Attribute(CKA_LABEL, label.data(), label.size())};
  // A module takes what is not said for allowed: say all of it.
  CK_ATTRIBUTE private_half[] = {Attribute(CKA_TOKEN, yes),
                                 Attribute(CKA_PRIVATE, yes),
                                 Attribute(CKA_SENSITIVE, yes),
                                 Attribute(CKA_EXTRACTABLE, no),
                                 Attribute(CKA_SIGN, sign),
                                 Attribute(CKA_DERIVE, derive),
                                 Attribute(CKA_DECRYPT, no),
                                 Attribute(CKA_UNWRAP, no),
                                 Attribute(CKA_SIGN_RECOVER, no),
                                 Attribute(CKA_ID, id.data(), id.size()),
                                 Attribute(CKA_LABEL, label.data(), label.size())};
  CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made_public = CK_INVALID_HANDLE, made_private = CK_INVALID_HANDLE;
  const CK_RV value =
      api_.C_GenerateKeyPair(session_, &mechanism, public_half, std::size(public_half),
                             private_half, std::size(private_half), &made_public, &made_private);
  if (value != CKR_OK) return Pkcs11Error("C_GenerateKeyPair", value);
  Status guarded = CheckGuarded(made_private);
  if (!guarded) {
    api_.C_DestroyObject(session_, made_private);
    api_.C_DestroyObject(session_, made_public);
  }
  return guarded;
}

// A module may ignore what it was asked for.
Status Pkcs11Token::CheckGuarded(CK_OBJECT_HANDLE key) {
  CK_BBOOL sensitive = CK_FALSE, extractable = CK_TRUE;
  CK_ATTRIBUTE attributes[] = {Attribute(CKA_SENSITIVE, sensitive),
                               Attribute(CKA_EXTRACTABLE, extractable)};
  const CK_RV value = api_.C_GetAttributeValue(session_, key, attributes, std::size(attributes));
  if (value != CKR_OK) return Pkcs11Error("C_GetAttributeValue", value);
  if (sensitive != CK_TRUE || extractable != CK_FALSE) {
    return Error{"the token made a key that can be taken out of it"};
  }
  return Status::Ok();
}

Result<std::optional<ListedKey>> Pkcs11Token::Describe(CK_OBJECT_HANDLE private_half) {
  KeyId id{};
  std::array<char, 1024> label{};
  CK_BBOOL signs = CK_FALSE;
  CK_ATTRIBUTE attributes[] = {Attribute(CKA_ID, id), Attribute(CKA_LABEL, label),
                               Attribute(CKA_SIGN, signs)};
  const CK_RV value =
      api_.C_GetAttributeValue(session_, private_half, attributes, std::size(attributes));
  if (value != CKR_OK || attributes[0].ulValueLen != id.size()) return std::optional<ListedKey>();
  auto key = FindKey(id);
  // A key of another curve is not ours, and no fault of the token's.
  if (!key || !key->has_value()) return std::optional<ListedKey>();
  const std::size_t size = std::min<std::size_t>(attributes[1].ulValueLen, label.size());
  return std::optional<ListedKey>(
      {**key, signs == CK_TRUE ? KeyUse::kSign : KeyUse::kDerive, std::string(label.data(), size)});
}

Result<std::vector<ListedKey>> Pkcs11Token::List() {
  CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
  CK_KEY_TYPE key_type = CKK_EC;
  CK_ATTRIBUTE pattern[] = {Attribute(CKA_CLASS, object_class), Attribute(CKA_KEY_TYPE, key_type)};
  auto found = Find(pattern);
  if (!found) return Error{found.error()};
  std::vector<ListedKey> keys;
  for (CK_OBJECT_HANDLE handle : *found) {
    auto key = Describe(handle);
    if (!key) return Error{key.error()};
    if (key->has_value()) keys.push_back(std::move(**key));
  }
  std::sort(keys.begin(), keys.end(),
            [](const ListedKey& a, const ListedKey& b) { return a.key.id < b.key.id; });
  return keys;
}

Result<std::optional<HsmKey>> Pkcs11Token::FindKeyByLabel(std::string_view label, KeyUse use) {
  CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
  CK_BBOOL yes = CK_TRUE;
  CK_ATTRIBUTE pattern[] = {Attribute(CKA_CLASS, object_class),
                            Attribute(CKA_LABEL, label.data(), label.size()),
                            Attribute(use == KeyUse::kSign ? CKA_SIGN : CKA_DERIVE, yes)};
  auto found = Find(pattern);
  if (!found) return Error{found.error()};
  std::optional<KeyId> lowest;
  for (CK_OBJECT_HANDLE handle : *found) {
    KeyId id{};
    CK_ATTRIBUTE attribute = Attribute(CKA_ID, id);
    // An id of another length is not ours.
    if (api_.C_GetAttributeValue(session_, handle, &attribute, 1) != CKR_OK ||
        attribute.ulValueLen != id.size()) {
      continue;
    }
    if (!lowest || id < *lowest) lowest = id;
  }
  if (!lowest) return std::optional<HsmKey>();
  return FindKey(*lowest);
}

Result<std::optional<signer::Signature>> Pkcs11Token::Sign(const KeyId& id,
                                                           const signer::Digest& digest) {
  auto key = FindPrivate(id, KeyUse::kSign);
  if (!key) return Error{key.error()};
  if (*key == CK_INVALID_HANDLE) return std::optional<signer::Signature>();
  CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
  if (CK_RV value = api_.C_SignInit(session_, &mechanism, *key); value != CKR_OK) {
    return Pkcs11Error("C_SignInit", value);
  }
  signer::Digest input = digest;
  signer::Signature signature{};
  CK_ULONG size = signature.size();
  if (CK_RV value = api_.C_Sign(session_, input.data(), input.size(), signature.data(), &size);
      value != CKR_OK) {
    return Pkcs11Error("C_Sign", value);
  }
  if (size != signature.size()) return Error{"C_Sign: a signature of the wrong size"};
  return std::optional<signer::Signature>(signature);
}

Result<bool> Pkcs11Token::Derive(const KeyId& id, const signer::PublicKey& peer,
                                 SecretBytes secret) {
  auto key = FindPrivate(id, KeyUse::kDerive);
  if (!key) return Error{key.error()};
  if (*key == CK_INVALID_HANDLE) return false;

  std::array<std::uint8_t, 65> point;
  point[0] = 0x04;
  std::copy(peer.begin(), peer.end(), point.begin() + 1);
  CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, point.size(), point.data()};
  CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};

  CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
  CK_KEY_TYPE key_type = CKK_GENERIC_SECRET;
  CK_ULONG size = secret.size();
  CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  CK_ATTRIBUTE pattern[] = {Attribute(CKA_CLASS, object_class), Attribute(CKA_KEY_TYPE, key_type),
                            Attribute(CKA_VALUE_LEN, size),     Attribute(CKA_TOKEN, no),
                            Attribute(CKA_SENSITIVE, no),       Attribute(CKA_EXTRACTABLE, yes)};
  CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
  CK_RV value = api_.C_DeriveKey(session_, &mechanism, *key, pattern, std::size(pattern), &derived);
  if (value != CKR_OK) return Pkcs11Error("C_DeriveKey", value);
  CK_ATTRIBUTE attribute = Attribute(CKA_VALUE, secret.data(), secret.size());
  value = api_.C_GetAttributeValue(session_, derived, &attribute, 1);
  api_.C_DestroyObject(session_, derived);
  if (value != CKR_OK) return Pkcs11Error("C_GetAttributeValue", value);
  if (attribute.ulValueLen != secret.size())
    return Error{"C_DeriveKey: a secret of the wrong size"};
  return true;
}

Status Pkcs11Token::Destroy(const KeyId& id) {
  for (auto& handles : handles_) handles.erase(id);
  // The private half first: a public half alone does no harm and is cleared by a repetition.
  for (CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
    CK_ATTRIBUTE pattern[] = {Attribute(CKA_CLASS, object_class),
                              Attribute(CKA_ID, id.data(), id.size())};
    auto found = Find(pattern);
    if (!found) return Error{found.error()};
    for (CK_OBJECT_HANDLE handle : *found) {
      if (CK_RV value = api_.C_DestroyObject(session_, handle); value != CKR_OK) {
        return Pkcs11Error("C_DestroyObject", value);
      }
    }
  }
  return Status::Ok();
}

}  // namespace sealwire::keycache
