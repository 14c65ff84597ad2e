// sealctl key import, key revoke: keys from elsewhere, and the end of a key.

#include <string.h>  // explicit_bzero

#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

#include "apps/sealctl.h"

namespace sealwire::apps {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxKeyFile = 8192;

std::optional<std::string> ReadSmallFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxKeyFile, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file) return std::nullopt;
  if (!file.eof()) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

// "ksk" or "zsk" by the flags of the DNSKEY record in a .key file; empty when there is none.
std::string RoleInKeyFile(const std::string& path) {
  const auto text = ReadSmallFile(path);
  if (!text) return {};
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find("DNSKEY");
    if (line.starts_with(';') || at == std::string::npos) continue;
    unsigned flags = 0;
    if (std::sscanf(line.c_str() + at, "DNSKEY %u", &flags) != 1) continue;
    if (flags == 257) return "ksk";
    if (flags == 256) return "zsk";
  }
  return {};
}

// Kexample.com.+013+12345.private: its tag.
std::optional<unsigned> TagInName(const std::string& path) {
  const std::size_t plus = path.rfind('+');
  unsigned tag = 0;
  if (plus == std::string::npos || std::sscanf(path.c_str() + plus, "+%5u.private", &tag) != 1) {
    return std::nullopt;
  }
  return tag;
}

std::optional<json> ReadKey(const std::string& source, bool ksk) {
  json key = {{"role", ksk ? "ksk" : "zsk"}};
  if (source.starts_with("pkcs11:")) {
    key["role"] = "ksk";
    key["source"] = source;
    return key;
  }
  auto text = ReadSmallFile(source);
  if (!text) {
    PrintError(source + " cannot be read, or is no key file");
    return std::nullopt;
  }
  constexpr std::string_view kPrivate = ".private";
  if (source.ends_with(kPrivate)) {
    const std::string beside = source.substr(0, source.size() - kPrivate.size()) + ".key";
    const std::string role = RoleInKeyFile(beside);
    if (role.empty()) {
      PrintError(beside + " is needed too: it says whether the key is a KSK or a ZSK");
      return std::nullopt;
    }
    key["role"] = role;
    if (const auto tag = TagInName(source)) key["key_tag"] = *tag;
  }
  key["source"] = *text;
  explicit_bzero(text->data(), text->size());
  return key;
}

int Show(const Options& options, const std::optional<json>& keys) {
  if (!keys) return kFailed;
  if (options.json) {
    PrintJson(*keys);
    return kDone;
  }
  ShowKeys(*keys);
  return kDone;
}

}  // namespace

int KeyImport(const Options& options) {
  json body = {{"keys", json::array()}};
  for (const std::string& source : options.imported) {
    auto key = ReadKey(source, options.ksk);
    if (!key) return kFailed;
    body["keys"].push_back(*std::move(key));
  }
  auto session = Session::Open(options);
  if (!session) return kFailed;
  std::string text = body.dump();
  const auto keys = session->Send({"POST", ZonePath(options.zone) + "/keys", text, false});
  explicit_bzero(text.data(), text.size());
  return Show(options, keys);
}

int KeyRevoke(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  json body = json::object();
  if (!options.override_name.empty()) body["override"] = options.override_name;
  return Show(options, session->Send(
                           {"POST", ZonePath(options.zone) + "/keys/" + options.key_tag + "/revoke",
                            body.dump(), false}));
}

}  // namespace sealwire::apps
