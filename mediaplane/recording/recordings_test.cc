// Commands on recordings, and what is found at a start.

#include <algorithm>

#include "mediaplane/recording/recordings_fixture.h"
#include "mediaplane/recording/wav.h"

namespace tutti::mediaplane {
namespace {

std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

TEST_F(RecordingsTest, OnlyAHigherRevisionChangesAnything) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  PutOk(Request(1, 5), bridge);
  Run(200 * kMs);
  EXPECT_EQ(PutOk(Request(1, 5, Put::WANTED_STOP), bridge).status(), State::STATUS_RECORDING);
  EXPECT_EQ(PutOk(Request(1, 4, Put::WANTED_PAUSE), bridge).revision(), 5);
  // The bridge is not looked at again.
  EXPECT_EQ(PutOk(Request(1, 6, Put::WANTED_PAUSE), std::nullopt).status(), State::STATUS_PAUSED);
  EXPECT_EQ(recordings_->UnderWay().size(), 1u);
  EXPECT_FALSE(recordings_->idle());
  PutOk(Request(1, 7, Put::WANTED_STOP), std::nullopt);
  EXPECT_EQ(Finish(1).status(), State::STATUS_ENDED);
  // Never taken up again.
  EXPECT_EQ(PutOk(Request(1, 8), bridge).status(), State::STATUS_ENDED);
  EXPECT_EQ(hub_->subscriptions(), 0u);
  EXPECT_TRUE(recordings_->UnderWay().empty());
  EXPECT_TRUE(recordings_->idle());
  std::vector<State::Status> told;
  for (const State& state : told_) told.push_back(state.status());
  EXPECT_EQ(told, (std::vector<State::Status>{State::STATUS_STARTING, State::STATUS_RECORDING, State::STATUS_PAUSED,
                                              State::STATUS_FINISHING, State::STATUS_ENDED}));
}

TEST_F(RecordingsTest, WhatCannotBeginIsRefused) {
  EXPECT_EQ(Reason(recordings_->Put(Request(1, 1), std::nullopt, false).status()), "BRIDGE_NOT_FOUND");
  const BridgeSlot bridge = *node_->engine().AddBridge();
  EXPECT_EQ(Reason(recordings_->Put(Request(1, 1), bridge, true).status()), "MEDIA_NODE_DRAINING");
  for (int i = 1; i <= 3; ++i) PutOk(Request(i, 1), bridge);
  EXPECT_EQ(Reason(recordings_->Put(Request(4, 1), bridge, false).status()), "MEDIA_NODE_BUSY");
  PutOk(Request(1, 2, Put::WANTED_STOP), bridge);
  Finish(1);
  PutOk(Request(4, 1), bridge);
}

TEST_F(RecordingsTest, OneThatWasStoppedBeforeItBeganNeverBegins) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  EXPECT_EQ(PutOk(Request(1, 3, Put::WANTED_STOP), bridge).status(), State::STATUS_ENDED);
  EXPECT_EQ(PutOk(Request(1, 3, Put::WANTED_STOP), bridge).status(), State::STATUS_ENDED);
  EXPECT_EQ(Reason(recordings_->Put(Request(1, 2), bridge, false).status()), "RECORDING_REMOVED");
  EXPECT_EQ(hub_->subscriptions(), 0u);
}

TEST_F(RecordingsTest, ItEndsWithItsBridge) {
  const BridgeSlot bridge = *node_->engine().AddBridge(), other = *node_->engine().AddBridge();
  Call(bridge, 503);
  PutOk(Request(1, 1), bridge);
  PutOk(Request(2, 1), other);
  Run(kSecond);
  recordings_->EndBridge(bridge);
  hub_->RemoveBridge(bridge);
  ASSERT_TRUE(node_->engine().RemoveBridge(bridge).ok());
  Run(kSecond);
  EXPECT_EQ(Last(1).status(), State::STATUS_ENDED);
  EXPECT_NEAR(Mixed(1).seconds(), 1, 0.021);
  EXPECT_EQ(Last(2).status(), State::STATUS_RECORDING);
}

TEST_F(RecordingsTest, DeletedItsFolderIsGoneAndNothingBringsItBack) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  for (const int id : {1, 2}) {
    PutOk(Request(id, 1), bridge);
    Run(kSecond);
    if (id == 1) {
      PutOk(Request(id, 2, Put::WANTED_STOP), bridge);
      Finish(id);
    }
    ASSERT_TRUE(std::filesystem::exists(folder_ + "/" + Id(id)));
    const size_t told = told_.size();
    recordings_->Delete(Id(id));
    Finish(id);
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/" + Id(id)));
    EXPECT_EQ(told_.size(), told);
    EXPECT_EQ(Reason(recordings_->Put(Request(id, 9), bridge, false).status()), "RECORDING_REMOVED");
    recordings_->Delete(Id(id));
  }
  EXPECT_EQ(hub_->subscriptions(), 0u);
  EXPECT_TRUE(recordings_->idle());
  recordings_->Delete(Id(3));
  EXPECT_EQ(Reason(recordings_->Put(Request(3, 9), bridge, false).status()), "RECORDING_REMOVED");
  // For as long as late commands come.
  clock_.Advance(absl::Minutes(11));
  recordings_->Poll();
  PutOk(Request(3, 10), bridge);
}

TEST_F(RecordingsTest, FilesAreReadOnceItIsOver) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  media::v1::ReadRecordingFileRequest request;
  request.set_recording_id(Id(1));
  request.set_name(Id(1) + ".wav");
  EXPECT_EQ(Reason(recordings_->FindFile(request).status()), "RECORDING_FILE_NOT_FOUND");
  PutOk(Request(1, 1), bridge);
  Run(kSecond);
  EXPECT_EQ(Reason(recordings_->FindFile(request).status()), "STATE_INVALID");
  PutOk(Request(1, 2, Put::WANTED_STOP), bridge);
  const State ended = Finish(1);
  const int64_t size = ended.files(0).size();
  EXPECT_EQ(size, static_cast<int64_t>(kWavHeaderBytes) + ended.duration_ms() * 32);
  auto file = recordings_->FindFile(request);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->path, Path(1, request.name()));
  EXPECT_EQ(file->length, size);
  request.set_offset(100);
  EXPECT_EQ(recordings_->FindFile(request)->length, size - 100);
  request.set_length(50);
  EXPECT_EQ(recordings_->FindFile(request)->length, 50);
  request.set_offset(size);
  EXPECT_EQ(recordings_->FindFile(request)->length, 0);
  request.set_offset(size + 1);
  EXPECT_EQ(recordings_->FindFile(request).status().code(), absl::StatusCode::kOutOfRange);
  request.set_offset(-1);
  EXPECT_EQ(recordings_->FindFile(request).status().code(), absl::StatusCode::kInvalidArgument);
  request.set_offset(0);
  for (const char* name : {"state", "../x", "", "reserve"}) {
    request.set_name(name);
    EXPECT_EQ(Reason(recordings_->FindFile(request).status()), "RECORDING_FILE_NOT_FOUND") << name;
  }
}

TEST_F(RecordingsTest, OneThatWasCutOffIsRepairedAndFailedAndSaysHowLongItIs) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  Call(bridge, 503);
  auto request = Request(1, 4);
  request.set_per_speaker(true);
  PutOk(request, bridge);
  Run(3 * kSecond);
  // What is there can be read by anybody, and lacks half a second.
  EXPECT_NEAR(Mixed(1).seconds(), 2.75, 0.26);
  {
    // Sound that its header does not tell of yet, and half a sample.
    std::ofstream file(Path(1, Id(1) + ".wav"), std::ios::app | std::ios::binary);
    file << std::string(32'001, 'x');
  }
  const double seconds = Mixed(1).seconds();
  Restart();
  EXPECT_EQ(recordings_->UnderWay().size(), 1u);
  EXPECT_EQ(recordings_->UnderWay()[0].status(), State::STATUS_FINISHING);
  const State failed = Finish(1);
  EXPECT_EQ(failed.status(), State::STATUS_FAILED);
  EXPECT_EQ(failed.failure(), State::FAILURE_NODE_LOST);
  EXPECT_NEAR(Mixed(1).seconds(), seconds + 1, 0.001);
  EXPECT_EQ(failed.duration_ms(), static_cast<int64_t>(Mixed(1).samples.size()) / 16);
  EXPECT_TRUE(failed.has_tm_start());
  EXPECT_TRUE(failed.has_tm_end());
  ASSERT_EQ(failed.files_size(), 3);
  EXPECT_EQ(ReadSound(Path(1, failed.files(1).name())).samples.size(), Mixed(1).samples.size());
  // It answers its last state, and is told once.
  EXPECT_EQ(PutOk(Request(1, 9), bridge).status(), State::STATUS_FAILED);
  Restart();
  EXPECT_TRUE(Finish(1).recording_id().empty());
  EXPECT_EQ(PutOk(Request(1, 10), bridge).failure(), State::FAILURE_NODE_LOST);
}

TEST_F(RecordingsTest, OneWhoseFinisherDiedIsFinishedAtTheNextStart) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  auto request = Request(1, 1);
  request.set_format(media::v1::RECORDING_FORMAT_FLAC);
  PutOk(request, bridge);
  Run(kSecond);
  request.set_revision(2);
  request.set_wanted(Put::WANTED_STOP);
  PutOk(request, bridge);
  // The writer has closed it; the finisher has not run.
  tasks_.front()();
  Restart();
  const State ended = Finish(1);
  EXPECT_EQ(ended.status(), State::STATUS_ENDED);
  EXPECT_EQ(ended.files(0).content_type(), "audio/flac");
  EXPECT_NEAR(ReadSound(Path(1, ended.files(0).name())).seconds(), 1, 0.021);
}

TEST_F(RecordingsTest, FoldersOfOthersAreLeftAlone) {
  std::filesystem::create_directories(folder_ + "/" + Id(7));
  std::filesystem::create_directories(folder_ + "/other");
  std::ofstream(folder_ + "/other/state") << "x";
  std::filesystem::create_directories(folder_ + "/" + Id(8));
  std::ofstream(Path(8, kStateName)) << "garbage {";
  Restart();
  Finish(7);
  EXPECT_TRUE(told_.empty());
  EXPECT_TRUE(recordings_->UnderWay().empty());
  EXPECT_TRUE(std::filesystem::exists(Path(8, kStateName)));
}

}  // namespace
}  // namespace tutti::mediaplane
