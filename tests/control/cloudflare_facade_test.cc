// The requests that Cloudflare's Terraform provider and SDKs send for zones and their DNSSEC.

#include "control/cloudflare_facade.h"

#include <gmock/gmock.h>

#include "api_fixture.h"

namespace sealwire::control {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class CloudflareFacadeTest : public ApiTest {
 protected:
  Answer Ask(const std::string& method, const std::string& path, const std::string& body = "",
             const std::string& headers = "Authorization: Bearer right\r\n") const {
    return Call(method, "/client/v4" + path, body, headers);
  }
  std::string Id(const std::string& name) {
    Call("PUT", "/v1/zones/" + name, kForward);
    return Ask("GET", "/zones?name=" + name).Json()["result"][0]["id"];
  }
};

TEST_F(CloudflareFacadeTest, ZoneIsFoundByNameAndById) {
  const std::string id = Id("example.com");
  EXPECT_EQ(id.size(), 32u);
  const json zone = Ask("GET", "/zones/" + id).Json();
  EXPECT_EQ(zone["success"], true);
  EXPECT_EQ(zone["result"]["name"], "example.com");
  EXPECT_EQ(Ask("GET", "/zones?name=none.example").Json()["result"].size(), 0u);
  for (const char* other : {"00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff",
                            "1", "zz", "0000000000000000000000000000000g"}) {
    const Answer answer = Ask("GET", std::string("/zones/") + other);
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.Json()["success"], false);
    EXPECT_EQ(answer.Json()["errors"].size(), 1u);
  }
}

TEST_F(CloudflareFacadeTest, PagesHaveEveryZoneOnce) {
  for (const char* name : {"a.example", "b.example", "c.example", "d.example", "e.example"}) {
    Id(name);
  }
  std::string names;
  for (const char* page : {"1", "2", "3", "4"}) {
    const json answer = Ask("GET", std::string("/zones?per_page=2&page=") + page).Json();
    EXPECT_EQ(answer["result_info"]["total_count"], 5);
    EXPECT_EQ(answer["result_info"]["total_pages"], 3);
    for (const json& zone : answer["result"]) names += zone["name"].get<std::string>()[0];
  }
  EXPECT_EQ(names, "abcde");
  EXPECT_EQ(Ask("GET", "/zones?page=0").status, 400);
  EXPECT_EQ(Ask("GET", "/zones?per_page=51").status, 400);
}

TEST_F(CloudflareFacadeTest, DnssecIsPatchedReadAndDeleted) {
  const std::string path = "/zones/" + Id("example.com") + "/dnssec";
  EXPECT_EQ(Ask("GET", path).Json()["result"]["status"], "disabled");
  EXPECT_EQ(Ask("PATCH", path, R"({"status":"active"})").status, 200);
  const json on = Ask("GET", path).Json()["result"];
  EXPECT_EQ(on["status"], "pending");
  EXPECT_EQ(on["algorithm"], "13");
  EXPECT_EQ(on["flags"], 257);
  EXPECT_THAT(on["ds"].get<std::string>(), HasSubstr("example.com. 3600 IN DS "));
  EXPECT_EQ(on["digest"].get<std::string>().size(), 64u);
  EXPECT_EQ(on["public_key"].get<std::string>().size(), 88u);
  EXPECT_EQ(Ask("PATCH", path, R"({"status":"disabled"})").status, 200);
  EXPECT_EQ(Call("GET", "/v1/zones/example.com/dnssec").Json()["enabled"], false);
  for (const char* body : {R"({})", R"({"status":"on"})", "[]", "{",
                           R"({"status":"active","dnssec_multi_signer":true})"}) {
    EXPECT_EQ(Ask("PATCH", path, body).status, 400) << body;
  }
  EXPECT_EQ(Ask("PATCH", path, R"({"status":"active","dnssec_multi_signer":false})").status, 200);
  EXPECT_EQ(Ask("DELETE", path).status, 200);
  EXPECT_EQ(Call("GET", "/v1/zones/example.com/dnssec").Json()["enabled"], false);
}

TEST_F(CloudflareFacadeTest, EitherWayOfGivingAKeyIsKnown) {
  EXPECT_EQ(Ask("GET", "/user/tokens/verify").Json()["result"]["status"], "active");
  EXPECT_EQ(Ask("GET", "/zones", "", "X-Auth-Email: a@b\r\nX-Auth-Key: right\r\n").status, 200);
  for (const char* headers : {"", "X-Auth-Key: wrong\r\n", "Authorization: Bearer wrong\r\n"}) {
    const Answer answer = Ask("GET", "/zones", "", headers);
    EXPECT_EQ(answer.status, 403) << headers;
    EXPECT_EQ(answer.Json()["errors"][0]["code"], 10000);
  }
}

}  // namespace
}  // namespace sealwire::control
