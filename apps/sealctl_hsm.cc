// sealctl hsm: key ceremonies on this machine, with the token itself and not through the API.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "apps/sealctl.h"
#include "control/config.h"
#include "keycache/dnskey.h"
#include "keycache/hsm_ceremony.h"
#include "keycache/pin_file.h"
#include "keycache/token_setup.h"
#include "net/file_descriptor.h"
#include "net/random.h"
#include "signer/rrsig.h"

namespace sealwire::apps {

using keycache::CeremonyStep;
using keycache::HsmCeremony;
using keycache::KeyUse;
using keycache::ListedKey;
using nlohmann::json;

namespace {

constexpr int kManifestVersion = 1;

// What the options say, and for the rest the configuration file.
std::optional<keycache::TokenAddress> AddressOf(const Options& options) {
  keycache::TokenAddress address{options.hsm.module, options.hsm.token, options.hsm.pin_file};
  if (address.module.empty() || address.token.empty() || address.pin_file.empty()) {
    const auto config = control::Config::FromFile(options.hsm.config);
    if (!config) {
      PrintError(config.error() + "\ngive --config, or --module, --token and --pin-file");
      return std::nullopt;
    }
    // Of a pool the token that --token names, or the first.
    const auto wanted =
        std::find_if(config->hsm.begin(), config->hsm.end(), [&](const control::HsmConfig& one) {
          return address.token.empty() || one.token == address.token;
        });
    if (wanted == config->hsm.end()) {
      PrintError(options.hsm.config +
                 " has no such token under `hsm:`; give --module, --token and --pin-file");
      return std::nullopt;
    }
    if (address.module.empty()) address.module = wanted->module;
    if (address.token.empty()) address.token = wanted->token;
    if (address.pin_file.empty()) address.pin_file = wanted->pin_file;
  }
  return address;
}

std::unique_ptr<HsmCeremony> Open(const Options& options) {
  const auto address = AddressOf(options);
  if (!address) return nullptr;
  auto opened = HsmCeremony::Open(*address);
  if (!opened) {
    PrintError(opened.error());
    return nullptr;
  }
  return std::move(opened).value();
}

std::string Hex(dns::Bytes octets) {
  std::string text;
  for (std::uint8_t octet : octets) text += fmt::format("{:02x}", octet);
  return text;
}

template <std::size_t kSize>
bool FromHex(const std::string& text, std::array<std::uint8_t, kSize>& octets) {
  if (text.size() != 2 * kSize || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return false;
  }
  for (std::size_t i = 0; i < kSize; ++i) {
    octets[i] = static_cast<std::uint8_t>(std::stoul(text.substr(2 * i, 2), nullptr, 16));
  }
  return true;
}

json ToJson(const ListedKey& key) {
  json out = {{"id", Hex(key.key.id)},
              {"use", key.use == KeyUse::kSign ? "sign" : "derive"},
              {"label", key.label},
              {"public_key", Hex(key.key.public_key)}};
  if (key.use == KeyUse::kSign) {
    out["key_tag"] = signer::KeyTag(keycache::MakeDnskey(keycache::Role::kKsk, key.key.public_key));
  }
  return out;
}

std::optional<ListedKey> FromJson(const json& entry) {
  ListedKey key;
  key.label = Text(entry, "label");
  const std::string use = Text(entry, "use");
  key.use = use == "derive" ? KeyUse::kDerive : KeyUse::kSign;
  if ((use != "sign" && use != "derive") || !FromHex(Text(entry, "id"), key.key.id) ||
      !FromHex(Text(entry, "public_key"), key.key.public_key)) {
    return std::nullopt;
  }
  return key;
}

// 20 octets out of 62, about 119 bits; letters and digits pass every module's rules.
std::string RandomPin() {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  net::Random random;
  std::string pin;
  while (pin.size() < 20) {
    const std::size_t draw = random.U16() & 63u;
    if (draw < kAlphabet.size()) pin += kAlphabet[draw];
  }
  return pin;
}

bool WriteNewFile(const std::string& path, const std::string& text, mode_t mode) {
  const net::FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  return fd.open() &&
         ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         ::fsync(fd.get()) == 0;
}

// The user PIN: what the file says, or a new one that is written there first.
std::optional<std::string> PinFor(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) {
    auto pin = keycache::ReadPinFile(path);
    if (pin) return *pin;
    PrintError(pin.error());
    return std::nullopt;
  }
  std::string pin = RandomPin();
  if (!WriteNewFile(path, pin + "\n", 0600)) {
    PrintError("cannot write a new PIN to " + path);
    return std::nullopt;
  }
  return pin;
}

int ShowSteps(const Options& options, const std::vector<CeremonyStep>& steps) {
  bool all = true;
  json out = json::array();
  for (const CeremonyStep& step : steps) {
    all &= step.ok;
    out.push_back({{"step", step.what}, {"ok", step.ok}, {"microseconds", step.us}});
    if (!step.ok) out.back()["error"] = step.detail;
    if (!options.json) {
      std::printf("%s  %s", step.ok ? "ok  " : "FAIL", step.what.c_str());
      if (step.ok) std::printf("  (%.1f ms)\n", static_cast<double>(step.us) / 1000);
      if (!step.ok) std::printf(": %s\n", step.detail.c_str());
    }
  }
  if (options.json) PrintJson({{"ok", all}, {"steps", std::move(out)}});
  return all ? kDone : kFailed;
}

// Every key of a manifest, as a step of its own.
bool ProveManifest(HsmCeremony& ceremony, const std::string& path,
                   std::vector<CeremonyStep>& steps) {
  std::ifstream file(path);
  const json manifest = json::parse(file, nullptr, false);
  if (!manifest.is_object() || manifest.value("version", 0) != kManifestVersion ||
      !manifest.value("keys", json()).is_array()) {
    PrintError(path + " is no manifest of `sealctl hsm backup`");
    return false;
  }
  for (const json& entry : manifest["keys"]) {
    const auto key = FromJson(entry);
    if (!key) {
      PrintError(path + " has a key that cannot be read: " + entry.dump());
      return false;
    }
    const Status proved = ceremony.Prove(*key);
    steps.push_back({fmt::format("key {} ({}) of {}", Hex(key->key.id),
                                 key->use == KeyUse::kSign ? "signs" : "derives", key->label),
                     proved.ok(), proved.ok() ? "" : proved.error(), 0});
  }
  return true;
}

}  // namespace

int HsmInit(const Options& options) {
  const auto address = AddressOf(options);
  if (!address) return kFailed;
  auto so_pin = keycache::ReadPinFile(options.hsm.so_pin_file);
  if (!so_pin) {
    PrintError(so_pin.error());
    return kFailed;
  }
  auto pin = PinFor(address->pin_file);
  if (!pin) return kFailed;
  const Status made = keycache::SetUpToken(address->module, address->token, *so_pin, *pin);
  explicit_bzero(so_pin->data(), so_pin->size());
  explicit_bzero(pin->data(), pin->size());
  if (!made) {
    PrintError(made.error());
    return kFailed;
  }
  if (!options.json) {
    std::printf("token \"%s\" is made; its user PIN is in %s\n", address->token.c_str(),
                address->pin_file.c_str());
  }
  auto ceremony = HsmCeremony::Open(*address);
  if (!ceremony) {
    PrintError(ceremony.error());
    return kFailed;
  }
  return ShowSteps(options, (*ceremony)->Rehearse());
}

int HsmList(const Options& options) {
  const auto ceremony = Open(options);
  if (!ceremony) return kFailed;
  const auto keys = ceremony->List();
  if (!keys) {
    PrintError(keys.error());
    return kFailed;
  }
  json all = json::array();
  control::TextTable table({"ID", "USE", "TAG", "LABEL"});
  for (const ListedKey& key : *keys) {
    all.push_back(ToJson(key));
    table.Add(
        {Text(all.back(), "id"), Text(all.back(), "use"), Text(all.back(), "key_tag"), key.label});
  }
  if (options.json) {
    PrintJson({{"keys", std::move(all)}});
  } else {
    std::fputs(table.ToText().c_str(), stdout);
  }
  return kDone;
}

int HsmBackup(const Options& options) {
  const auto ceremony = Open(options);
  if (!ceremony) return kFailed;
  const auto keys = ceremony->List();
  if (!keys) {
    PrintError(keys.error());
    return kFailed;
  }
  json all = json::array();
  for (const ListedKey& key : *keys) {
    if (const Status proved = ceremony->Prove(key); !proved) {
      PrintError("key " + Hex(key.key.id) + " of " + key.label + ": " + proved.error());
      return kFailed;
    }
    all.push_back(ToJson(key));
  }
  const json manifest = {{"version", kManifestVersion}, {"keys", std::move(all)}};
  if (!WriteNewFile(options.file, manifest.dump(1) + "\n", 0644)) {
    PrintError("cannot write " + options.file + ": it must not exist yet");
    return kFailed;
  }
  std::fprintf(
      stderr,
      "%zu keys are listed in %s, each proved by use. Private halves cannot leave the token: copy "
      "them with\nits maker's tools (SoftHSM: its token directory), then check the copy with "
      "`sealctl hsm verify --against`.\n",
      keys->size(), options.file.c_str());
  return kDone;
}

int HsmVerify(const Options& options) {
  const auto ceremony = Open(options);
  if (!ceremony) return kFailed;
  std::vector<CeremonyStep> steps = ceremony->Rehearse();
  if (!options.file.empty() && !ProveManifest(*ceremony, options.file, steps)) return kFailed;
  return ShowSteps(options, steps);
}

}  // namespace sealwire::apps
