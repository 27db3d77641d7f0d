// Recordings as the node promises them.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mediaplane/node/node_fixture.h"
#include "mediaplane/recording/folder.h"

namespace tutti::mediaplane {
namespace {

using media::v1::PutRecordingRequest;
using media::v1::RecordingState;

class NodeRecordingTest : public testing::Test {
 protected:
  NodeRecordingTest() {
    std::filesystem::remove_all(folder_);
    EXPECT_TRUE(ring_.Allocate(255));
    NodeOptions options;
    options.epoch = "epoch-1";
    options.tap_rings = {&ring_};
    options.recordings.folder = folder_;
    options.recordings.tools.disk = &disk_;
    options.recordings.tools.clock = &clock_;
    options.recordings.tools.monotonic_ns = [this] { return now_ns_; };
    options.recordings.tools.write = [this](std::function<void()> task) { tasks_.push_back(std::move(task)); };
    options.recordings.tools.figures = &figures_;
    options.recordings.finish = [this](const std::string& folder, auto done) {
      tasks_.push_back([this, folder, done] {
        auto state = *ReadFolderState(folder);
        state.mutable_state()->set_status(RecordingState::STATUS_ENDED);
        done(state);
      });
    };
    node_ = std::make_unique<Node>(std::move(options), engine_, clock_);
    EXPECT_TRUE(node_->LoadRecordings().ok());
  }
  ~NodeRecordingTest() override { std::filesystem::remove_all(folder_); }

  static PutRecordingRequest Request() {
    PutRecordingRequest request;
    request.set_recording_id(Id(1));
    request.set_revision(1);
    request.set_bridge_id(Id(500));
    request.set_wanted(PutRecordingRequest::WANTED_RECORD);
    request.set_format(media::v1::RECORDING_FORMAT_WAV);
    request.set_sample_rate_hz(8000);
    request.set_duration_ms_max(1000);
    return request;
  }

  void AddBridge() {
    media::v1::PutBridgeRequest bridge;
    bridge.set_bridge_id(Id(500));
    bridge.set_revision(1);
    ASSERT_TRUE(node_->PutBridge(bridge).ok());
  }

  void Ticks(int count) {
    for (int i = 0; i < count; ++i) {
      now_ns_ += kTickNs;
      TapMessage tick;
      tick.rate = MixRate::k8000;
      tick.ends_tick = true;
      tick.tap = engine_.bridges.begin()->second.tap.id;
      tick.bridge = engine_.bridges.begin()->first;
      tick.tick_ns = now_ns_;
      ASSERT_TRUE(ring_.Put(tick));
    }
    node_->tap_hub().Drain();
    Work();
  }

  void Work() {
    for (int i = 0; i < 4; ++i) {
      const auto tasks = std::exchange(tasks_, {});
      for (const auto& task : tasks) task();
      node_->Poll();
    }
  }

  // The log, in short.
  std::vector<RecordingState::Status> Told() {
    std::vector<RecordingState::Status> told;
    for (int64_t sequence = 0;;) {
      const auto event = node_->log().After(sequence);
      if (!event.ok() || *event == nullptr) return told;
      sequence = (*event)->sequence();
      if ((*event)->has_recording_changed()) told.push_back((*event)->recording_changed().recording().status());
    }
  }

  static std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

  const std::string folder_ = absl::StrCat(testing::TempDir(), "/node-recording-", getpid());
  FakeClock clock_;
  FakeMediaEngine engine_;
  TapRing ring_;
  PosixDisk disk_;
  RecordingFigures figures_;
  std::vector<std::function<void()>> tasks_;
  int64_t now_ns_ = kTickNs;
  std::unique_ptr<Node> node_;
};

TEST_F(NodeRecordingTest, WhatIsMalformedIsRefused) {
  const std::pair<std::function<void(PutRecordingRequest&)>, const char*> cases[] = {
      {[](auto& r) { r.set_recording_id("x"); }, "INVALID_ID"},
      {[](auto& r) { r.set_bridge_id(""); }, "INVALID_ID"},
      {[](auto& r) { r.set_revision(0); }, "INVALID_REQUEST_PARAMETER"},
      {[](auto& r) { r.clear_wanted(); }, "INVALID_REQUEST_PARAMETER"},
      {[](auto& r) { r.set_wanted(static_cast<PutRecordingRequest::Wanted>(9)); }, "INVALID_REQUEST_PARAMETER"},
      {[](auto& r) { r.clear_format(); }, "INVALID_REQUEST_PARAMETER"},
      {[](auto& r) { r.set_sample_rate_hz(44'100); }, "INVALID_REQUEST_PARAMETER"},
      {[](auto& r) { r.set_duration_ms_max(0); }, "INVALID_REQUEST_PARAMETER"},
      {[](auto& r) { r.set_duration_ms_max(86'400'001); }, "INVALID_REQUEST_PARAMETER"},
  };
  AddBridge();
  for (const auto& [change, reason] : cases) {
    PutRecordingRequest request = Request();
    change(request);
    EXPECT_EQ(Reason(node_->PutRecording(request).status()), reason);
  }
  media::v1::DeleteRecordingRequest no_id;
  EXPECT_EQ(Reason(node_->DeleteRecording(no_id).status()), "INVALID_ID");
}

TEST_F(NodeRecordingTest, ItIsInTheSnapshotUntilItIsOverAndEachChangeInTheLog) {
  EXPECT_EQ(Reason(node_->PutRecording(Request()).status()), "BRIDGE_NOT_FOUND");
  AddBridge();
  EXPECT_TRUE(node_->idle());
  ASSERT_TRUE(node_->PutRecording(Request()).ok());
  EXPECT_TRUE(engine_.bridges.begin()->second.tap.mix_8000);
  Ticks(10);
  ASSERT_EQ(node_->Snapshot().size(), 3u);
  EXPECT_EQ(node_->Snapshot()[2].recording().status(), RecordingState::STATUS_RECORDING);
  EXPECT_FALSE(node_->idle());
  // Its bridge goes, and it ends with it.
  media::v1::RemoveBridgeRequest remove;
  remove.set_bridge_id(Id(500));
  remove.set_revision(2);
  ASSERT_TRUE(node_->RemoveBridge(remove).ok());
  EXPECT_EQ(node_->Snapshot().back().recording().status(), RecordingState::STATUS_FINISHING);
  Work();
  EXPECT_EQ(node_->Snapshot().size(), 1u);
  EXPECT_TRUE(node_->idle());
  EXPECT_EQ(Told(),
            (std::vector<RecordingState::Status>{RecordingState::STATUS_STARTING, RecordingState::STATUS_RECORDING,
                                                 RecordingState::STATUS_FINISHING, RecordingState::STATUS_ENDED}));
  EXPECT_EQ(node_->PutRecording(Request())->duration_ms(), 200);
  EXPECT_EQ(node_->tap_hub().subscriptions(), 0u);
}

TEST_F(NodeRecordingTest, WhileItDrainsNothingNewBegins) {
  AddBridge();
  ASSERT_TRUE(node_->PutRecording(Request()).ok());
  node_->Drain();
  PutRecordingRequest other = Request();
  other.set_recording_id(Id(2));
  EXPECT_EQ(Reason(node_->PutRecording(other).status()), "MEDIA_NODE_DRAINING");
  Ticks(5);
  ASSERT_TRUE(node_->RemoveAll());
  Work();
  EXPECT_TRUE(node_->idle());
}

TEST_F(NodeRecordingTest, WithoutAFolderNothingIsRecorded) {
  Node node({}, engine_, clock_);
  EXPECT_TRUE(node.LoadRecordings().ok());
  EXPECT_EQ(Reason(node.PutRecording(Request()).status()), "RECORDING_DISABLED");
}

}  // namespace
}  // namespace tutti::mediaplane
