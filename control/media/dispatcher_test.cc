#include "control/media/dispatcher.h"

#include <string>
#include <vector>

#include "common/status/status.h"
#include "control/media/media_fixture.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

using DispatcherTest = MediaFixture;
using Sent = std::vector<std::string>;

constexpr char kTrace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr char kOtherTrace[] = "00-11111111111111111111111111111111-2222222222222222-00";

TEST_F(DispatcherTest, ABridgeGoesBeforeTheLegsThatEnterIt) {
  const std::string room = NewRoom();
  const std::string call = Begin({Join(room)});
  EXPECT_EQ(client_.sent, (Sent{"PutLeg " + call, "PutBridge " + room, "PutLeg " + call}));
  EXPECT_EQ(node_.legs.at(call).bridge_id(), room);
  EXPECT_EQ(dispatcher_->Depth(), 0);
}

TEST_F(DispatcherTest, CommandsCarryTheTraceOfTheRequestThatLedToThem) {
  const std::string room = NewRoom();
  principal_.traceparent = kTrace;
  const std::string call = Begin({Join(room)});
  // The bridge and the way into it follow from the answer.
  EXPECT_EQ(client_.sent, (Sent{"PutLeg " + call, "PutBridge " + room, "PutLeg " + call}));
  EXPECT_EQ(client_.traceparents, (Sent{kTrace, kTrace, kTrace}));
  client_.traceparents.clear();
  // A repeat is nobody's.
  Effects effects;
  effects.legs.push_back({"node-1", call, 0, false});
  dispatcher_->Enqueue(effects);
  Run();
  principal_.traceparent = kOtherTrace;
  core_->calls().Hangup(principal_, call, [](const absl::StatusOr<v1::Call>&) {});
  Run();
  EXPECT_EQ(client_.traceparents, (Sent{"", kOtherTrace}));
}

TEST_F(DispatcherTest, ACommandThatChangedInFlightCarriesTheTraceOfTheChange) {
  const std::string call = Begin({Sleep(100'000)});
  client_.traceparents.clear();
  client_.holds = true;
  for (const char* trace : {kTrace, kOtherTrace, ""}) {
    Effects effects;
    effects.legs.push_back({"node-1", call, 0, false});
    effects.traceparent = trace;
    dispatcher_->Enqueue(effects);
    Run();
  }
  client_.AnswerHeld();
  Run();
  EXPECT_EQ(client_.traceparents, (Sent{kTrace, kOtherTrace}));
}

TEST_F(DispatcherTest, ALegWaitsForItsBridgesAnswer) {
  const std::string room = NewRoom();
  const std::string call = Begin({Sleep(1'000), Join(room)});
  client_.sent.clear();
  client_.holds = true;
  clock_.Advance(absl::Seconds(1));
  core_->upkeep().RunDue([](const absl::StatusOr<absl::Time>&) {});
  Run();
  EXPECT_EQ(client_.sent, (Sent{"PutBridge " + room}));
  EXPECT_EQ(dispatcher_->Depth(), 2);
  client_.AnswerHeld();
  Run();
  EXPECT_EQ(client_.sent, (Sent{"PutBridge " + room, "PutLeg " + call}));
}

TEST_F(DispatcherTest, OneCommandOfAnIdIsInFlightAndWhatChangedMeanwhileIsSentAfterIt) {
  const std::string call = Begin({Sleep(100'000)});
  client_.sent.clear();
  client_.holds = true;
  const MediaRef ref{"node-1", call, 0, false};
  for (int i = 0; i < 3; ++i) {
    Effects effects;
    effects.legs.push_back(ref);
    dispatcher_->Enqueue(effects);
    Run();
  }
  EXPECT_EQ(client_.sent, (Sent{"PutLeg " + call}));
  client_.AnswerHeld();
  Run();
  EXPECT_EQ(client_.sent.size(), 2u) << "once for all that came meanwhile";
  EXPECT_EQ(dispatcher_->Depth(), 0);
}

TEST_F(DispatcherTest, WhatFailsIsSentAgainWithPausesThatGrow) {
  client_.failure = absl::UnavailableError("away");
  const std::string call = Begin({Sleep(100'000)});
  std::vector<size_t> sent;
  for (int i = 0; i < 4; ++i) {
    sent.push_back(client_.sent.size());
    Let(absl::Milliseconds(100));
  }
  // At 0, 50, 150 and 350 ms.
  EXPECT_EQ(sent, (std::vector<size_t>{1, 2, 3, 3}));
  EXPECT_EQ(client_.sent.size(), 4u);
  EXPECT_EQ(dispatcher_->Retries(), 4);
  Let(absl::Seconds(10));
  const size_t before = client_.sent.size();
  Let(absl::Seconds(5));
  EXPECT_EQ(client_.sent.size(), before + 5) << "once a second in the end";
  client_.failure = absl::OkStatus();
  Let(absl::Seconds(1));
  EXPECT_EQ(Call(call).status(), v1::Call::STATUS_PROGRESSING);
  EXPECT_EQ(dispatcher_->Depth(), 0);
}

TEST_F(DispatcherTest, ABusyNodeIsAskedThreeTimesUntilTheCallIsRefused) {
  node_.busy = Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "full");
  const std::string call = Begin({Sleep(100'000)});
  EXPECT_EQ(Call(call).status(), v1::Call::STATUS_RINGING);
  Let(absl::Seconds(1));
  EXPECT_EQ(SentTimes("PutLeg " + call), 3);
  EXPECT_EQ(Call(call).hangup_reason(), v1::Call::HANGUP_REASON_MEDIA_FAILED);
  EXPECT_EQ(dispatcher_->Depth(), 0);
}

TEST_F(DispatcherTest, ABridgeThatTheNodeHasNotIsPutFirst) {
  const std::string room = NewRoom();
  Begin({Join(room)});
  node_.bridges.clear();
  const std::string second = Begin({Join(room)});
  Let(absl::Seconds(1));
  EXPECT_EQ(SentTimes("PutBridge " + room), 2);
  EXPECT_EQ(node_.legs.at(second).bridge_id(), room);
}

TEST_F(DispatcherTest, ASoundThatABridgeNamesIsBroughtFirst) {
  const std::string sha256(64, 'a');
  options_.hold_sound = sha256;
  Restart();
  dispatcher_ = std::make_unique<Dispatcher>(core_->media_commands(), queue_,
                                             std::map<std::string, NodeClient*>{{"node-1", &client_}});
  int asked = 0;
  dispatcher_->OnSoundMissing([&](const std::string& node_id, const std::function<void(absl::Status)>& done) {
    EXPECT_EQ(node_id, "node-1");
    // The first time it does not work.
    if (++asked == 2) node_.sounds[sha256].set_sha256(sha256);
    done(absl::UnavailableError("later"));
  });
  const std::string room = NewRoom();
  const std::string call = Begin({Join(room)});
  Let(absl::Seconds(1));
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(node_.bridges.contains(room));
  EXPECT_EQ(node_.legs.at(call).bridge_id(), room);
}

TEST_F(DispatcherTest, WhatTheStoreDoesNotWantAnyMoreIsNotSent) {
  client_.failure = absl::UnavailableError("away");
  const std::string call = Begin({Sleep(100'000)});
  bool ended = false;
  core_->calls().Hangup(principal_, call, [&](const absl::StatusOr<v1::Call>& answer) { ended = answer.ok(); });
  Let(absl::Seconds(1));
  EXPECT_TRUE(ended);
  client_.sent.clear();
  client_.failure = absl::OkStatus();
  Let(absl::Seconds(1));
  EXPECT_EQ(client_.sent, (Sent{"RemoveLeg " + call}));
  EXPECT_EQ(Call(call).status(), v1::Call::STATUS_HANGUP);
}

TEST_F(DispatcherTest, ABridgeGoesBeforeItsRecordingAndANodeThatStaysBusyEndsIt) {
  const std::string room = NewRoom();
  client_.sent.clear();
  node_.job_refusal = Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "full");
  client_.holds = true;
  v1::StartRecordingRequest request;
  request.set_id(room);
  core_->recordings().Start(principal_, request, [](const auto& started) { EXPECT_TRUE(started.ok()); });
  Run();
  EXPECT_EQ(client_.sent, (Sent{"PutBridge " + room}));
  client_.AnswerHeld();
  client_.failure = node_.job_refusal;
  Let(absl::Milliseconds(100));
  const std::string id = core_->conferences().Get(principal_, room)->recording_id();
  EXPECT_NE(id, "") << "it may pass";
  Let(absl::Milliseconds(100));
  EXPECT_EQ(core_->conferences().Get(principal_, room)->recording_id(), "");
  EXPECT_EQ(core_->recordings().Get(principal_, id)->failure_reason(), v1::Recording::FAILURE_REASON_MEDIA_NODE_BUSY);
  EXPECT_TRUE(node_.recordings.empty());
  client_.failure = absl::OkStatus();
  Let(absl::Seconds(3));
  EXPECT_EQ(dispatcher_->Depth(), 0);
}

TEST_F(DispatcherTest, ADeletedRecordingIsDeletedOnItsNode) {
  const std::string room = NewRoom();
  v1::StartRecordingRequest request;
  request.set_id(room);
  core_->recordings().Start(principal_, request, [](const auto& started) { EXPECT_TRUE(started.ok()); });
  Run();
  const std::string id = core_->conferences().Get(principal_, room)->recording_id();
  node_.FinishRecording(id);
  core_->media_commands().RecordingPut(node_.id(), node_.recordings.at(id), [](const absl::Status&) {});
  Run();
  client_.failure = absl::UnavailableError("away");
  core_->recordings().Delete(principal_, id,
                             [](const auto& deleted) { EXPECT_TRUE(deleted.ok()) << deleted.status(); });
  Let(absl::Seconds(10));
  EXPECT_EQ(node_.recordings.size(), 1u);
  client_.failure = absl::OkStatus();
  Let(absl::Seconds(2));
  EXPECT_TRUE(node_.recordings.empty());
  EXPECT_EQ(dispatcher_->Depth(), 0);
}

}  // namespace
}  // namespace tutti::control
