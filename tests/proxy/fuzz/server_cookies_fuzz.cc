// The data of a COOKIE option, and files of cookie secrets: no octets that we did not make are
// proof, and what we answer with is.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "proxy/server_cookies.h"

using namespace sealwire::proxy;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint32_t kNow = 1'790'000'000;
  static const auto keyring = std::make_shared<CookieKeyring>(
      CookieSecrets::FromText("e5e973e5a6b2a43f48e7dc849e37bfcf").value());
  static const ServerCookies cookies(keyring);
  static const auto client = *sealwire::net::IpAddress::FromText("192.0.2.1");
  (void)CookieSecrets::FromText(std::string(reinterpret_cast<const char*>(data), size));

  ServerCookies::Cookie reply{};
  switch (cookies.Judge({data, size}, client, kNow, reply)) {
    case CookieStanding::kProven:
      std::abort();  // 64 bits guessed
    case CookieStanding::kUnproven: {
      ServerCookies::Cookie again{};
      if (!std::equal(data, data + 8, reply.begin())) std::abort();
      if (cookies.Judge(reply, client, kNow, again) != CookieStanding::kProven) std::abort();
      if (again != reply) std::abort();
      break;
    }
    case CookieStanding::kMalformed:
      if (size == 8 || (size >= 16 && size <= 40)) std::abort();  // RFC 7873 section 4
      break;
    case CookieStanding::kNone:
      break;
  }
  return 0;
}
