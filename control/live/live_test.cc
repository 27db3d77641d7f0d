// Live events from what a node tells to what is told of it.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/id/id.h"
#include "control/core/core_fixture.h"
#include "control/live/live_hub.h"
#include "control/live/live_watcher.h"
#include "control/media/fake_node_client.h"
#include "control/rules/times.h"
#include "control/scheduler/fake_monotonic_clock.h"
#include "gmock/gmock.h"

namespace tutti::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LiveTest : public CoreFixture {
 protected:
  void SetUp() override {
    options_.list_recognizers = [](const CoreOptions::RecognizersDone& done) {
      done(std::vector<SpeechRecognizer>{{"any", {"en-US"}}});
    };
    CoreFixture::SetUp();
    hub_ = std::make_unique<LiveHub>(core_->owners(), queue_, clock_,
                                     [this](const std::shared_ptr<const LiveEvent>& live) {
                                       EXPECT_EQ(live->customer_id, principal_.customer_id);
                                       EXPECT_EQ(live->event.sequence(), 0);
                                       events_.push_back(live->event);
                                     });
    watcher_ = std::make_unique<LiveWatcher>(
        node_.id(), client_, queue_, *hub_, [this] { return has_lease_ ? std::optional(lease_) : std::nullopt; },
        [this](const NodeLease& lease, const media::v1::LegDtmf& digit, DoneStatus done) {
          EXPECT_EQ(lease.term, lease_.term);
          digits_.push_back(digit.leg_id() + digit.digit());
          digits_done_.push_back(std::move(done));
        });
    room_ = CreateConference()->id();
    call_ = JoinedCall(room_).id();
    participant_ = Participant(call_).id();
    watcher_->Start();
    Run();
    Hello(0);
  }
  void TearDown() override {
    queue_.Stop();
    watcher_ = nullptr;
    hub_ = nullptr;
    CoreFixture::TearDown();
  }
  void OnCommit(Effects effects) override {
    if (hub_ != nullptr) hub_->OnCommit(effects);
    CoreFixture::OnCommit(std::move(effects));
  }

  void Run() {
    while (queue_.RunOne()) {
    }
  }
  void Let(absl::Duration duration) {
    for (Run(); duration > absl::ZeroDuration(); Run()) {
      const absl::Duration step = std::min(duration, absl::Milliseconds(10));
      monotonic_.Advance(step);
      duration -= step;
    }
  }
  void Hello(int64_t latest) {
    media::v1::WatchLiveResponse hello;
    hello.mutable_hello()->set_latest_sequence(latest);
    client_.DeliverLive(hello);
    sequence_ = latest;
    // Another snapshot may be taken then.
    Let(absl::Seconds(2));
  }
  // Not yet run.
  void Talk(const std::string& call, const std::string& room, bool talking) {
    media::v1::WatchLiveResponse message;
    message.mutable_event()->set_sequence(++sequence_);
    auto& leg = *message.mutable_event()->mutable_leg_talking();
    leg.set_leg_id(call);
    leg.set_bridge_id(room);
    leg.set_talking(talking);
    client_.DeliverLive(message);
  }
  void Press(const std::string& call, const std::string& digit) {
    media::v1::WatchLiveResponse message;
    message.mutable_event()->set_sequence(++sequence_);
    auto& leg = *message.mutable_event()->mutable_leg_dtmf();
    leg.set_leg_id(call);
    leg.set_digit(digit);
    leg.set_duration_ms(120);
    client_.DeliverLive(message);
  }
  // What was told since the last time: "+" and "-" with the participant's name.
  std::vector<std::string> Told() {
    Let(absl::Milliseconds(100));
    std::vector<std::string> told;
    for (const v1::Event& event : std::exchange(events_, {})) {
      if (event.type() == "conferencecall_talking") {
        const v1::Talking& talking = event.talking();
        EXPECT_EQ(event.stream(), "conference:" + talking.conference_id());
        EXPECT_EQ(hub_->IsTalking(talking.conferencecall_id()), talking.talking());
        told.push_back(absl::StrCat(talking.talking() ? "+" : "-",
                                    talking.conferencecall_id() == participant_ ? "first" : "other"));
      } else {
        EXPECT_EQ(event.type(), "call_dtmf");
        EXPECT_EQ(event.stream(), "call:" + event.dtmf().call_id());
        told.push_back(absl::StrCat("digit ", event.dtmf().digit()));
      }
    }
    return told;
  }

  FakeMonotonicClock monotonic_;
  TaskQueue queue_{monotonic_.Function(), TaskQueue::Runner::kCaller};
  FakeNodeClient client_{node_, queue_};
  std::unique_ptr<LiveHub> hub_;
  std::unique_ptr<LiveWatcher> watcher_;
  std::string room_;
  std::string call_;
  std::string participant_;
  int64_t sequence_ = 0;
  bool has_lease_ = true;
  std::vector<v1::Event> events_;
  std::vector<std::string> digits_;
  std::vector<DoneStatus> digits_done_;
};

TEST_F(LiveTest, EachChangeOfWhoTalksIsToldOnce) {
  Talk(call_, room_, true);
  EXPECT_THAT(Told(), ElementsAre("+first"));
  Talk(call_, room_, true);
  EXPECT_THAT(Told(), IsEmpty());
  Talk(call_, room_, false);
  EXPECT_THAT(Told(), ElementsAre("-first"));
  // Over before it could be told.
  Talk(call_, room_, true);
  Talk(call_, room_, false);
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(LiveTest, TalkersAreKnown) {
  Talk(call_, room_, true);
  Told();
  ASSERT_EQ(hub_->Talkers(principal_.customer_id, "").size(), 1u);
  EXPECT_EQ(hub_->Talkers(principal_.customer_id, "conference:" + room_).size(), 1u);
  EXPECT_EQ(hub_->Talkers(principal_.customer_id, "conference:other").size(), 0u);
  EXPECT_EQ(hub_->Talkers("another customer", "").size(), 0u);
}

TEST_F(LiveTest, ALegThatNobodyKnowsIsNotTold) {
  Talk("stray", room_, true);
  Press("stray", "1");
  Talk(call_, "another bridge", true);
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(LiveTest, WhoIsKickedFallsSilentWithoutAWordOfTheNode) {
  Talk(call_, room_, true);
  EXPECT_THAT(Told(), ElementsAre("+first"));
  ASSERT_TRUE(Kick(participant_).ok());
  EXPECT_THAT(Told(), ElementsAre("-first"));
  // The node's own end of it comes late.
  Talk(call_, room_, false);
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(LiveTest, ANodeOutOfTouchEndsAllTalkingAndItsSnapshotBeginsItAgain) {
  const std::string other = JoinedCall(room_).id();
  Talk(call_, room_, true);
  Talk(other, room_, true);
  EXPECT_EQ(Told().size(), 2u);
  client_.EndLive(absl::UnavailableError("gone"));
  EXPECT_EQ(Told().size(), 2u);
  EXPECT_FALSE(hub_->IsTalking(participant_));
  EXPECT_TRUE(hub_->Talkers(principal_.customer_id, "").empty());
  node_.legs.at(call_).set_talking(true);
  Let(absl::Seconds(2));
  ASSERT_EQ(client_.live_watches, 2);
  Hello(9);
  EXPECT_THAT(Told(), ElementsAre("+first"));
}

TEST_F(LiveTest, AHoleIsMendedByASnapshot) {
  const int snapshots = client_.snapshots;
  Talk(call_, room_, true);
  EXPECT_THAT(Told(), ElementsAre("+first"));
  EXPECT_EQ(client_.snapshots, snapshots);
  // Its end is lost.
  sequence_ += 3;
  Press(call_, "5");
  EXPECT_THAT(Told(), ElementsAre("digit 5", "-first"));
  EXPECT_EQ(watcher_->EventsLost(), 3);
  EXPECT_EQ(client_.snapshots, snapshots + 1);
}

TEST_F(LiveTest, WhatIsNewerThanTheSnapshotStands) {
  node_.legs.at(call_).set_talking(true);
  ++sequence_;
  Press(call_, "5");
  // On its way while the snapshot, where it talks still, is taken.
  Talk(call_, room_, false);
  EXPECT_THAT(Told(), ElementsAre("digit 5"));
  EXPECT_FALSE(hub_->IsTalking(participant_));
}

TEST_F(LiveTest, AFloodOfHolesTakesASnapshotASecond) {
  const int snapshots = client_.snapshots;
  for (int i = 0; i < 100; ++i) {
    ++sequence_;
    Press(call_, "1");
    Let(absl::Milliseconds(10));
  }
  EXPECT_LE(client_.snapshots, snapshots + 2);
}

TEST_F(LiveTest, ADigitSaysWhoseItIs) {
  Press(call_, "#");
  Let(absl::Milliseconds(50));
  ASSERT_EQ(events_.size(), 1u);
  const v1::Dtmf& digit = events_[0].dtmf();
  EXPECT_EQ(digit.call_id(), call_);
  EXPECT_EQ(digit.conference_id(), room_);
  EXPECT_EQ(digit.conferencecall_id(), participant_);
  EXPECT_EQ(digit.duration_ms(), 120);
}

TEST_F(LiveTest, AllReplicasGiveAnEventTheSameId) {
  std::vector<std::string> ids;
  const auto target = [&](const std::shared_ptr<const LiveEvent>& live) { ids.push_back(live->event.id()); };
  LiveHub another(core_->owners(), queue_, clock_, target);
  media::v1::LegDtmf digit;
  digit.set_leg_id(call_);
  digit.set_digit("1");
  for (int i = 0; i < 2; ++i) {
    for (LiveHub* hub : {hub_.get(), &another}) hub->OnDigit(node_.id(), digit, clock_.Now() + absl::Milliseconds(i));
    Let(absl::Milliseconds(50));
  }
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_NE(ids[0], ids[1]);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(events_.at(i).id(), ids[i]);
    EXPECT_TRUE(IsUuid(ids[i])) << ids[i];
    EXPECT_EQ(ids[i][14], '7');
  }
  EXPECT_LT(ids[0].substr(0, 13), ids[1].substr(0, 13));
}

TEST_F(LiveTest, DigitsGoToTheFlowsInOrderOneAtATime) {
  for (const char* digit : {"1", "2", "3"}) Press(call_, digit);
  Press("another", "9");
  Run();
  EXPECT_THAT(digits_, ElementsAre(call_ + "1", "another9"));
  digits_done_[0](absl::OkStatus());
  Run();
  EXPECT_THAT(digits_, ElementsAre(call_ + "1", "another9", call_ + "2"));
  // An error of one is its own.
  digits_done_[2](absl::UnavailableError("store"));
  Run();
  EXPECT_EQ(digits_.back(), call_ + "3");
}

TEST_F(LiveTest, WithoutTheLeaseADigitIsToldAndNoMore) {
  has_lease_ = false;
  Press(call_, "1");
  EXPECT_THAT(Told(), ElementsAre("digit 1"));
  EXPECT_THAT(digits_, IsEmpty());
}

TEST_F(LiveTest, DigitsAreBounded) {
  for (int i = 0; i < 3000; ++i) {
    Press(call_, "1");
    Run();
  }
  EXPECT_GT(watcher_->DigitsDropped(), 1900);
  for (int i = 0; i < 2000; ++i) hub_->OnDigit(node_.id(), {}, clock_.Now());
  EXPECT_GT(hub_->Dropped(), 0);
}

TEST_F(LiveTest, WhatIsUnderstoodSoFarIsToldUnderItsSpeaker) {
  v1::StartTranscribeRequest request;
  request.set_id(room_);
  request.set_language("en-US");
  core_->transcribes().Start(principal_, request, [](const auto& started) { EXPECT_TRUE(started.ok()); });
  Settle();
  const std::string id = Room(room_).transcribe_id();
  const auto understand = [&](const std::string& transcribe_id, const std::string& call, const std::string& text) {
    media::v1::WatchLiveResponse message;
    message.mutable_event()->set_sequence(++sequence_);
    media::v1::TranscriptInterim& interim = *message.mutable_event()->mutable_transcript_interim();
    interim.set_transcription_id(transcribe_id);
    interim.set_leg_id(call);
    SetTime(*interim.mutable_tm_begin(), FromTimestamp(Room(room_).tm_create()) + absl::Seconds(2));
    interim.set_text(text);
    client_.DeliverLive(message);
  };
  // A later one replaces what was not told yet; those of nobody are not told.
  understand(id, call_, "hel");
  understand(id, call_, "hello");
  understand(id, "00000000-0000-7000-8000-0000000000aa", "stranger");
  understand("00000000-0000-7000-8000-0000000000bb", call_, "nothing");
  Let(absl::Seconds(1));
  ASSERT_FALSE(events_.empty());
  for (const v1::Event& event : events_) {
    EXPECT_EQ(event.type(), "transcript_interim");
    EXPECT_EQ(event.stream(), "conference:" + room_);
    EXPECT_EQ(event.transcript().transcribe_id(), id);
    EXPECT_EQ(event.transcript().conferencecall_id(), participant_);
    EXPECT_EQ(event.transcript().id(), "");
  }
  EXPECT_EQ(events_.back().transcript().message(), "hello");
  EXPECT_EQ(events_.back().transcript().tm_transcript(), 2'000);
  EXPECT_EQ(EventTypes("conference:" + room_).back(), "transcribe_progressing");
}

}  // namespace
}  // namespace tutti::control
