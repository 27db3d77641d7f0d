// What clients get: by hand, and in random orders of everything that happens.

#include "gateway/ws/hub.h"

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock/fake_clock.h"
#include "common/status/status.h"
#include "gateway/ws/fake_event_source.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"

namespace tutti::gateway::ws {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kRoom[] = "conference:0198f2d0-0000-7000-8000-00000000000a";
constexpr char kOther[] = "conference:0198f2d0-0000-7000-8000-00000000000b";
constexpr char kCall[] = "call:0198f2d0-0000-7000-8000-00000000000c";

class FakeConnection final : public Connection {
 public:
  void Send(Frame frame) override { frames.push_back(nlohmann::json::parse(*frame)); }
  size_t Waiting() const override { return waiting; }
  void Close(CloseReason reason) override { closed.push_back(reason); }

  std::vector<nlohmann::json> frames;
  std::vector<CloseReason> closed;
  size_t waiting = 0;
};

std::string Subscribe(const std::string& topic, const std::string& more = "", const std::string& of_frame = "") {
  return absl::StrCat(R"({"type":"subscribe","topics":[{"topic":")", topic, "\"", more.empty() ? "" : ",", more, "}]",
                      of_frame.empty() ? "" : ",", of_frame, "}");
}

class HubTest : public ::testing::Test {
 protected:
  void Run() {
    for (bool busy = true; busy;) {
      busy = loop_.RunOne();
      for (size_t i = 0; i < source_.open(); ++i) busy = source_.Step(i) || busy;
    }
  }
  void Let(absl::Duration duration) {
    Run();
    loop_.Advance(duration);
    Run();
  }
  absl::Status Authorize(const std::string& key) {
    absl::Status result = absl::UnknownError("no answer");
    hub_->Authorize(key, [&](const absl::Status& status) { result = status; });
    Run();
    return result;
  }
  struct Client {
    std::shared_ptr<FakeConnection> connection = std::make_shared<FakeConnection>();
    Hub::ClientId id = 0;
  };
  Client Connect(const std::string& key = "") {
    EXPECT_TRUE(Authorize(key).ok());
    Client client;
    client.id = hub_->Add(key, "request", client.connection);
    return client;
  }
  void Say(const Client& client, const std::string& frame) {
    hub_->OnFrame(client.id, frame);
    Run();
  }
  // What came since: events as "stream's last letter"+sequence, other frames by their type.
  static std::vector<std::string> Got(const Client& client) {
    std::vector<std::string> got;
    for (const auto& frame : std::exchange(client.connection->frames, {})) {
      if (!frame.contains("stream")) {
        got.push_back(frame.at("type"));
        if (got.back() == "error") got.back() += " " + frame.at("error").at("reason").get<std::string>();
      } else if (frame.at("sequence") == 0) {
        got.push_back(frame.at("data").at("talking").get<bool>() ? "talks" : "silent");
      } else {
        const std::string stream = frame.at("stream");
        got.push_back(absl::StrCat(stream.substr(stream.size() - 1), frame.at("sequence").get<int>()));
      }
    }
    return got;
  }

  FakeClock clock_;
  IdGenerator ids_{clock_};
  Metrics metrics_;
  WsMetrics ws_metrics_{metrics_};
  FakeLoop loop_;
  FakeEventSource source_{loop_};
  std::unique_ptr<Hub> hub_ =
      std::make_unique<Hub>(source_, loop_, clock_, ids_, ws_metrics_, Hub::Limits{.catch_ups_max = 4});
};

TEST_F(HubTest, OneWatchServesAllClientsOfAKey) {
  std::vector<Client> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(Connect("key"));
  EXPECT_EQ(source_.watches, 1);
  EXPECT_EQ(source_.authorization, "key");
  source_.Append(kRoom);
  Run();
  for (const Client& client : clients) Say(client, Subscribe(kRoom));
  EXPECT_EQ(source_.open(), 1u);
  source_.Append(kOther);
  source_.Append(kRoom);
  Run();
  for (const Client& client : clients) EXPECT_THAT(Got(client), ElementsAre("subscribed", "a2"));
  Connect("other key");
  EXPECT_EQ(source_.open(), 2u);
}

TEST_F(HubTest, EachWatchIsATraceOfItsOwn) {
  const Client client = Connect("key");
  source_.Append(kRoom);
  Say(client, Subscribe(kRoom));
  Connect("other key");
  std::set<std::string> ids;
  for (const TraceContext& trace : source_.traces) ids.insert(trace.trace_id);
  EXPECT_GE(ids.size(), 3u);
  EXPECT_EQ(ids.size(), source_.traces.size());
}

TEST_F(HubTest, AKeyThatIsNotValidIsRefusedAndLaterAskedAgain) {
  source_.refusal = Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "no");
  EXPECT_TRUE(absl::IsUnauthenticated(Authorize("bad")));
  EXPECT_TRUE(absl::IsUnauthenticated(Authorize("bad")));
  EXPECT_EQ(source_.watches, 2);
  source_.refusal = absl::UnavailableError("down");
  EXPECT_TRUE(absl::IsUnavailable(Authorize("good")));
  source_.refusal = absl::OkStatus();
  Let(absl::Seconds(1));
  EXPECT_TRUE(Authorize("good").ok());
}

TEST_F(HubTest, AKeyThatBecomesInvalidEndsItsClients) {
  const Client client = Connect("key");
  source_.Break(absl::UnavailableError("restart"));
  source_.refusal = absl::UnauthenticatedError("no");
  Let(absl::Seconds(2));
  EXPECT_THAT(client.connection->closed, ElementsAre(CloseReason::kUnauthorized));
}

TEST_F(HubTest, AControlPlaneThatDoesNotAnswerIsUnavailable) {
  absl::Status result;
  hub_->Authorize("key", [&](const absl::Status& status) { result = status; });
  loop_.Advance(absl::Seconds(6));
  while (loop_.RunOne()) {
  }
  EXPECT_EQ(GetErrorDetail(result).reason, "CONTROL_UNAVAILABLE");
}

TEST_F(HubTest, AnIdleWatchEndsAfterAWhile) {
  const Client client = Connect();
  hub_->Remove(client.id);
  Let(absl::Seconds(1));
  EXPECT_EQ(source_.open(), 1u);
  Let(absl::Seconds(10));
  EXPECT_EQ(source_.open(), 0u);
}

TEST_F(HubTest, AStreamIsResumedBehindItsSequence) {
  for (int i = 0; i < 5; ++i) source_.Append(kRoom);
  const Client client = Connect();
  Say(client, Subscribe(kRoom, R"("after_sequence":2)"));
  EXPECT_THAT(Got(client), ElementsAre("subscribed", "a3", "a4", "a5"));
  source_.Append(kRoom);
  Run();
  EXPECT_THAT(Got(client), ElementsAre("a6"));
  EXPECT_EQ(source_.open(), 1u) << "the catch-up is over";
  const Client from_begin = Connect();
  Say(from_begin, Subscribe(kRoom, R"("after_sequence":0)"));
  EXPECT_EQ(Got(from_begin).size(), 7u);
}

TEST_F(HubTest, AllIsResumedBehindItsCursor) {
  for (int i = 0; i < 3; ++i) source_.Append(kRoom);
  source_.Append(kCall, "call_ringing");
  const Client client = Connect();
  Say(client, Subscribe("all"));
  ASSERT_EQ(client.connection->frames.size(), 1u);
  EXPECT_EQ(client.connection->frames[0].at("cursor"), "c4");
  Got(client);
  source_.Append(kOther);
  Run();
  EXPECT_EQ(client.connection->frames.at(0).at("cursor"), "c5");
  EXPECT_THAT(Got(client), ElementsAre("b1"));
  const Client later = Connect();
  Say(later, Subscribe("all", R"("cursor":"c2")"));
  EXPECT_THAT(Got(later), ElementsAre("subscribed", "a3", "c1", "b1"));
  source_.Append(kRoom);
  Run();
  EXPECT_THAT(Got(later), ElementsAre("a4"));
  EXPECT_THAT(Got(client), ElementsAre("a4"));
}

// It was told by another gateway what this one has not yet heard.
TEST_F(HubTest, AClientThatIsAheadGetsNothingTwice) {
  const Client client = Connect();
  // On its way to us, but not here.
  source_.Append(kRoom);
  source_.Append(kRoom);
  hub_->OnFrame(client.id, Subscribe("all", R"("cursor":"c2")"));
  while (loop_.RunOne()) {
  }
  // The catch-up's answer comes first.
  source_.Step(1);
  while (loop_.RunOne()) {
  }
  EXPECT_THAT(Got(client), ElementsAre("subscribed"));
  Run();
  source_.Append(kRoom);
  Run();
  EXPECT_THAT(Got(client), ElementsAre("a3"));
}

// The end of its catching up is overtaken by what came behind it.
TEST_F(HubTest, WhatTheFeedBringsMeanwhileIsCaughtUpToo) {
  source_.Append(kRoom);
  const Client client = Connect();
  source_.arrives = [] { return false; };
  hub_->OnFrame(client.id, Subscribe(kRoom, R"("after_sequence":0)"));
  const auto step = [this](size_t index) {
    source_.Step(index);
    while (loop_.RunOne()) {
    }
  };
  while (client.connection->frames.size() < 2) step(1);
  // Its end is under way.
  step(1);
  source_.Append(kRoom);
  step(0);
  step(0);
  EXPECT_THAT(Got(client), ElementsAre("subscribed", "a1"));
  Run();
  EXPECT_THAT(Got(client), ElementsAre("a2"));
}

TEST_F(HubTest, PurgedEventsAreAGap) {
  for (int i = 0; i < 5; ++i) source_.Append(kRoom);
  source_.Purge(3);
  const Client client = Connect();
  Say(client, Subscribe(kRoom, R"("after_sequence":1)"));
  ASSERT_EQ(client.connection->frames.size(), 2u);
  EXPECT_EQ(client.connection->frames[1].dump(),
            nlohmann::json({{"type", "gap"}, {"topic", kRoom}, {"after_sequence", 1}}).dump());
  Got(client);
  source_.Append(kRoom);
  Run();
  EXPECT_THAT(Got(client), ElementsAre("a6"));
  const Client all = Connect();
  Say(all, Subscribe("all", R"("cursor":"c1")"));
  EXPECT_THAT(Got(all), ElementsAre("subscribed", "gap"));
  source_.Append(kRoom);
  Run();
  EXPECT_THAT(Got(all), ElementsAre("a7"));
}

TEST_F(HubTest, WhatIsNotThereOrBadIsRefused) {
  const Client client = Connect();
  Say(client, Subscribe(kRoom));
  EXPECT_THAT(Got(client), ElementsAre("error CONFERENCE_NOT_FOUND"));
  Say(client, "{");
  Say(client, R"({"type":"subscribe","topics":[{"topic":"conference:1"}]})");
  EXPECT_THAT(Got(client), ElementsAre("error INVALID_JSON_BODY", "error INVALID_REQUEST_PARAMETER"));
  Say(client, Subscribe("all", R"("cursor":"nonsense")"));
  EXPECT_THAT(Got(client), ElementsAre("error INVALID_REQUEST_PARAMETER"));
  source_.Append(kRoom);
  Say(client, Subscribe(kRoom));
  Say(client, Subscribe("all"));
  EXPECT_THAT(Got(client), ElementsAre("subscribed", "error STATE_INVALID"));
  Say(client, R"({"type":"ping"})");
  EXPECT_THAT(Got(client), ElementsAre("pong"));
  EXPECT_THAT(client.connection->closed, IsEmpty());
}

TEST_F(HubTest, TopicsOfAClientAreLimited) {
  const Client client = Connect();
  for (int i = 0; i < Subscriber::kTopicsMax + 1; ++i) {
    const std::string topic = absl::StrCat("call:0198f2d0-0000-7000-8000-", 100'000'000'000 + i);
    source_.Append(topic);
    Say(client, Subscribe(topic));
  }
  const auto got = Got(client);
  EXPECT_EQ(got.back(), "error RATE_LIMIT_EXCEEDED");
  EXPECT_EQ(got[got.size() - 2], "subscribed");
}

TEST_F(HubTest, TypesAreFilteredAndUnsubscribingEnds) {
  source_.Append(kRoom);
  const Client client = Connect();
  Say(client, Subscribe(kRoom, "", R"("event_types":["conference_deleted"])"));
  source_.Append(kRoom);
  source_.Append(kRoom, "conference_deleted");
  source_.Talk(kRoom, "p", true);
  Run();
  EXPECT_THAT(Got(client), ElementsAre("subscribed", "a3"));
  Say(client, absl::StrCat(R"({"type":"unsubscribe","topics":[{"topic":")", kRoom, "\"}]}"));
  source_.Append(kRoom, "conference_deleted");
  Run();
  EXPECT_THAT(Got(client), ElementsAre("unsubscribed"));
}

TEST_F(HubTest, WhoTalksIsToldToThoseWhoAskEvenLate) {
  source_.Append(kRoom);
  const Client early = Connect();
  const Client without = Connect();
  Say(early, Subscribe(kRoom, "", R"("live":true)"));
  Say(without, Subscribe(kRoom));
  source_.Talk(kRoom, "p", true);
  Run();
  const Client late = Connect();
  Say(late, Subscribe("all", "", R"("event_types":["conferencecall_talking"])"));
  EXPECT_THAT(Got(late), ElementsAre("subscribed", "talks"));
  source_.Talk(kRoom, "p", false);
  Run();
  EXPECT_THAT(Got(early), ElementsAre("subscribed", "talks", "silent"));
  EXPECT_THAT(Got(late), ElementsAre("silent"));
  EXPECT_THAT(Got(without), ElementsAre("subscribed"));
}

TEST_F(HubTest, ABreakEndsAllTalkingAndMissesNoEvent) {
  source_.Append(kRoom);
  const Client client = Connect();
  Say(client, Subscribe(kRoom, "", R"("live":true)"));
  source_.Talk(kRoom, "p", true);
  Run();
  source_.Break(absl::UnavailableError("control restarts"));
  source_.Append(kRoom);
  source_.Append(kRoom);
  Let(absl::Seconds(1));
  EXPECT_THAT(Got(client), ElementsAre("subscribed", "talks", "silent", "a2", "a3"));
}

TEST_F(HubTest, ACatchUpThatBreaksGoesOn) {
  for (int i = 0; i < 4; ++i) source_.Append(kRoom);
  const Client client = Connect();
  hub_->OnFrame(client.id, Subscribe(kRoom, R"("after_sequence":1)"));
  source_.Step(1);
  source_.Step(1);
  while (loop_.RunOne()) {
  }
  source_.Break(absl::UnavailableError("control restarts"));
  Let(absl::Seconds(1));
  EXPECT_THAT(Got(client), ElementsAre("subscribed", "a2", "a3", "a4"));
}

TEST_F(HubTest, ACatchUpWaitsForItsClientAndForNobodyElse) {
  for (int i = 0; i < 10; ++i) source_.Append(kRoom);
  const Client slow = Connect();
  const Client quick = Connect();
  slow.connection->waiting = 1000;
  Say(slow, Subscribe(kRoom, R"("after_sequence":0)"));
  Say(quick, Subscribe(kRoom, R"("after_sequence":0)"));
  EXPECT_THAT(Got(slow), ElementsAre("subscribed", "a1"));
  EXPECT_EQ(Got(quick).size(), 11u);
  slow.connection->waiting = 0;
  hub_->OnDrained(slow.id);
  Run();
  EXPECT_EQ(Got(slow).size(), 9u);
}

TEST_F(HubTest, FewCatchUpsAreOpenAtATime) {
  for (int i = 0; i < 10; ++i) source_.Append(kRoom);
  std::vector<Client> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(Connect());
  for (const Client& client : clients) hub_->OnFrame(client.id, Subscribe(kRoom, R"("after_sequence":0)"));
  // Some go before their turn.
  for (int i = 0; i < 5; ++i) hub_->Remove(clients[i].id);
  Run();
  for (size_t i = 5; i < clients.size(); ++i) EXPECT_EQ(Got(clients[i]).size(), 11u);
  EXPECT_LE(source_.open_max, 5);
  EXPECT_EQ(source_.open(), 1u);
}

TEST_F(HubTest, AFloodWhileAllIsCaughtUpIsNotHeldWithoutBound) {
  for (int i = 0; i < 10; ++i) source_.Append(kRoom);
  const Client client = Connect();
  client.connection->waiting = 1000;
  Say(client, Subscribe("all", R"("cursor":"c0")"));
  for (int i = 0; i < 3000; ++i) source_.Append(kRoom);
  Run();
  EXPECT_EQ(Got(client).size(), 2u);
  client.connection->waiting = 0;
  hub_->OnDrained(client.id);
  Run();
  const auto got = Got(client);
  ASSERT_EQ(got.size(), 3009u);
  for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], absl::StrCat("a", i + 2));
}

TEST_F(HubTest, TheLostWayBehindTheLastEventEndsTheClients) {
  source_.Append(kRoom);
  const Client client = Connect();
  source_.Append(kRoom);
  source_.Purge(2);
  source_.Break(absl::UnavailableError("away for days"));
  Let(absl::Seconds(2));
  EXPECT_THAT(client.connection->closed, ElementsAre(CloseReason::kRestart));
}

TEST_F(HubTest, AtTheEndAllAreClosed) {
  const Client client = Connect();
  hub_->CloseAll();
  EXPECT_THAT(client.connection->closed, ElementsAre(CloseReason::kGoingAway));
  EXPECT_TRUE(absl::IsUnavailable(Authorize("another")));
}

// Everything at once, in an order that a seed chooses: whoever asked for a topic
// from a point has all behind it, once and in order.
TEST_F(HubTest, InAnyOrderNothingIsMissedOrDoubled) {
  const std::vector<std::string> streams = {kRoom, kOther, kCall};
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int64_t limit) { return static_cast<int64_t>(random() % limit); };
    FakeLoop loop;
    FakeEventSource source(loop);
    source.arrives = [&] { return below(3) == 0; };
    Hub hub(source, loop, clock_, ids_, ws_metrics_, {.catch_ups_max = 2});
    for (const std::string& stream : streams) source.Append(stream);
    bool authorized = false;
    hub.Authorize("", [&](const absl::Status& status) { authorized = status.ok(); });
    struct Asked {
      Client client;
      std::string topic;
      int64_t after = 0;
    };
    std::vector<Asked> asked;
    const auto settle = [&] {
      for (bool busy = true; busy;) {
        busy = loop.RunOne();
        for (size_t i = 0; i < source.open(); ++i) busy = source.Step(i) || busy;
      }
    };
    settle();
    ASSERT_TRUE(authorized);
    for (int step = 0; step < 400; ++step) {
      const int64_t what = below(100);
      if (what < 20) {
        source.Append(streams[below(3)]);
      } else if (what < 25) {
        Asked next;
        next.client.id = hub.Add("", "request", next.client.connection);
        next.topic = below(2) == 0 ? "all" : streams[below(3)];
        if (next.topic == "all") {
          next.after = below(source.count() + 1);
          hub.OnFrame(next.client.id, Subscribe("all", absl::StrCat("\"cursor\":\"c", next.after, "\"")));
        } else {
          next.after = below(source.Latest(next.topic) + 1);
          hub.OnFrame(next.client.id, Subscribe(next.topic, absl::StrCat("\"after_sequence\":", next.after)));
        }
        asked.push_back(next);
      } else if (what < 26) {
        source.Break(absl::UnavailableError("broken"));
      } else if (what < 60) {
        if (source.open() > 0) source.Step(below(static_cast<int64_t>(source.open())));
      } else if (what < 95) {
        loop.RunOne();
      } else {
        loop.Advance(absl::Milliseconds(below(1500)));
      }
    }
    for (int i = 0; i < 5; ++i) {
      settle();
      loop.Advance(absl::Seconds(2));
    }
    settle();
    for (const Asked& each : asked) {
      std::vector<int64_t> got;
      for (const auto& frame : each.client.connection->frames) {
        if (!frame.contains("stream")) continue;
        got.push_back(each.topic == "all" ? std::stoll(frame.at("cursor").get<std::string>().substr(1))
                                          : frame.at("sequence").get<int64_t>());
      }
      const int64_t last = each.topic == "all" ? source.count() : source.Latest(each.topic);
      std::vector<int64_t> wanted;
      for (int64_t i = each.after + 1; i <= last; ++i) wanted.push_back(i);
      ASSERT_EQ(got, wanted) << "seed " << seed << " " << each.topic << " after " << each.after;
    }
    for (const Asked& each : asked) hub.Remove(each.client.id);
  }
}

}  // namespace
}  // namespace tutti::gateway::ws
