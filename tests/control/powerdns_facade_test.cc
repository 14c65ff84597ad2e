// The requests that PowerDNS's clients send, in their order.

#include "control/powerdns_facade.h"

#include <gmock/gmock.h>

#include "api_fixture.h"

namespace sealwire::control {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class PowerDnsFacadeTest : public ApiTest {
 protected:
  Answer Ask(const std::string& method, const std::string& path, const std::string& body = "",
             const std::string& key = "right") const {
    return Call(method, "/api/v1/servers/localhost" + path, body, "X-API-Key: " + key + "\r\n");
  }
  void AddZone() {
    ASSERT_EQ(Ask("POST", "/zones",
                  R"({"name":"example.com.","kind":"Forwarded","servers":["127.0.0.1:5301"]})")
                  .status,
              201);
  }
};

TEST_F(PowerDnsFacadeTest, ServerAndVersionsAreTold) {
  EXPECT_EQ(Call("GET", "/api", "", "X-API-Key: right\r\n").Json()[0]["url"], "/api/v1");
  const json server = Ask("GET", "").Json();
  EXPECT_EQ(server["id"], "localhost");
  EXPECT_EQ(server["daemon_type"], "authoritative");
  EXPECT_EQ(Call("GET", "/api/v1/servers", "", "X-API-Key: right\r\n").Json()[0], server);
}

TEST_F(PowerDnsFacadeTest, KeyIsNeeded) {
  EXPECT_EQ(Ask("GET", "/zones", "", "wrong").status, 401);
  EXPECT_EQ(Call("GET", "/api/v1/servers/localhost/zones", "", "").status, 401);
  EXPECT_EQ(Call("GET", "/api", "", "").status, 401);
}

TEST_F(PowerDnsFacadeTest, ZoneIsMadeListedAndRemoved) {
  AddZone();
  EXPECT_EQ(Ask("POST", "/zones",
                R"({"name":"example.com.","kind":"Forwarded","servers":["127.0.0.1:5301"]})")
                .status,
            409);
  EXPECT_EQ(Ask("POST", "/zones", R"({"name":"example.net.","kind":"Native"})").status, 422);
  const json list = Ask("GET", "/zones").Json();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["id"], "example.com.");
  EXPECT_EQ(list[0]["dnssec"], false);
  EXPECT_EQ(Ask("GET", "/zones?zone=EXAMPLE.com.").Json().size(), 1u);
  EXPECT_EQ(Ask("GET", "/zones?zone=other.").Json().size(), 0u);
  EXPECT_EQ(Ask("GET", "/zones/example=2Ecom.").Json()["name"], "example.com.");
  EXPECT_EQ(Ask("PATCH", "/zones/example.com.", R"({"rrsets":[]})").status, 422);
  EXPECT_EQ(Ask("DELETE", "/zones/example.com.").status, 204);
  EXPECT_EQ(Ask("GET", "/zones/example.com.").status, 404);
}

// PowerDNS-Admin: api_rectify, then a key-signing key; off by deleting that key.
TEST_F(PowerDnsFacadeTest, DnssecIsTurnedOnByMakingAKeyAndOffByDeletingIt) {
  AddZone();
  EXPECT_EQ(Ask("PUT", "/zones/example.com.", R"({"api_rectify":true})").status, 204);
  const Answer made =
      Ask("POST", "/zones/example.com./cryptokeys", R"({"keytype":"ksk","active":true})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.Json()["keytype"], "ksk");
  EXPECT_THAT(made.Json()["dnskey"].get<std::string>(), HasSubstr("257 3 13 "));
  EXPECT_EQ(Ask("GET", "/zones/example.com.").Json()["dnssec"], true);
  const Answer keys = Ask("GET", "/zones/example.com./cryptokeys");
  ASSERT_EQ(keys.Json().size(), 2u);
  EXPECT_THAT(keys.body, Not(HasSubstr("privatekey")));
  const json ksk = keys.Json()[0];
  EXPECT_EQ(ksk["ds"].size(), 1u);
  EXPECT_EQ(ksk["active"], true);
  const std::string id = std::to_string(made.Json()["id"].get<int>());
  EXPECT_EQ(Ask("GET", "/zones/example.com./cryptokeys/" + id).Json(), ksk);
  // Asked for again, it is the key that there is.
  EXPECT_EQ(Ask("POST", "/zones/example.com./cryptokeys", R"({"keytype":"ksk","active":true})")
                .Json()["id"],
            made.Json()["id"]);

  EXPECT_EQ(Ask("DELETE", "/zones/example.com./cryptokeys/" + id).status, 204);
  const json off = Call("GET", "/v1/zones/example.com/dnssec").Json();
  EXPECT_EQ(off["enabled"], false);
  EXPECT_EQ(Ask("DELETE", "/zones/example.com.").status,
            off["status"] == "pending-disabled" ? 409 : 204);
}

TEST_F(PowerDnsFacadeTest, DnssecIsTurnedOnByTheZone) {
  AddZone();
  EXPECT_EQ(Ask("PUT", "/zones/example.com.", R"({"dnssec":true})").status, 204);
  EXPECT_EQ(Ask("GET", "/zones/example.com./cryptokeys").Json().size(), 2u);
  EXPECT_EQ(Ask("PUT", "/zones/example.com.", R"({"nsec3param":"1 0 0 -"})").status, 422);
  EXPECT_EQ(Ask("PUT", "/zones/example.com.", R"({"dnssec":"yes"})").status, 422);
  EXPECT_EQ(Ask("PUT", "/zones/example.com.", R"({"account":""})").status, 204);
}

TEST_F(PowerDnsFacadeTest, KeysOfOthersAreNotTakenIn) {
  AddZone();
  for (const char* body :
       {R"({"keytype":"ksk","privatekey":"Private-key-format: v1.2"})", R"({"keytype":"tsk"})",
        R"({"keytype":"ksk","algorithm":"rsasha256"})", R"({"keytype":"ksk","active":false})"}) {
    EXPECT_EQ(Ask("POST", "/zones/example.com./cryptokeys", body).status, 422) << body;
  }
  EXPECT_EQ(Ask("GET", "/zones/example.com./cryptokeys").Json().size(), 0u);
}

TEST_F(PowerDnsFacadeTest, WhoeverAskedForAKeyIsToldThatNoneCouldBeMade) {
  AddZone();
  key_maker_.away = true;
  const Answer answer =
      Ask("POST", "/zones/example.com./cryptokeys", R"({"keytype":"ksk","active":true})");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.Json()["error"].get<std::string>(), HasSubstr("the HSM is away"));
}

TEST_F(PowerDnsFacadeTest, ScopesHoldHereToo) {
  AddZone();
  const std::string token =
      Call("POST", "/v1/tokens", R"({"name":"r","scopes":["read"]})").Json()["token"];
  EXPECT_EQ(Ask("GET", "/zones", "", token).status, 200);
  EXPECT_EQ(Ask("PUT", "/zones/example.com.", R"({"dnssec":true})", token).status, 403);
  EXPECT_EQ(Ask("DELETE", "/zones/example.com.", "", token).status, 403);
}

}  // namespace
}  // namespace sealwire::control
