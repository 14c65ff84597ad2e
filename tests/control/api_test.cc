// The API over a real HTTP server on loopback and a unix socket, asked by the client of sealctl and
// by hand where the input is hostile.

#include "control/api.h"

#include <gmock/gmock.h>

#include <fstream>

#include "api_fixture.h"
#include "control/api_client.h"
#include "control/api_reply.h"
#include "control/metrics_page.h"

namespace sealwire::control {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

TEST_F(ApiTest, ZoneIsPutReadListedAndRemoved) {
  const Answer created = Call("PUT", "/v1/zones/Example.COM.", kForward);
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.Json()["name"], "example.com");
  EXPECT_THAT(created.head, HasSubstr("ETag: \""));
  EXPECT_EQ(Call("PUT", "/v1/zones/example.com", kForward).status, 200);
  EXPECT_EQ(Call("GET", "/v1/zones/example.com").Json()["backend"],
            json::parse(R"({"forward":["127.0.0.1:5301"]})"));
  const Answer list = Call("GET", "/v1/zones?q=EXAMPLE&limit=1");
  EXPECT_EQ(list.Json()["zones"].size(), 1u);
  EXPECT_EQ(list.Json()["total"], 1);
  EXPECT_EQ(Call("DELETE", "/v1/zones/example.com").status, 204);
  EXPECT_EQ(Call("GET", "/v1/zones/example.com").status, 404);
  const Answer history = Call("GET", "/v1/zones/example.com/history");
  EXPECT_EQ(history.Json()["history"][0]["what"], "zone-removed");
  EXPECT_EQ(history.Json()["history"][1]["who"], "token");
}

TEST_F(ApiTest, RolloverIsBegunShownAndCancelled) {
  const std::string zone = "/v1/zones/example.com", path = zone + "/rollovers";
  Call("PUT", zone, kForward);
  EXPECT_EQ(Call("POST", path, R"({"role":"zsk"})").status, 409) << "not signed yet";
  Call("PATCH", zone + "/dnssec", R"({"enabled":true})");
  EXPECT_EQ(Call("POST", path, R"({"role":"both"})").status, 422);
  EXPECT_EQ(Call("POST", path, R"({"role":"algorithm"})").status, 422);
  EXPECT_EQ(Call("DELETE", path + "/all").status, 409);
  EXPECT_EQ(Call("POST", path, R"({"role":"zsk"})").status, 200);
  EXPECT_EQ(Call("POST", path, R"({"role":"zsk"})").status, 409);
  const json roll = Call("GET", zone + "/dnssec").Json()["rollovers"][0];
  EXPECT_EQ(roll["step"], "introduced");
  EXPECT_EQ(roll["code"], "wait-caches");
  EXPECT_TRUE(roll["not_before"].is_string());
  EXPECT_EQ(Call("GET", zone + "/keys").Json()["keys"].size(), 3u);
  EXPECT_EQ(Call("DELETE", path + "/ksk").status, 409);
  EXPECT_EQ(Call("DELETE", path + "/zsk").status, 204);
  Call("GET", path);  // lets what is due happen
  EXPECT_EQ(Call("GET", path).Json()["rollovers"].size(), 0u);
  EXPECT_EQ(Call("GET", zone + "/keys").Json()["keys"].size(), 2u);
}

TEST_F(ApiTest, ForeignKeysOfAnotherAlgorithmAreRefused) {
  const std::string path = "/v1/zones/example.com/keys/foreign";
  Call("PUT", "/v1/zones/example.com", kForward);
  Call("PATCH", "/v1/zones/example.com/dnssec", R"({"enabled":true})");
  EXPECT_EQ(Call("PUT", path, R"({"dnskey":["257 3 8 AwEAAQ=="]})").status, 422);
  EXPECT_EQ(Call("PUT", path, R"({"dnskey":["257 3 13 AwEAAQ=="]})").status, 422);
  EXPECT_EQ(Call("PUT", path, R"({"dnskey":"none"})").status, 422);
  // RFC 6605 section 6.1.
  const Answer set = Call("PUT", path,
                          R"({"dnskey":["257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb)"
                          R"(krSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA=="]})");
  EXPECT_EQ(set.status, 200) << set.body;
  EXPECT_EQ(set.Json()["foreign"].size(), 1u);
  EXPECT_THAT(set.Json()["cds"].dump(), HasSubstr("55648 13 2 "));
}

TEST_F(ApiTest, DnssecHasTheShapeOfTheContract) {
  Call("PUT", "/v1/zones/example.com", kForward);
  EXPECT_EQ(Call("GET", "/v1/zones/example.com/dnssec").Json()["status"], "disabled");
  const Answer patched = Call("PATCH", "/v1/zones/example.com/dnssec", R"({"enabled":true})");
  EXPECT_EQ(patched.status, 200) << patched.body;
  const json dnssec = Call("GET", "/v1/zones/example.com/dnssec").Json();
  EXPECT_EQ(dnssec["enabled"], true);
  EXPECT_EQ(dnssec["status"], "pending");
  ASSERT_EQ(dnssec["ds"].size(), 1u);
  const json& ds = dnssec["ds"][0];
  EXPECT_EQ(ds["algorithm"], 13);
  EXPECT_EQ(ds["digest_type"], 2);
  EXPECT_EQ(ds["digest"].get<std::string>().size(), 64u);
  EXPECT_EQ(ds["rdata"].get<std::string>(),
            std::to_string(ds["key_tag"].get<int>()) + " 13 2 " + ds["digest"].get<std::string>());
  ASSERT_EQ(dnssec["dnskey"].size(), 2u);
  EXPECT_THAT(dnssec["dnskey"].dump(), HasSubstr("257 3 13 "));
  EXPECT_EQ(dnssec["parent"]["state"], "missing");
  EXPECT_EQ(dnssec["next_step"]["code"], "publish-ds");
  EXPECT_TRUE(dnssec["next_step"]["not_before"].is_null());
  EXPECT_EQ(Call("GET", "/v1/zones/example.com/keys").Json()["keys"].size(), 2u);
  EXPECT_EQ(Call("POST", "/v1/zones/example.com/dnssec/check").status, 200);
  EXPECT_EQ(Call("DELETE", "/v1/zones/example.com/dnssec").status, 409);
  EXPECT_EQ(Call("DELETE", "/v1/zones/example.com").status, 409);
}

TEST_F(ApiTest, TokenIsNeededOverTcpAndTheSocketIsItsOwnAuthority) {
  for (const char* headers :
       {"", "Authorization: Bearer wrong\r\n", "Authorization: Bearer right2\r\n",
        "Authorization: Basic cmlnaHQ=\r\n", "Authorization: Bearer\r\n"}) {
    const Answer answer = Call("GET", "/v1/zones", "", headers);
    EXPECT_EQ(answer.status, 401) << headers;
    EXPECT_THAT(answer.head, HasSubstr("WWW-Authenticate: Bearer"));
    EXPECT_THAT(answer.head, HasSubstr("application/problem+json"));
  }
  auto client = ApiClient::Create("unix:" + Socket(), "", {});
  ASSERT_TRUE(client.ok()) << client.error();
  const auto answer = client->Call({"GET", "/v1/nodes", {}, false});
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->Json()["nodes"][0]["name"], "here");
}

TEST_F(ApiTest, NamedTokenMayDoWhatItsScopesSayAndNothingElse) {
  Call("PUT", "/v1/zones/example.com", kForward);
  const Answer made = Call("POST", "/v1/tokens", R"({"name":"ci","scopes":["toggle"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string token = made.Json()["token"];
  EXPECT_EQ(token.size(), 64u);
  EXPECT_EQ(Call("POST", "/v1/tokens", R"({"name":"ci","scopes":["read"]})").status, 409);
  EXPECT_THAT(Call("GET", "/v1/tokens").body, Not(HasSubstr(token)));

  const std::string ci = "Authorization: Bearer " + token + "\r\n";
  EXPECT_EQ(Call("GET", "/v1/zones", "", ci).status, 200);
  EXPECT_EQ(
      Call("PATCH", "/v1/zones/example.com/dnssec", R"({"enabled":true,"reason":"ticket 7"})", ci)
          .status,
      200);
  EXPECT_EQ(Call("PATCH", "/v1/zones/example.com/dnssec",
                 R"({"enabled":false,"override":"stop-signing-now"})", ci)
                .status,
            403);
  EXPECT_EQ(Call("PUT", "/v1/zones/example.net", kForward, ci).status, 403);
  EXPECT_EQ(Call("DELETE", "/v1/zones/example.com", "", ci).status, 403);
  EXPECT_EQ(Call("DELETE", "/v1/zones/example.com/dnssec", "", ci).status, 403);
  EXPECT_EQ(Call("GET", "/v1/tokens", "", ci).status, 403);
  const json rows = Call("GET", "/v1/zones/example.com/history").Json()["history"];
  for (const json& one : rows) {
    if (one["what"] != "dnssec-on") continue;
    EXPECT_EQ(one["who"], "token:ci");
    EXPECT_EQ(one["reason"], "ticket 7");
  }
  EXPECT_TRUE(rows.back()["reason"].is_null()) << rows.back();

  EXPECT_EQ(Call("DELETE", "/v1/tokens/ci").status, 204);
  EXPECT_EQ(Call("DELETE", "/v1/tokens/ci").status, 404);
  EXPECT_EQ(Call("GET", "/v1/zones", "", ci).status, 401);
  for (const char* body :
       {R"({"name":"a b","scopes":["read"]})", R"({"name":"a","scopes":["everything"]})",
        R"({"name":"a","scopes":[]})", R"({"scopes":["read"]})", R"({"name":"a","scopes":[1]})"}) {
    EXPECT_EQ(Call("POST", "/v1/tokens", body).status, 422) << body;
  }
}

TEST_F(ApiTest, SynthesisIsPutWhereThereIsAny) {
  const std::string path = folder_ / "held.example.zone";
  std::ofstream(path)
      << "@ 60 SOA ns.held.example. h.held.example. 7 1 1 1 60\n@ 60 NS ns\nns 60 A "
         "192.0.2.1\n@ 60 ALIAS ns\n";
  Call("PUT", "/v1/zones/example.com", kForward);
  ASSERT_EQ(
      Call("PUT", "/v1/zones/held.example", R"({"backend":{"file":")" + path + R"("}})").status,
      201);
  EXPECT_TRUE(Call("GET", "/v1/zones/example.com/synthesis").Json()["flatten_alias"].is_null());
  EXPECT_EQ(Call("PUT", "/v1/zones/example.com/synthesis", R"({"flatten_alias":false})").status,
            409);
  EXPECT_EQ(Call("GET", "/v1/zones/held.example/synthesis").Json()["flatten_alias"], true);
  EXPECT_EQ(Call("PUT", "/v1/zones/held.example/synthesis", R"({"flatten_alias":1})").status, 422);
  EXPECT_EQ(Call("PUT", "/v1/zones/held.example/synthesis", R"({"flatten_alias":false})").status,
            200);
  EXPECT_FALSE(
      workers_.table->FindApex(*dns::Name::FromText("held.example"))->policy.flatten_alias);
}

TEST_F(ApiTest, PreconditionsAreKept) {
  Call("PUT", "/v1/zones/example.com", kForward);
  const std::string auth = "Authorization: Bearer right\r\n";
  const Answer read = Call("GET", "/v1/zones/example.com");
  const auto at = read.head.find("ETag: ") + 6;
  const std::string etag = read.head.substr(at, read.head.find("\r\n", at) - at);
  EXPECT_EQ(
      Call("GET", "/v1/zones/example.com", "", auth + "If-None-Match: " + etag + "\r\n").status,
      304);
  EXPECT_EQ(Call("PUT", "/v1/zones/example.com", kForward, auth + "If-None-Match: *\r\n").status,
            412);
  EXPECT_EQ(Call("PATCH", "/v1/zones/example.com/dnssec", R"({"enabled":true})",
                 auth + "If-Match: \"99999\"\r\n")
                .status,
            412);
  EXPECT_EQ(
      Call("PATCH", "/v1/zones/example.com/dnssec", R"({"enabled":true})", auth + "If-Match: 1\r\n")
          .status,
      400);
  EXPECT_EQ(Call("PATCH", "/v1/zones/example.com/dnssec", R"({"enabled":true})",
                 auth + "If-Match: " + etag + "\r\n")
                .status,
            200);
  EXPECT_EQ(Call("DELETE", "/v1/zones/example.com", "", auth + "If-Match: " + etag + "\r\n").status,
            412);
  EXPECT_EQ(Call("PUT", "/v1/zones/none.example", kForward, auth + "If-Match: *\r\n").status, 412);
}

std::string EtagIn(const std::string& head) {
  const auto at = head.find("ETag: ");
  return at == std::string::npos ? "" : head.substr(at + 6, head.find("\r\n", at) - at - 6);
}

TEST_F(ApiTest, KeysAreChangedOnlyAsTheyWereRead) {
  const std::string auth = "Authorization: Bearer right\r\n";
  const std::string roll = "/v1/zones/example.com/rollovers";
  ASSERT_EQ(Call("PUT", "/v1/zones/example.com", kForward).status, 201);
  const std::string none = EtagIn(Call("GET", "/v1/zones/example.com/keys").head);
  ASSERT_EQ(Call("PATCH", "/v1/zones/example.com/dnssec", R"({"enabled":true})").status, 200);
  const std::string tag = EtagIn(Call("GET", "/v1/zones/example.com/keys").head);
  EXPECT_NE(tag, none);
  EXPECT_EQ(EtagIn(Call("GET", roll).head), tag) << "two views of one record";
  EXPECT_EQ(
      Call("GET", "/v1/zones/example.com/keys", "", auth + "If-None-Match: " + tag + "\r\n").status,
      304);
  EXPECT_EQ(Call("POST", roll, R"({"role":"zsk"})", auth + "If-Match: " + none + "\r\n").status,
            412);
  EXPECT_EQ(Call("POST", roll, R"({"role":"zsk"})", auth + "If-Match: W/" + tag + "\r\n").status,
            412);
  EXPECT_EQ(Call("POST", roll, R"({"role":"zsk"})", auth + "If-Match: 1\r\n").status, 400);
  EXPECT_EQ(
      Call("POST", roll, R"({"role":"zsk"})", auth + "If-Match: " + none + " , " + tag + "\r\n")
          .status,
      200);
  const std::string rolled = EtagIn(Call("GET", roll).head);
  EXPECT_NE(rolled, tag);
  EXPECT_EQ(Call("DELETE", roll + "/zsk", "", auth + "If-Match: " + tag + "\r\n").status, 412);
  EXPECT_EQ(Call("PUT", "/v1/zones/example.com/keys/foreign", R"({"dnskey":[]})",
                 auth + "If-Match: " + tag + "\r\n")
                .status,
            412);
  EXPECT_EQ(Call("DELETE", roll + "/zsk", "", auth + "If-Match: " + rolled + "\r\n").status, 204);
}

TEST_F(ApiTest, TokensAreChangedOnlyAsTheyWereRead) {
  const std::string auth = "Authorization: Bearer right\r\n";
  const std::string before = EtagIn(Call("GET", "/v1/tokens").head);
  const auto with = [&](const std::string& tag) { return auth + "If-Match: " + tag + "\r\n"; };
  const char* const wish = R"({"name":"a","scopes":["read"]})";
  EXPECT_EQ(Call("POST", "/v1/tokens", wish, with(before)).status, 201);
  EXPECT_EQ(Call("POST", "/v1/tokens", R"({"name":"b","scopes":["read"]})", with(before)).status,
            412);
  const auto list = Call("GET", "/v1/tokens");
  EXPECT_EQ(
      Call("GET", "/v1/tokens", "", auth + "If-None-Match: " + EtagIn(list.head) + "\r\n").status,
      304);
  EXPECT_EQ(Call("DELETE", "/v1/tokens/a", "", with(before)).status, 412);
  EXPECT_EQ(Call("DELETE", "/v1/tokens/a", "", with(EtagIn(list.head))).status, 204);
}

TEST_F(ApiTest, ListsComeInPages) {
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    const json wish = {{"name", name}, {"scopes", {"read"}}};
    ASSERT_EQ(Call("POST", "/v1/tokens", wish.dump()).status, 201);
  }
  std::string seen;
  std::string cursor;
  for (int page = 0; page < 3; ++page) {
    const json part = Call("GET", "/v1/tokens?limit=2" + cursor).Json();
    for (const json& token : part["tokens"]) seen += token["name"].get<std::string>();
    EXPECT_EQ(part["next_cursor"].is_null(), page == 2);
    if (page < 2) cursor = "&cursor=" + part["next_cursor"].get<std::string>();
  }
  EXPECT_EQ(seen, "abcde");
  // A cursor whose token is gone goes on where it was.
  ASSERT_EQ(Call("DELETE", "/v1/tokens/b").status, 204);
  EXPECT_EQ(Call("GET", "/v1/tokens?limit=1&cursor=b").Json()["tokens"][0]["name"], "c");
  EXPECT_EQ(Call("GET", "/v1/tokens?cursor=z").Json()["tokens"].size(), 0u);
  EXPECT_EQ(Call("GET", "/v1/backends?limit=0").status, 422);
  EXPECT_TRUE(Call("GET", "/v1/backends?limit=1").Json()["next_cursor"].is_null());
}

TEST(MatchTag, Rfc9110Section13_1_1_IfMatchNamesStrongTags) {
  const auto match = [](std::string text) { return MatchTag(&text, "\"a\""); };
  EXPECT_EQ(MatchTag(nullptr, "\"a\""), TagMatch::kMatch);
  EXPECT_EQ(match("*"), TagMatch::kMatch);
  EXPECT_EQ(match("\"a\""), TagMatch::kMatch);
  EXPECT_EQ(match("\"x\",\"a\""), TagMatch::kMatch);
  EXPECT_EQ(match("W/\"a\""), TagMatch::kOther);
  EXPECT_EQ(match("\"b\""), TagMatch::kOther);
  for (const char* text : {"", "a", "\"a", "\"a\" \"b\"", "\"a\",", "W/a", "\"a\" "}) {
    EXPECT_EQ(match(text), TagMatch::kMalformed) << text;
  }
}

TEST_F(ApiTest, FaultyBodiesAreToldApart) {
  const auto put = [&](const std::string& body) {
    return Call("PUT", "/v1/zones/example.com", body);
  };
  EXPECT_EQ(put("{").status, 400);
  EXPECT_EQ(put("[]").status, 400);
  EXPECT_EQ(put("\xff\xfe").status, 400);
  EXPECT_EQ(put(std::string(100000, '[')).status, 400);
  EXPECT_EQ(put(R"({"backend":)" + std::string(5000, '[') + std::string(5000, ']') + "}").status,
            400);
  EXPECT_EQ(put(R"({})").status, 422);
  EXPECT_EQ(put(R"({"backend":{"forward":[]}})").status, 422);
  EXPECT_EQ(put(R"({"backend":{"forward":["nowhere"]}})").status, 422);
  EXPECT_EQ(put(R"({"backend":{"forward":[1]}})").status, 422);
  EXPECT_EQ(put(R"({"backend":{"file":"relative"}})").status, 422);
  EXPECT_EQ(put(R"({"backend":{"file":"/a\u0000b"}})").status, 422);
  EXPECT_EQ(put(R"({"backend":{"forward":["127.0.0.1"],"file":"/z"}})").status, 422);
  EXPECT_EQ(put(R"({"backend":{"forward":["127.0.0.1"]},"extra":1})").status, 422);
  EXPECT_EQ(put(R"({"backend":{"forward":["127.0.0.1"]},"policy":"none"})").status, 422);
  EXPECT_EQ(put(R"({"backend":{"file":"/nonexistent/zone"}})").status, 422);
  EXPECT_EQ(Call("PATCH", "/v1/zones/none.example/dnssec", R"({"enabled":true})").status, 404);
  EXPECT_EQ(Call("GET", "/v1/zones").Json()["total"], 0);
  EXPECT_EQ(Call("PUT", "/v1/zones/example.com", "", "Authorization: Bearer right\r\n").status,
            400);
  EXPECT_EQ(Raw("PUT /v1/zones/example.com HTTP/1.1\r\nHost: x\r\nConnection: "
                "close\r\nAuthorization: Bearer "
                "right\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}")
                .status,
            415);
}

TEST_F(ApiTest, HostilePathsFindNothing) {
  for (const char* path : {"/v1/zones/../../etc/passwd", "/v1/zones/%2e%2e/dnssec/x", "/v1//", "//",
                           "/dashboard/", "/dashboard/../token", "/v1/zones/a/b", "/v1/keys",
                           "/v1/operations/'%20OR%201=1", "/v2/zones"}) {
    EXPECT_EQ(Call("GET", path).status, 404) << path;
  }
  for (const std::string& name : {std::string("a..b"), std::string("%00%ff..x"),
                                  std::string(64, 'a'), std::string(2000, 'a') + ".x"}) {
    EXPECT_EQ(Call("GET", "/v1/zones/" + name).status, 422) << name;
  }
  const Answer method = Call("POST", "/v1/zones/example.com", "{}");
  EXPECT_EQ(method.status, 405);
  EXPECT_THAT(method.head, HasSubstr("Allow: GET, PUT, DELETE"));
  EXPECT_EQ(Call("GET", "/v1/zones?limit=0").status, 422);
  EXPECT_EQ(Call("GET", "/v1/zones?limit=abc").status, 422);
  EXPECT_EQ(Call("GET", "/v1/zones?status=happy").status, 422);
  EXPECT_EQ(Call("GET", "/v1/zones?cursor=%00%ff%27").status, 200);
}

TEST_F(ApiTest, HugeBodyIsRefusedAndTheServerLives) {
  const Answer answer = Call("PUT", "/v1/zones/example.com", std::string(5u << 20, 'x'));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(Call("GET", "/v1/nodes").status, 200);
}

TEST_F(ApiTest, BatchIsAnOperationThatCanBeFollowed) {
  Call("PUT", "/v1/zones/a.example", kForward);
  Call("PUT", "/v1/zones/b.example", kForward);
  EXPECT_EQ(
      Call("POST", "/v1/batch", R"({"names":["a.example","x.example"],"enabled":true})").status,
      422);
  EXPECT_EQ(Call("POST", "/v1/batch", R"({"names":[],"enabled":true})").status, 422);
  const Answer accepted = Call(
      "POST", "/v1/batch", R"({"names":["A.example.","b.example","a.example"],"enabled":true})");
  EXPECT_EQ(accepted.status, 202) << accepted.body;
  const std::string id = accepted.Json()["id"];
  EXPECT_THAT(accepted.head, HasSubstr("Location: /v1/operations/" + id));
  const json operation = Call("GET", "/v1/operations/" + id).Json();
  EXPECT_EQ(operation["total"], 2);
  EXPECT_EQ(operation["done"], 2);
  EXPECT_EQ(operation["status"], "done");
}

TEST_F(ApiTest, BackendsOfAllWorkersAreOne) {
  const json backends = Call("GET", "/v1/backends").Json()["backends"];
  ASSERT_EQ(backends.size(), 1u);
  EXPECT_EQ(backends[0]["endpoint"], "127.0.0.1:5301");
  EXPECT_DOUBLE_EQ(backends[0]["round_trip_seconds"], 0.0015);
}

TEST_F(ApiTest, EventsTellOfAChange) {
  std::string got;
  std::thread listener([&] {
    got = Raw("GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer right\r\nConnection: "
              "close\r\n\r\n")
              .body;
  });
  std::this_thread::sleep_for(100ms);
  Call("PUT", "/v1/zones/example.com", kForward);
  std::this_thread::sleep_for(50ms);
  loop_->Post([this] { api_->EndListeners(); });
  listener.join();
  EXPECT_THAT(got, HasSubstr("event: zone-created"));
  EXPECT_THAT(got, HasSubstr(R"("zone":"example.com")"));
}

TEST_F(ApiTest, OpenApiDescribesEveryRouteAndNoOther) {
  const json document = Call("GET", "/v1/openapi.json").Json();
  ASSERT_FALSE(document.is_discarded());
  EXPECT_EQ(document["openapi"], "3.1.0");
  int described = 0;
  for (const auto& [path, item] : document["paths"].items()) {
    std::string real = path;
    for (const char* part : {"{name}", "{id}"}) {
      if (const auto at = real.find(part); at != std::string::npos)
        real.replace(at, std::strlen(part), "none.example");
    }
    for (const char* method : {"get", "put", "patch", "post", "delete"}) {
      std::string upper(method);
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      if (real == "/v1/events") continue;  // a stream
      const int status = Call(upper, real).status;
      EXPECT_EQ(status != 405, item.contains(method)) << method << " " << path << " " << status;
      described += item.contains(method);
    }
  }
  EXPECT_EQ(described, 28) << "every route but the stream";
}

TEST_F(ApiTest, StatsAreOfTheZoneThatIsAskedFor) {
  Call("PUT", "/v1/zones/first.example", kForward);
  Call("PUT", "/v1/zones/second.example", kForward);
  const json second = Call("GET", "/v1/zones/second.example/stats").Json();
  EXPECT_EQ(second["queries"], 42);
  EXPECT_EQ(second["counted"], true);
  EXPECT_EQ(second["askers"]["estimate"], 0);
  EXPECT_TRUE(second["askers"]["validating_share"].is_null());
  EXPECT_EQ(Call("GET", "/v1/zones/third.example/stats").status, 404);
  // The place of a zone that is gone is used again, by another holder.
  Call("DELETE", "/v1/zones/first.example");
  Call("PUT", "/v1/zones/third.example", kForward);
  EXPECT_EQ(Call("GET", "/v1/zones/third.example/stats").Json()["queries"], 43);
}

TEST_F(ApiTest, SeriesGivesWhatIsNew) {
  const std::int64_t later = now_ + 5;
  loop_->Post([this, later] {
    now_ = later;
    series_.Sample();
  });
  EXPECT_EQ(Call("GET", "/v1/series").Json()["at"], json::array({later}));
  EXPECT_EQ(Call("GET", "/v1/series?since=" + std::to_string(later)).Json()["at"], json::array());
  EXPECT_EQ(Call("GET", "/v1/series?since=now").status, 422);
}

TEST(MetricsText, WritesAHistogramInTheOrderOfItsBounds) {
  proxy::LatencyHistogram histogram;
  histogram.Add(300, 2);
  proxy::LatencyTotals totals;
  totals.Add(histogram);
  MetricsText text;
  text.AddHistogram("a_seconds", "Help.", totals, "x=\"1\"");
  EXPECT_THAT(text.text(), HasSubstr("# TYPE a_seconds histogram\n"
                                     "a_seconds_bucket{x=\"1\",le=\"2.56e-07\"} 0\n"
                                     "a_seconds_bucket{x=\"1\",le=\"5.12e-07\"} 2\n"));
  EXPECT_THAT(text.text(), HasSubstr("a_seconds_bucket{x=\"1\",le=\"+Inf\"} 2\n"
                                     "a_seconds_sum{x=\"1\"} 6e-07\n"
                                     "a_seconds_count{x=\"1\"} 2\n"));
}

TEST(MetricsText, SaysHelpAndTypeOnceForAName) {
  MetricsText text;
  text.Add("a_total", MetricsText::Kind::kCounter, "Help.", 3, "x=\"1\"");
  text.Add("a_total", MetricsText::Kind::kCounter, "Help.", 4, "x=\"2\"");
  text.Add("b", MetricsText::Kind::kGauge, "Other.", 1.5);
  EXPECT_EQ(text.text(),
            "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"1\"} 3\na_total{x=\"2\"} 4\n"
            "# HELP b Other.\n# TYPE b gauge\nb 1.5\n");
}

}  // namespace
}  // namespace sealwire::control
