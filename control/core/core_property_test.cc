#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

using L = v1::Call;
using P = v1::Conferencecall;
using C = v1::Conference;

constexpr int kSeeds = 12;
constexpr int kOperations = 120;

// Anything in any order: requests, lost commands, lost and repeated events,
// deadlines, crashes of control and of the node. After each the invariants hold
// and no state has gone back; at the end nothing is stuck.
class CorePropertyTest : public CoreFixture, public ::testing::WithParamInterface<int> {
 protected:
  uint64_t Random(uint64_t below) { return random_() % below; }
  const std::string& OneOf(const std::vector<std::string>& ids) { return ids[Random(ids.size())]; }

  std::vector<v1::Action> RandomFlow() {
    std::vector<v1::Action> actions;
    for (uint64_t left = 1 + Random(3); left > 0; --left) {
      switch (Random(5)) {
        case 0:
          actions.push_back(Sleep(1 + Random(20'000)));
          break;
        case 1:
          actions.push_back(Plain("answer"));
          break;
        default:
          actions.push_back(Join(OneOf(rooms_)));
          break;
      }
    }
    return actions;
  }

  void Operate() {
    switch (Random(18)) {
      case 0: {
        C asked;
        asked.set_type(Random(2) == 0 ? C::TYPE_CONNECT : C::TYPE_CONFERENCE);
        asked.set_timeout(Random(3) == 0 ? 1 + Random(60) : 0);
        if (asked.type() == C::TYPE_CONFERENCE) asked.set_max_participants(Random(4));
        rooms_.push_back(CreateConference(asked)->id());
        break;
      }
      case 1:
        if (Random(3) == 0) {
          EXPECT_TRUE(DeleteConference(OneOf(rooms_)).ok());
        }
        break;
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
        answers_.push_back(std::make_shared<std::optional<absl::StatusOr<L>>>());
        StartCall(RandomFlow(), answers_.back(), Random(4) == 0 ? std::to_string(Random(5)) : "");
        Settle();
        break;
      case 7:
      case 8:
        if (const auto ids = Ids<L>(); !ids.empty()) {
          EXPECT_TRUE(Hangup(OneOf(ids)).ok());
        }
        break;
      case 9:
      case 10:
        if (const auto ids = Ids<P>(); !ids.empty()) {
          EXPECT_TRUE(Kick(OneOf(ids)).ok());
        }
        break;
      case 11:
        Pass(absl::Milliseconds(Random(12'000)));
        break;
      case 12:
        hold_commands_ = !hold_commands_;
        Settle();
        break;
      case 13:
        hold_events_ = !hold_events_;
        Settle();
        break;
      case 14:
        if (!node_.legs.empty())
          node_.ReportMediaTimeout(std::next(node_.legs.begin(), Random(node_.legs.size()))->first);
        Settle();
        break;
      case 15:
        // A new process loses who waits and what was not sent.
        Restart();
        Connect();
        break;
      case 16:
        if (Random(3) == 0) {
          node_.Restart("epoch-" + std::to_string(random_()));
          Connect();
        } else {
          Reconcile();
        }
        break;
      case 17:
        node_.attaches = Random(3) != 0;
        core_->SweepHealth([](const absl::StatusOr<int>& removed) { EXPECT_TRUE(removed.ok()); });
        Settle();
        break;
    }
  }

  template <typename Resource>
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const auto& [id, status] : statuses_[Resource::descriptor()->name()]) ids.push_back(id);
    return ids;
  }

  template <typename Resource>
  void Watch(const Resource& resource) {
    int& last = statuses_[Resource::descriptor()->name()][resource.id()];
    EXPECT_GE(resource.status(), last) << resource.ShortDebugString();
    last = resource.status();
  }

  template <typename Request, typename List>
  void WatchAll(List list) {
    Request request;
    do {
      const auto page = list(request);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const auto& resource : page->result()) Watch(resource);
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
  }

  void WatchEverything() {
    WatchAll<v1::ListConferencesRequest>([&](const auto& r) { return core_->ListConferences(principal_, r); });
    WatchAll<v1::ListConferencecallsRequest>([&](const auto& r) { return core_->ListConferencecalls(principal_, r); });
    WatchAll<v1::ListCallsRequest>([&](const auto& r) { return core_->ListCalls(principal_, r); });
    CheckInvariants();
  }

  // Every participant's events are in the order of its life; a room ends once.
  void CheckEventsOf(const std::string& stream) {
    auto point = *core_->FindEventPoint(principal_, stream, 0, "");
    std::map<std::string, int> reached;
    int64_t sequence = 0;
    int deleted = 0;
    std::string etag;
    for (;;) {
      const auto events = *core_->ReadEvents(principal_, point, 50);
      if (events.empty()) break;
      for (const v1::Event& event : events) {
        EXPECT_EQ(event.sequence(), ++sequence) << stream;
        EXPECT_TRUE(event_ids_.insert(event.id()).second);
        EXPECT_EQ(deleted, 0) << "nothing comes after the end";
        if (event.type() == "conference_deleted") ++deleted;
        if (event.has_conferencecall()) {
          const P& participant = event.conferencecall();
          EXPECT_GT(participant.status(), reached[participant.id()]) << event.ShortDebugString();
          reached[participant.id()] = participant.status();
        }
        if (event.has_conference()) {
          EXPECT_NE(event.conference().etag(), etag);
          etag = event.conference().etag();
        }
      }
    }
    EXPECT_EQ(deleted, stream[1] == 'o' ? 1 : 0) << stream;
    for (const auto& [id, status] : reached) EXPECT_EQ(status, P::STATUS_LEAVED) << id;
  }

  std::mt19937_64 random_;
  std::vector<std::string> rooms_;
  std::vector<CallAnswer> answers_;
  // By resource and id.
  std::map<std::string, std::map<std::string, int>> statuses_;
  std::set<std::string> event_ids_;
};

TEST_P(CorePropertyTest, NothingGoesBackIsLostOrStuck) {
  random_.seed(GetParam());
  rooms_.push_back(CreateConference()->id());
  for (int i = 0; i < kOperations && !HasFailure(); ++i) {
    Operate();
    WatchEverything();
  }

  hold_commands_ = false;
  hold_events_ = false;
  node_.attaches = true;
  Connect();
  for (const std::string& id : rooms_) EXPECT_TRUE(DeleteConference(id).ok());
  for (const std::string& id : Ids<L>()) EXPECT_TRUE(Hangup(id).ok());
  Pass(absl::Seconds(31));
  Pass(absl::Seconds(31));
  Reconcile();
  WatchEverything();
  for (const auto& [id, status] : statuses_["Conference"]) EXPECT_EQ(status, C::STATUS_TERMINATED) << id;
  for (const auto& [id, status] : statuses_["Conferencecall"]) EXPECT_EQ(status, P::STATUS_LEAVED) << id;
  for (const auto& [id, status] : statuses_["Call"]) EXPECT_EQ(status, L::STATUS_HANGUP) << id;
  EXPECT_TRUE(node_.legs.empty());
  EXPECT_TRUE(node_.bridges.empty());
  for (const CallAnswer& answer : answers_) EXPECT_TRUE(answer->has_value()) << "who waits is answered";
  for (const std::string& id : Ids<C>()) CheckEventsOf("conference:" + id);
  for (const std::string& id : Ids<L>()) CheckEventsOf("call:" + id);
}

// TUTTI_SEEDS=FROM,TO runs others.
std::pair<int, int> SeedRange() {
  const char* range = std::getenv("TUTTI_SEEDS");
  if (range == nullptr) return {0, kSeeds};
  char* rest = nullptr;
  const int from = static_cast<int>(std::strtol(range, &rest, 10));
  return {from, *rest == ',' ? std::atoi(rest + 1) : from + 1};
}

INSTANTIATE_TEST_SUITE_P(Seeds, CorePropertyTest, ::testing::Range(SeedRange().first, SeedRange().second));

}  // namespace
}  // namespace tutti::control
