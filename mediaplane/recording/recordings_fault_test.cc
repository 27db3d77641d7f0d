// Disks that are full, broken or slow, and programs that do not run.

#include "mediaplane/recording/recordings_fixture.h"

namespace tutti::mediaplane {
namespace {

class DiskFaultTest : public RecordingsTest {
 protected:
  void Fails(const absl::Status& error, State::Failure failure) {
    const BridgeSlot bridge = *node_->engine().AddBridge(), other = *node_->engine().AddBridge();
    TestCaller& caller = Call(bridge, 503);
    Call(other, 811);
    Run(kSecond);
    PutOk(Request(1, 1), bridge);
    Run(3 * kSecond);
    disk_.FailAfter(20'000, error);
    const size_t heard = caller.received.size();
    Run(3 * kSecond);
    EXPECT_EQ(Last(1).status(), State::STATUS_FAILED);
    EXPECT_EQ(Last(1).failure(), failure);
    EXPECT_EQ(figures_.failed[failure], 1u);
    EXPECT_EQ(hub_->subscriptions(), 0u);
    EXPECT_EQ(caller.received.size(), heard + 150) << "the room hears nothing of it";
    // What was saved is kept, with a header that is right.
    const Sound16 mixed = Mixed(1);
    EXPECT_GT(mixed.seconds(), 2.7);
    EXPECT_LT(mixed.seconds(), 4);
    EXPECT_EQ(Last(1).duration_ms(), static_cast<int64_t>(mixed.samples.size()) / 16);
    EXPECT_NEAR(Level(mixed, 503, 0.5, 2.6), 9000, 150);
    EXPECT_EQ(static_cast<uint64_t>(Last(1).files(0).size()), std::filesystem::file_size(Path(1, Id(1) + ".wav")));
    EXPECT_FALSE(std::filesystem::exists(Path(1, kReserveName)));
    EXPECT_NE(Markers(1).find("\"end\""), std::string::npos);
    // With room again the next one works.
    disk_.FailAfter(INT64_MAX, absl::OkStatus());
    PutOk(Request(2, 1), bridge);
    Run(kSecond);
    PutOk(Request(2, 2, Put::WANTED_STOP), bridge);
    EXPECT_EQ(Finish(2).status(), State::STATUS_ENDED);
  }
};

TEST_F(DiskFaultTest, AFullDisk) { Fails(absl::ResourceExhaustedError("full"), State::FAILURE_DISK_FULL); }

TEST_F(DiskFaultTest, ABrokenDisk) { Fails(absl::UnknownError("I/O error"), State::FAILURE_DISK_FAILED); }

TEST_F(DiskFaultTest, AFolderThatCannotBeMade) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  std::filesystem::remove_all(folder_);
  std::ofstream(folder_) << "a file";
  PutOk(Request(1, 1), bridge);
  Run(kSecond);
  EXPECT_EQ(Last(1).status(), State::STATUS_FAILED);
  EXPECT_EQ(Last(1).failure(), State::FAILURE_DISK_FAILED);
  EXPECT_EQ(Last(1).files_size(), 0);
}

TEST_F(DiskFaultTest, ADiskThatIsTenSecondsLate) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  TestCaller& caller = Call(bridge, 503);
  PutOk(Request(1, 1), bridge);
  Run(2 * kSecond);
  const size_t heard = caller.received.size();
  Run(9 * kSecond, false);
  EXPECT_EQ(Last(1).status(), State::STATUS_RECORDING);
  // In time: nothing is missing.
  Run(kSecond);
  EXPECT_NEAR(Mixed(1).seconds(), 11.75, 0.3);
  Run(11 * kSecond, false);
  EXPECT_EQ(Last(1).failure(), State::FAILURE_DISK_SLOW);
  EXPECT_EQ(Last(1).status(), State::STATUS_FINISHING);
  EXPECT_EQ(hub_->subscriptions(), 0u);
  EXPECT_EQ(caller.received.size(), heard + 21 * 50);
  EXPECT_NEAR(static_cast<double>(figures_.waiting_ticks_max), 501, 1);
  const State failed = Finish(1);
  EXPECT_EQ(failed.status(), State::STATUS_FAILED);
  EXPECT_NEAR(Mixed(1).seconds(), 11.75, 0.3);
}

TEST_F(DiskFaultTest, AConversionThatFailsKeepsTheWav) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  finisher_fails_ = true;
  auto request = Request(1, 1);
  request.set_format(media::v1::RECORDING_FORMAT_OGG);
  PutOk(request, bridge);
  Run(kSecond);
  request.set_revision(2);
  request.set_wanted(Put::WANTED_STOP);
  PutOk(request, bridge);
  const State failed = Finish(1);
  EXPECT_EQ(failed.status(), State::STATUS_FAILED);
  EXPECT_EQ(failed.failure(), State::FAILURE_CONVERSION);
  EXPECT_EQ(failed.files(0).content_type(), "audio/wav");
  EXPECT_EQ(figures_.finisher_failures, 1u);
  EXPECT_NEAR(Mixed(1).seconds(), 1, 0.021);
  // And stays so.
  finisher_fails_ = false;
  Restart();
  Finish(1);
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(PutOk(Request(1, 3), bridge).failure(), State::FAILURE_CONVERSION);
}

}  // namespace
}  // namespace tutti::mediaplane
