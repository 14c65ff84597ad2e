#include "control/api_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <strings.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "control/record_json.h"

namespace sealwire::control {
namespace {

constexpr const char* kDefaultTokenFile = "/etc/sealwire/token";
constexpr std::size_t kMaxAnswer = 64u << 20;
constexpr long kTimeoutSeconds = 60;
constexpr std::string_view kUnixScheme = "unix:";

std::size_t TakeBody(char* data, std::size_t size, std::size_t count, void* answer) {
  auto& body = static_cast<ApiAnswer*>(answer)->body;
  if (body.size() + size * count > kMaxAnswer) return 0;
  body.append(data, size * count);
  return size * count;
}

std::size_t TakeHeader(char* data, std::size_t size, std::size_t count, void* answer) {
  const std::string_view line(data, size * count);
  constexpr std::string_view kEtag = "etag:";
  if (line.size() > kEtag.size() && ::strncasecmp(line.data(), kEtag.data(), kEtag.size()) == 0) {
    std::string& etag = static_cast<ApiAnswer*>(answer)->etag;
    etag = line.substr(kEtag.size());
    etag.erase(0, etag.find_first_not_of(" \t"));
    etag.erase(etag.find_last_not_of(" \t\r\n") + 1);
  }
  return line.size();
}

Result<std::string> ReadToken(const std::string& file) {
  std::ifstream in(file);
  std::string token;
  if (!in || !std::getline(in, token)) {
    return Error{fmt::format("{}: {}", file, in.is_open() ? "has no token" : std::strerror(errno))};
  }
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  return token;
}

struct HeaderList {
  curl_slist* list = nullptr;
  ~HeaderList() { curl_slist_free_all(list); }
  void Add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
};

}  // namespace

struct ApiClient::Impl {
  struct Close {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  };
  std::unique_ptr<CURL, Close> curl{curl_easy_init()};
  std::string url;     // as given
  std::string base;    // "http://localhost" for a unix socket
  std::string socket;  // its path, or empty
  std::string token;
  Tls tls;
  std::string reason;
};

nlohmann::json ApiAnswer::Json() const {
  return ParseJson(body).value_or(nullptr);
}

std::string ApiAnswer::Problem() const {
  const nlohmann::json problem = Json();
  if (problem.is_object() && problem.contains("detail") && problem["detail"].is_string()) {
    return problem["detail"].get<std::string>();
  }
  return fmt::format("the server answered with status {}", status);
}

ApiClient::ApiClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiClient::~ApiClient() = default;
ApiClient::ApiClient(ApiClient&&) noexcept = default;
ApiClient& ApiClient::operator=(ApiClient&&) noexcept = default;

Result<ApiClient> ApiClient::Create(const std::string& url, const std::string& token_file,
                                    const Tls& tls) {
  auto impl = std::make_unique<Impl>();
  impl->tls = tls;
  impl->url = url;
  if (url.starts_with(kUnixScheme)) {
    impl->socket = url.substr(kUnixScheme.size());
    impl->base = "http://localhost";
  } else if (url.starts_with("http://") || url.starts_with("https://")) {
    impl->base = url.substr(0, url.find_last_not_of('/') + 1);
  } else {
    return Error{
        fmt::format("'{}' is no URL of a control API: write unix:/path or https://host:port", url)};
  }
  if (!token_file.empty() || (impl->socket.empty() && tls.certificate.empty())) {
    auto token = ReadToken(token_file.empty() ? kDefaultTokenFile : token_file);
    if (!token.ok()) return Error{token.error()};
    impl->token = *std::move(token);
  }
  if (impl->curl == nullptr) return Error{"libcurl cannot be used"};
  return ApiClient(std::move(impl));
}

Result<ApiAnswer> ApiClient::Call(const Request& request) {
  CURL* curl = impl_->curl.get();
  curl_easy_reset(curl);
  ApiAnswer answer;
  HeaderList headers;
  if (!impl_->token.empty()) headers.Add("Authorization: Bearer " + impl_->token);
  if (!impl_->reason.empty()) headers.Add("Sealwire-Reason: " + impl_->reason);
  if (request.create_only) headers.Add("If-None-Match: *");
  headers.Add("Content-Type: application/json");
  headers.Add("Expect:");
  curl_easy_setopt(curl, CURLOPT_URL, (impl_->base + request.path).c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  if (!impl_->socket.empty())
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, impl_->socket.c_str());
  const auto use_file = [curl](CURLoption option, const std::string& file) {
    if (!file.empty()) curl_easy_setopt(curl, option, file.c_str());
  };
  use_file(CURLOPT_CAINFO, impl_->tls.ca);
  use_file(CURLOPT_SSLCERT, impl_->tls.certificate);
  use_file(CURLOPT_SSLKEY, impl_->tls.key);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kTimeoutSeconds);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, TakeHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body->size()));
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, request.body->c_str());
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    return Error{fmt::format("{}: {} (does sealwired run?)", impl_->url, curl_easy_strerror(code))};
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

void ApiClient::UseReason(const std::string& reason) {
  impl_->reason = reason;
  // A header is one line.
  for (char& c : impl_->reason) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
}

std::string ApiClient::Encode(const std::string& segment) {
  std::string out;
  for (const char c : segment) {
    const auto octet = static_cast<unsigned char>(c);
    if (std::isalnum(octet) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", octet);
    }
  }
  return out;
}

}  // namespace sealwire::control
