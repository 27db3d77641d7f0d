#include "control/media/node_watcher.h"

#include <memory>
#include <optional>
#include <string>

#include "control/media/media_fixture.h"
#include "control/media/node_registry.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

constexpr char kNode[] = "node-1";

class NodeWatcherTest : public MediaFixture {
 protected:
  void SetUp() override {
    options_.list_recognizers = [](const CoreOptions::RecognizersDone& done) {
      done(std::vector<SpeechRecognizer>{{"any", {"en-US"}}});
    };
    MediaFixture::SetUp();
    // What the fixture's own claim has left.
    LetLeasesRunOut();
    watcher_ = std::make_unique<NodeWatcher>(kNode, "me", core_->media_nodes(), client_, registry_, queue_, clock_,
                                             monotonic_.Function(), NodeWatcher::Options());
  }
  void TearDown() override {
    queue_.Stop();
    watcher_ = nullptr;
    MediaFixture::TearDown();
  }

  void StartInStep() {
    watcher_->Start();
    Let(absl::Milliseconds(100));
    ASSERT_TRUE(IsUsable());
    ASSERT_EQ(client_.snapshots, 1);
    ASSERT_TRUE(client_.IsWatched());
  }
  bool IsUsable() { return registry_.Pick(kNode).ok(); }
  bool Claim(const std::string& owner) {
    std::optional<absl::StatusOr<NodeLease>> claimed;
    core_->media_nodes().Claim(kNode, owner, absl::Seconds(5), [&](const auto& lease) { claimed = lease; });
    RunSteps();
    return claimed.has_value() && claimed->ok();
  }
  std::string Joined(const std::string& room) {
    const std::string call = Begin({Join(room)});
    client_.DeliverEvents();
    Run();
    EXPECT_EQ(Participant(call).status(), v1::Conferencecall::STATUS_JOINED);
    return call;
  }

  // A transcription that runs, and a text of it that is said to nobody yet.
  std::string Transcribed() {
    const std::string room = NewRoom();
    const std::string call = Joined(room);
    v1::StartTranscribeRequest request;
    request.set_id(room);
    request.set_language("en-US");
    core_->transcribes().Start(principal_, request, [](const auto& started) { EXPECT_TRUE(started.ok()); });
    Run();
    client_.DeliverEvents();
    Run();
    const std::string id = core_->conferences().Get(principal_, room)->transcribe_id();
    media::v1::TranscriptMade made;
    made.set_transcription_id(id);
    made.set_leg_id(call);
    made.set_text("hello");
    node_.Say(made);
    return id;
  }
  int CountTexts(const std::string& transcribe_id) {
    v1::ListTranscriptsRequest request;
    request.set_transcribe_id(transcribe_id);
    return core_->transcribes().ListTranscripts(principal_, request)->result_size();
  }

  NodeRegistry registry_;
  std::unique_ptr<NodeWatcher> watcher_;
};

TEST_F(NodeWatcherTest, ReconcilesOnceAndGoesOnFromThere) {
  StartInStep();
  const std::string call = Joined(NewRoom());
  EXPECT_EQ(watcher_->Events(), 1);
  node_.ReportMediaTimeout(call);
  client_.DeliverEvents();
  Run();
  EXPECT_EQ(Call(call).hangup_reason(), v1::Call::HANGUP_REASON_MEDIA_TIMEOUT);
  EXPECT_EQ(client_.snapshots, 1);
}

TEST_F(NodeWatcherTest, WhileAnotherReplicaWatchesTheNodeCanBeUsedAndItsLeaseIsTakenWhenItRunsOut) {
  ASSERT_TRUE(Claim("other"));
  watcher_->Start();
  Let(absl::Milliseconds(100));
  EXPECT_TRUE(IsUsable());
  Let(absl::Seconds(4));
  EXPECT_EQ(client_.snapshots, 0);
  EXPECT_EQ(client_.watches, 0);
  Let(absl::Seconds(2));
  EXPECT_EQ(client_.snapshots, 1) << "reconciled at once";
  EXPECT_TRUE(client_.IsWatched());
  EXPECT_TRUE(IsUsable());
  EXPECT_FALSE(Claim("other"));
}

TEST_F(NodeWatcherTest, ANodeThatAnotherReplicaWatchesAndThatDoesNotAnswerCanNotBeUsed) {
  ASSERT_TRUE(Claim("other"));
  client_.failure = absl::UnavailableError("away");
  watcher_->Start();
  Let(absl::Seconds(2));
  EXPECT_FALSE(IsUsable());
  client_.failure = absl::OkStatus();
  Let(absl::Seconds(1));
  EXPECT_TRUE(IsUsable());
  client_.failure = absl::UnavailableError("away");
  Let(absl::Milliseconds(6'000));
  EXPECT_FALSE(IsUsable());
}

TEST_F(NodeWatcherTest, TheLeaseIsRenewed) {
  StartInStep();
  const int watches = client_.watches;
  Let(absl::Seconds(20));
  EXPECT_FALSE(Claim("other"));
  EXPECT_EQ(client_.watches, watches);
}

TEST_F(NodeWatcherTest, ALeaseThatWasLostIsNoticedAndTheNodeCanStillBeUsed) {
  StartInStep();
  // The process stood still for longer than its lease.
  LetLeasesRunOut();
  ASSERT_TRUE(Claim("other"));
  Let(absl::Seconds(3));
  EXPECT_FALSE(client_.IsWatched());
  EXPECT_TRUE(IsUsable());
  Let(absl::Seconds(4));
  EXPECT_TRUE(client_.IsWatched());
  EXPECT_EQ(client_.snapshots, 2);
}

TEST_F(NodeWatcherTest, ItsStepsCountForNothingOnceAnotherHasTheLease) {
  StartInStep();
  const std::string call = Joined(NewRoom());
  LetLeasesRunOut();
  ASSERT_TRUE(Claim("other"));
  node_.ReportMediaTimeout(call);
  client_.DeliverEvents();
  Run();
  EXPECT_EQ(Call(call).status(), v1::Call::STATUS_PROGRESSING);
}

TEST_F(NodeWatcherTest, AResyncIsAnsweredByASnapshot) {
  StartInStep();
  node_.events.emplace_back().mutable_resync();
  client_.DeliverEvents();
  Let(absl::Milliseconds(100));
  EXPECT_EQ(client_.snapshots, 2);
  EXPECT_TRUE(client_.IsWatched());
}

TEST_F(NodeWatcherTest, AWatchThatIsOutOfRangeIsAnsweredByASnapshot) {
  StartInStep();
  client_.EndWatch(absl::OutOfRangeError("the log is too short"));
  Let(absl::Milliseconds(100));
  EXPECT_EQ(client_.snapshots, 2);
  EXPECT_TRUE(IsUsable());
}

TEST_F(NodeWatcherTest, ANodeOfANewEpochLosesItsCalls) {
  StartInStep();
  const std::string call = Joined(NewRoom());
  // What the store learns at this very moment may be missing in the snapshot.
  Let(absl::Seconds(3));
  node_.Restart("epoch-2");
  client_.EndWatch(absl::UnavailableError("gone"));
  Let(absl::Seconds(1));
  EXPECT_EQ(Call(call).hangup_reason(), v1::Call::HANGUP_REASON_MEDIA_NODE_LOST);
  EXPECT_TRUE(IsUsable());
}

TEST_F(NodeWatcherTest, EveryThirtySecondsItReconciles) {
  StartInStep();
  Let(absl::Seconds(29));
  EXPECT_EQ(client_.snapshots, 1);
  Let(absl::Seconds(3));
  EXPECT_EQ(client_.snapshots, 2);
  Let(absl::Seconds(31));
  EXPECT_EQ(client_.snapshots, 3);
}

TEST_F(NodeWatcherTest, WhatWasSaidBeforeASnapshotIsReadBeforeItIsApplied) {
  StartInStep();
  const std::string id = Transcribed();
  Let(absl::Seconds(32));
  EXPECT_EQ(client_.snapshots, 2);
  EXPECT_EQ(CountTexts(id), 1);
  EXPECT_FALSE(core_->transcribes().Get(principal_, id)->degraded());
  EXPECT_TRUE(client_.IsWatched());
  EXPECT_TRUE(IsUsable());
  Let(absl::Seconds(31));
  EXPECT_EQ(client_.snapshots, 3);
  EXPECT_EQ(CountTexts(id), 1);
}

TEST_F(NodeWatcherTest, WhatCanNotBeReadBeforeASnapshotIsKnownToBeLost) {
  StartInStep();
  const std::string id = Transcribed();
  node_.events.clear();
  Let(absl::Seconds(32));
  ASSERT_TRUE(client_.IsWatched());
  client_.EndWatch(absl::OutOfRangeError("the log is too short"));
  Let(absl::Seconds(1));
  EXPECT_EQ(CountTexts(id), 0);
  EXPECT_TRUE(core_->transcribes().Get(principal_, id)->degraded());
  EXPECT_TRUE(IsUsable());
}

TEST_F(NodeWatcherTest, AfterAPauseOfItsOwnItAsksAgainBeforeItGivesTheNodeUp) {
  StartInStep();
  const std::string call = Joined(NewRoom());
  // A suspended machine; the call that was under way has missed its deadline.
  client_.failure = absl::DeadlineExceededError("no answer");
  StandStill(absl::Seconds(60));
  Run();
  client_.failure = absl::OkStatus();
  Let(absl::Seconds(20));
  EXPECT_EQ(Call(call).status(), v1::Call::STATUS_PROGRESSING);
  EXPECT_TRUE(IsUsable());
}

TEST_F(NodeWatcherTest, ANodeThatIsAwayIsUnknownForFifteenSecondsAndThenLost) {
  StartInStep();
  const std::string room = NewRoom();
  const std::string call = Joined(room);
  client_.failure = absl::UnavailableError("away");
  client_.EndWatch(client_.failure);
  Let(absl::Seconds(14));
  EXPECT_FALSE(IsUsable());
  EXPECT_EQ(Call(call).status(), v1::Call::STATUS_PROGRESSING);
  Let(absl::Seconds(3));
  EXPECT_EQ(Call(call).hangup_reason(), v1::Call::HANGUP_REASON_MEDIA_NODE_LOST);
  EXPECT_EQ(Room(room).status(), v1::Conference::STATUS_PROGRESSING);
  // One that is sent there all the same ends, too.
  const std::string late = Begin({Sleep(100'000)});
  Let(absl::Seconds(2));
  EXPECT_EQ(Call(late).hangup_reason(), v1::Call::HANGUP_REASON_MEDIA_NODE_LOST);
  // It was only out of reach: what it has kept is removed.
  client_.failure = absl::OkStatus();
  Let(absl::Seconds(5));
  EXPECT_TRUE(IsUsable());
  EXPECT_TRUE(node_.legs.empty());
}

}  // namespace
}  // namespace tutti::control
