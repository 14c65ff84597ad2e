#include "control/etcd_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <charconv>
#include <fstream>

#include "control/record_json.h"

namespace sealwire::control {
namespace {

using nlohmann::json;
using Outcome = EtcdReply::Outcome;

constexpr std::size_t kMaxAnswer = 64u << 20;  // a page of a snapshot has some MiB
constexpr long kConnectMs = 1000;
// gRPC status codes (grpc/doc/statuscodes.md).
constexpr int kDeadlineExceeded = 4;
constexpr int kOutOfRange = 11;
constexpr int kUnavailable = 14;
constexpr int kUnauthenticated = 16;

struct HeaderList {
  curl_slist* list = nullptr;
  ~HeaderList() { curl_slist_free_all(list); }
  void Add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
};

// What arrives: collected whole, or given on line by line.
struct Intake {
  std::string text;
  const std::function<bool(const json&)>* take = nullptr;
  const std::atomic<bool>* stop = nullptr;
  bool enough = false;
  bool broken = false;

  bool Lines() {
    std::size_t from = 0;
    for (std::size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
      if (end == from) continue;
      const auto message = ParseJson(std::string_view(text).substr(from, end - from));
      if (!message) {
        broken = true;
        return false;
      }
      if (!(*take)(*message)) {
        enough = true;
        return false;
      }
    }
    text.erase(0, from);
    return true;
  }
};

std::size_t TakeBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto& intake = *static_cast<Intake*>(user);
  if (intake.text.size() + size * count > kMaxAnswer) return 0;
  intake.text.append(data, size * count);
  return intake.take == nullptr || intake.Lines() ? size * count : 0;
}

int Progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& intake = *static_cast<const Intake*>(user);
  return intake.stop != nullptr && intake.stop->load() ? 1 : 0;
}

// The gateway's own words for what went wrong; in a stream they are below "error".
EtcdReply RefusalOf(const json& answer, long status) {
  const json& said = answer.is_object() && answer.contains("error") && answer["error"].is_object()
                         ? answer["error"]
                         : answer;
  EtcdReply reply;
  int code = static_cast<int>(EtcdNumber(said, "code"));
  if (code == 0) code = static_cast<int>(EtcdNumber(said, "grpc_code"));
  reply.error = said.is_object() && said.contains("message") && said["message"].is_string()
                    ? said["message"].get<std::string>()
                    : fmt::format("it answered with status {}", status);
  reply.outcome = code == kOutOfRange ? Outcome::kCompacted
                  : code == kUnavailable || code == kDeadlineExceeded || status >= 500
                      ? Outcome::kAway
                      : Outcome::kRefused;
  reply.body = {{"code", code}};
  return reply;
}

// Before these nothing was sent.
bool NeverArrived(CURLcode code) {
  return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
         code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
         code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE;
}

}  // namespace

struct EtcdClient::Impl {
  struct Close {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  };

  EtcdConfig config;
  long patience_ms = 0;
  std::string password;
  std::unique_ptr<CURL, Close> curl{curl_easy_init()};
  std::string auth_token;
  std::size_t current = 0;  // of config.endpoints

  ~Impl() { OPENSSL_cleanse(password.data(), password.size()); }

  void SetUp(const std::string& url, const std::string& body, const HeaderList& headers,
             Intake& intake, char* why) {
    CURL* c = curl.get();
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, url.c_str());
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.list);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, TakeBody);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &intake);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
    if (!config.ca.empty()) curl_easy_setopt(c, CURLOPT_CAINFO, config.ca.c_str());
    if (!config.certificate.empty()) {
      curl_easy_setopt(c, CURLOPT_SSLCERT, config.certificate.c_str());
      curl_easy_setopt(c, CURLOPT_SSLKEY, config.key.c_str());
    }
    if (intake.take == nullptr) {
      curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, patience_ms);
      return;
    }
    // A stream may be silent for hours; a peer that is gone is noticed by TCP.
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPIDLE, 5L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPINTVL, 2L);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, Progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, &intake);
  }

  // One request to one endpoint.
  EtcdReply Send(std::string_view path, const std::string& body, Intake& intake) {
    const std::string& endpoint = config.endpoints[current];
    HeaderList headers;
    headers.Add("Content-Type: application/json");
    headers.Add("Expect:");
    // Without it a member that lost its quorum answers and knows nothing new.
    headers.Add("Grpc-Metadata-hasleader: true");
    if (!auth_token.empty()) headers.Add("Authorization: " + auth_token);
    char why[CURL_ERROR_SIZE] = {};
    SetUp(endpoint + std::string(path), body, headers, intake, why);
    const CURLcode code = curl_easy_perform(curl.get());
    if (intake.enough) return {Outcome::kDone};
    if (code != CURLE_OK) {
      return {
          NeverArrived(code) ? Outcome::kAway : Outcome::kUnknown,
          {},
          fmt::format("{}: {}", endpoint,
                      why[0] != '\0' ? static_cast<const char*>(why) : curl_easy_strerror(code))};
    }
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    auto answer = ParseJson(intake.text);
    if (status != 200) {
      EtcdReply refusal = RefusalOf(answer.value_or(nullptr), status);
      refusal.error = endpoint + ": " + refusal.error;
      return refusal;
    }
    if (intake.take != nullptr) return {Outcome::kAway, {}, endpoint + ": the stream ended"};
    if (!answer || !answer->is_object()) {
      return {Outcome::kUnknown, {}, endpoint + ": the answer is no JSON object"};
    }
    return {Outcome::kDone, *std::move(answer)};
  }

  EtcdReply LogIn() {
    auth_token.clear();
    Intake intake;
    EtcdReply reply = Send("/v3/auth/authenticate",
                           json{{"name", config.user}, {"password", password}}.dump(), intake);
    if (reply.ok()) {
      auth_token = reply.body.value("token", "");
      // What is not one line of a header is no token.
      if (auth_token.find_first_of("\r\n") != std::string::npos) auth_token.clear();
    }
    return reply;
  }

  EtcdReply SendAs(std::string_view path, const std::string& body, Intake& intake) {
    if (!config.user.empty() && auth_token.empty()) {
      if (EtcdReply reply = LogIn(); !reply.ok()) {
        if (reply.outcome == Outcome::kUnknown) reply.outcome = Outcome::kAway;
        return reply;
      }
    }
    EtcdReply reply = Send(path, body, intake);
    if (reply.outcome == Outcome::kRefused && !config.user.empty() &&
        EtcdNumber(reply.body, "code") == kUnauthenticated && LogIn().ok()) {
      intake.text.clear();
      reply = Send(path, body, intake);
    }
    return reply;
  }

  void NextEndpoint() { current = (current + 1) % config.endpoints.size(); }
};

EtcdClient::EtcdClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EtcdClient::~EtcdClient() = default;

Result<std::unique_ptr<EtcdClient>> EtcdClient::Create(const EtcdConfig& config,
                                                       std::chrono::milliseconds patience) {
  auto impl = std::make_unique<Impl>();
  impl->config = config;
  impl->patience_ms = static_cast<long>(patience.count());
  if (impl->curl == nullptr) return Error{"libcurl cannot be used"};
  if (!config.password_file.empty()) {
    std::ifstream in(config.password_file);
    if (!in || !std::getline(in, impl->password) || impl->password.empty()) {
      return Error{config.password_file + ": no password can be read from it"};
    }
  }
  return std::unique_ptr<EtcdClient>(new EtcdClient(std::move(impl)));
}

const std::string& EtcdClient::endpoint() const noexcept {
  return impl_->config.endpoints[impl_->current];
}

EtcdReply EtcdClient::Call(std::string_view path, const json& request, Kind kind) {
  const std::string body = request.dump();
  EtcdReply reply;
  for (std::size_t tried = 0; tried < impl_->config.endpoints.size(); ++tried) {
    Intake intake;
    reply = impl_->SendAs(path, body, intake);
    const bool again = reply.outcome == Outcome::kAway ||
                       (reply.outcome == Outcome::kUnknown && kind == Kind::kReads);
    if (!again) {
      if (reply.outcome == Outcome::kUnknown) impl_->NextEndpoint();
      return reply;
    }
    impl_->NextEndpoint();
  }
  if (kind == Kind::kReads) reply.outcome = Outcome::kAway;
  return reply;
}

EtcdReply EtcdClient::Stream(std::string_view path, const json& request,
                             const std::function<bool(const json&)>& take,
                             const std::atomic<bool>& stop) {
  Intake intake;
  intake.take = &take;
  intake.stop = &stop;
  EtcdReply reply = impl_->SendAs(path, request.dump(), intake);
  if (!reply.ok()) impl_->NextEndpoint();
  return reply;
}

std::string EtcdOctets(std::string_view octets) {
  std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(octets.data()),
                                   static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> ParseEtcdOctets(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return std::string();
  std::string octets(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(octets.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  octets.resize(static_cast<std::size_t>(size) - padding);
  return octets;
}

std::uint64_t EtcdNumber(const json& object, const char* member) {
  if (!object.is_object()) return 0;
  const auto found = object.find(member);
  if (found == object.end()) return 0;
  if (found->is_number_integer() &&
      (found->is_number_unsigned() || found->get<std::int64_t>() >= 0)) {
    return found->get<std::uint64_t>();
  }
  if (!found->is_string()) return 0;
  const auto& text = found->get_ref<const std::string&>();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

std::uint64_t EtcdRevision(const json& answer) {
  return answer.is_object() && answer.contains("header") ? EtcdNumber(answer["header"], "revision")
                                                         : 0;
}

std::string EtcdEndOf(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace sealwire::control
