#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "apps/sealctl.h"

namespace sealwire::apps {

using nlohmann::json;

void PrintError(const std::string& sentence) {
  std::fprintf(stderr, "sealctl: %s\n", sentence.c_str());
}

void PrintJson(const json& value) {
  std::printf("%s\n", value.dump(2, ' ', false, json::error_handler_t::replace).c_str());
}

std::size_t TerminalWidth() {
  constexpr std::size_t kMin = 40;
  if (const char* text = std::getenv("COLUMNS"); text != nullptr) {
    const std::string_view columns(text);
    std::size_t width = 0;
    if (std::from_chars(columns.data(), columns.data() + columns.size(), width).ptr ==
            columns.data() + columns.size() &&
        width > 0) {
      return std::max(width, kMin);
    }
  }
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return std::max<std::size_t>(size.ws_col, kMin);
  }
  return ::isatty(STDOUT_FILENO) == 1 ? 80 : 100'000;
}

std::string ZonePath(const std::string& zone) {
  return "/v1/zones/" + control::ApiClient::Encode(zone);
}

std::string Text(const json& object, const char* member) {
  const auto found = object.is_object() ? object.find(member) : object.end();
  if (!object.is_object() || found == object.end() || found->is_null()) return "-";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::optional<Session> Session::Open(const Options& options) {
  auto client = control::ApiClient::Create(options.url, options.token_file, options.tls);
  if (client.ok()) {
    client->UseReason(options.reason);
    return Session(*std::move(client));
  }
  PrintError(client.error());
  return std::nullopt;
}

std::optional<json> Session::Get(const std::string& path) {
  return Send({"GET", path, {}, false});
}

std::optional<json> Session::GetAll(const std::string& path, const char* member) {
  json items = json::array();
  std::string cursor;
  do {
    std::string page_path = path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=1000";
    if (!cursor.empty()) page_path += "&cursor=" + control::ApiClient::Encode(cursor);
    auto page = Get(page_path);
    if (!page) return std::nullopt;
    for (json& item : (*page)[member]) items.push_back(std::move(item));
    const json next = page->value("next_cursor", json());
    cursor = next.is_string() ? next.get<std::string>() : "";
  } while (!cursor.empty());
  return json{{member, std::move(items)}};
}

std::optional<json> Session::Send(const control::ApiClient::Request& request) {
  const auto answer = client_.Call(request);
  if (answer.ok() && answer->ok()) return answer->Json();
  PrintError(answer.ok() ? answer->Problem() : answer.error());
  return std::nullopt;
}

std::optional<json> Session::GetIfThere(const std::string& path) {
  const auto answer = client_.Call({"GET", path, {}, false});
  if (answer.ok() && answer->ok()) return answer->Json();
  if (answer.ok() && answer->status == 404) return json(nullptr);
  PrintError(answer.ok() ? answer->Problem() : answer.error());
  return std::nullopt;
}

}  // namespace sealwire::apps
