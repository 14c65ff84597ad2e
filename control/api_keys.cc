// /v1/zones/{name}/keys: keys that were made elsewhere, and keys that nobody may trust any more.

#include <string.h>  // explicit_bzero

#include <charconv>

#include "control/api_call.h"
#include "control/key_import.h"

namespace sealwire::control {

using keycache::Role;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxImported = 2;

Outcome Invalid(std::string detail) {
  return {Failure::kInvalid, std::move(detail)};
}

// Nothing of a private key is left in the text or in what was parsed from it.
void Wipe(json& value) {
  if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    explicit_bzero(text.data(), text.size());
  }
  if (value.is_structured()) {
    for (json& each : value) Wipe(each);
  }
}

Result<ImportedKey> ReadKey(json& value) {
  if (!value.is_object()) return Error{"keys must list objects"};
  ImportedKey key;
  for (auto& [name, member] : value.items()) {
    if (name == "role" && (member == "ksk" || member == "zsk")) {
      key.role = member == "ksk" ? Role::kKsk : Role::kZsk;
    } else if (name == "source" && member.is_string()) {
      key.source = member.get_ref<const std::string&>();
    } else if (name == "key_tag" && member.is_number_unsigned() &&
               member.get<std::uint64_t>() <= 65535) {
      key.key_tag = member.get<std::uint16_t>();
    } else {
      return Error{
          "a key has \"role\": \"ksk\" or \"zsk\", \"source\": a private key or a pkcs11: "
          "URI, and if you like \"key_tag\""};
    }
  }
  if (!value.contains("role") || key.source.empty()) return Error{"a key needs role and source"};
  return key;
}

Result<std::shared_ptr<const ImportedKeys>> ReadKeys(json& body) {
  auto keys = std::make_shared<ImportedKeys>();
  if (!body.contains("keys") || !body["keys"].is_array() || body["keys"].empty() ||
      body["keys"].size() > kMaxImported) {
    return Error{"keys must be a list of one or two keys"};
  }
  keys->reserve(kMaxImported);
  for (json& value : body["keys"]) {
    auto key = ReadKey(value);
    if (!key.ok()) return Error{key.error()};
    keys->push_back(*std::move(key));
  }
  return std::shared_ptr<const ImportedKeys>(std::move(keys));
}

}  // namespace

void Api::PostKeys(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  auto body = call.Body({"keys"});
  explicit_bzero(call.request.body.data(), call.request.body.size());
  if (!body) return;
  const auto keys = ReadKeys(*body);
  Wipe(*body);
  if (!keys.ok()) return call.Send(ProblemOf(Invalid(keys.error())));
  if (!MayChangeKeys(call, *name)) return;
  zones_.ImportKeys(*name, *keys, call.who,
                    ChangingKeys(*name, [this, call](const Outcome& outcome) mutable {
                      if (!outcome.ok()) return call.Send(ProblemOf(outcome));
                      SendChangedKeys(call);
                    }));
}

void Api::RevokeKey(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const std::string& text = call.request.segments[4];
  std::uint16_t key_tag = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), key_tag);
  if (error != std::errc() || end != text.data() + text.size()) {
    return call.Send(ProblemOf(Invalid("'" + text + "' is no key tag")));
  }
  const auto body = call.Body({"override"});
  if (!body) return;
  if (body->contains("override") && !(*body)["override"].is_string()) {
    return call.Send(ProblemOf(Invalid("override must be text")));
  }
  if (!MayChangeKeys(call, *name)) return;
  zones_.RevokeKey(*name, key_tag, body->value("override", ""), call.who,
                   ChangingKeys(*name, [this, call](const Outcome& outcome) mutable {
                     if (!outcome.ok()) return call.Send(ProblemOf(outcome));
                     SendChangedKeys(call);
                   }));
}

}  // namespace sealwire::control
