#include "control/scheduler/scheduler.h"

#include <memory>
#include <optional>
#include <string>

#include "common/status/status.h"
#include "control/media/media_fixture.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

// A store whose reads fail at will.
class FaultyStore final : public Store {
 public:
  explicit FaultyStore(Store& store) : store_(store) {}
  void Submit(Step step, Done done) override { store_.Submit(std::move(step), std::move(done)); }
  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> read) override {
    ++reads;
    return failure.ok() ? store_.Read(read) : failure;
  }
  absl::Status failure;
  int reads = 0;

 private:
  Store& store_;
};

// A second replica beside the fixture's: what the fixture's core commits is
// another's to it.
class SchedulerTest : public MediaFixture {
 protected:
  void SetUp() override {
    MediaFixture::SetUp();
    faulty_ = std::make_unique<FaultyStore>(*store_);
    second_ = std::make_unique<Core>(
        *faulty_, clock_, ids_, *this, *this,
        [](const media::v1::MediaDescription&, const std::string&, int64_t) { return std::string("v=0 answer"); },
        CoreOptions());
    ASSERT_TRUE(second_->Start().ok());
    Scheduler::Options options;
    options.on_look = [this] { ++looks_; };
    scheduler_ = std::make_unique<Scheduler>(second_->upkeep(), queue_, clock_, options);
    scheduler_->Start();
    Run();
  }
  void TearDown() override {
    queue_.Stop();
    scheduler_ = nullptr;
    second_ = nullptr;
    MediaFixture::TearDown();
  }

  std::string RoomThatEndsAfter(int timeout) {
    v1::CreateConferenceRequest request;
    request.mutable_conference()->set_timeout(timeout);
    std::string id;
    core_->conferences().Create(principal_, request, "",
                                [&](const absl::StatusOr<v1::Conference>& made) { id = made->id(); });
    Run();
    return id;
  }
  bool HasEnded(const std::string& room) { return Room(room).status() == v1::Conference::STATUS_TERMINATED; }

  IdGenerator ids_{clock_};
  std::unique_ptr<FaultyStore> faulty_;
  std::unique_ptr<Core> second_;
  std::unique_ptr<Scheduler> scheduler_;
  int looks_ = 0;
};

TEST_F(SchedulerTest, ADeadlineIsMetAtItsTime) {
  Let(absl::Milliseconds(500));
  const std::string room = RoomThatEndsAfter(2);
  scheduler_->OnDeadline(clock_.Now() + absl::Seconds(2));
  Let(absl::Milliseconds(1'999));
  EXPECT_FALSE(HasEnded(room));
  Let(absl::Milliseconds(1));
  EXPECT_TRUE(HasEnded(room));
}

TEST_F(SchedulerTest, AnEarlierDeadlineIsMetBeforeOneThatWasKnown) {
  const std::string late = RoomThatEndsAfter(3);
  scheduler_->OnDeadline(clock_.Now() + absl::Seconds(3));
  Let(absl::Milliseconds(300));
  const std::string early = RoomThatEndsAfter(1);
  scheduler_->OnDeadline(clock_.Now() + absl::Seconds(1));
  Let(absl::Seconds(1));
  EXPECT_TRUE(HasEnded(early));
  EXPECT_FALSE(HasEnded(late));
  Let(absl::Milliseconds(1'700));
  EXPECT_TRUE(HasEnded(late));
}

TEST_F(SchedulerTest, AnotherReplicasDeadlineIsFoundWithinASecond) {
  Let(absl::Milliseconds(1'500));
  // Due before the next look.
  const std::string room = RoomThatEndsAfter(1);
  Let(absl::Milliseconds(1'500));
  EXPECT_TRUE(HasEnded(room));
}

TEST_F(SchedulerTest, AnotherReplicasWordIsActedUponSoonAndOnceForMany) {
  Let(absl::Milliseconds(1'100));
  const int looks = looks_;
  for (int i = 0; i < 100; ++i) scheduler_->OnRemoteCommit();
  Let(absl::Milliseconds(30));
  EXPECT_EQ(looks_, looks + 1);
}

TEST_F(SchedulerTest, AfterAnErrorOfTheStoreItLooksAgain) {
  const std::string room = RoomThatEndsAfter(2);
  Let(absl::Milliseconds(1'900));
  faulty_->failure = Error(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", "down");
  Let(absl::Seconds(5));
  EXPECT_FALSE(HasEnded(room));
  faulty_->failure = absl::OkStatus();
  Let(absl::Milliseconds(250));
  EXPECT_TRUE(HasEnded(room));
}

TEST_F(SchedulerTest, WhatIsIdleCostsFewReads) {
  Let(absl::Seconds(1));
  const int reads = faulty_->reads;
  Let(absl::Seconds(10));
  // A second: the scan and what is next, a look for commands; every five: health.
  EXPECT_LE(faulty_->reads - reads, 10 * 3 + 2);
}

TEST_F(SchedulerTest, WhoWaitsIsToldWhatAnotherReplicaCommitted) {
  dispatcher_ = nullptr;
  v1::CreateCallRequest request;
  request.mutable_call()->set_type(v1::Call::TYPE_RTP);
  request.mutable_call()->set_sdp_offer("v=0 offer");
  *request.mutable_call()->add_actions() = Sleep(100'000);
  std::optional<absl::StatusOr<v1::Call>> answer;
  second_->calls().Create(principal_, request, {}, "", [&](const absl::StatusOr<v1::Call>& made) { answer = made; });
  Run();
  EXPECT_FALSE(answer.has_value());
  media::v1::LegState state;
  state.set_leg_id(core_->calls().List(principal_, {})->result(0).id());
  state.set_revision(1);
  state.mutable_answer()->add_sections()->set_rtp_port(10'000);
  core_->media_commands().LegPut("node-1", state, "", [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
  Run();
  EXPECT_FALSE(answer.has_value());
  Let(absl::Milliseconds(500));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ((*answer)->sdp_answer(), "v=0 answer");
}

TEST_F(SchedulerTest, ACommandThatADeadReplicaLeftIsSentByAnother) {
  // The first one dies between its commit and the command.
  auto dispatcher = std::move(dispatcher_);
  auto answer = std::make_shared<std::optional<absl::StatusOr<v1::Call>>>();
  StartCall({Sleep(100'000)}, answer);
  Run();
  dispatcher_ = std::move(dispatcher);
  Let(absl::Milliseconds(1'900));
  EXPECT_TRUE(client_.sent.empty());
  Let(absl::Milliseconds(1'200));
  EXPECT_EQ(client_.sent.size(), 1u);
  EXPECT_EQ(core_->calls().List(principal_, {})->result(0).status(), v1::Call::STATUS_PROGRESSING);
}

}  // namespace
}  // namespace tutti::control
