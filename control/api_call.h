// One admitted request to the API on its way through a handler. For control/api*.cc.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "control/api.h"
#include "control/api_reply.h"

namespace sealwire::control {

struct Api::Call {
  net::HttpRequest request;
  net::HttpReply reply;
  Actor who;  // for the history
  Scopes scopes;

  void Send(net::HttpResponse response) const { reply.Send(std::move(response)); }
  void Fail(int status, std::string_view type, std::string_view title,
            std::string_view detail) const {
    Send(Problem(status, type, title, detail));
  }

  // The zone's name in the path, normalized. Nothing: the answer is sent.
  std::optional<std::string> ZoneName() const;
  // The body as an object whose members are all of `known`; "reason" always is, and goes into
  // who.reason. Nothing: the answer is sent.
  std::optional<nlohmann::json> Body(std::initializer_list<const char*> known);
  // True when the scopes allow it; false: the answer is sent.
  bool Allows(Scope needed) const;
  // If-Match and If-None-Match against what is there. False: the answer is sent.
  bool CheckPrecondition(const ZoneEntry* entry, std::optional<std::uint64_t>& revision) const;
  // If-Match against the tag of what there is. False: the answer is sent.
  bool CheckTag(const std::string& tag) const;
  // What is read, with its tag; 304 to a reader who has it already.
  void SendTagged(const nlohmann::json& body, const std::string& tag) const;
  // The part of a list that `cursor` and `limit` ask for, with next_cursor beside it in `body`; the
  // list is in the order of the member `key`, which is text. False: the answer is sent.
  bool PutPage(nlohmann::json& body, const char* name, nlohmann::json list, const char* key) const;
  // A number from the query; nothing when it is none (the answer is sent).
  std::optional<std::uint64_t> QueryNumber(const char* name, std::uint64_t fallback,
                                           std::uint64_t min, std::uint64_t max) const;
};

nlohmann::json ZoneJson(const ZoneEntry& entry);
// As an onlooker should see it: kError while a zone that should be signed is not.
ZoneStatus ShownStatus(const ZoneEntry& entry);

}  // namespace sealwire::control
