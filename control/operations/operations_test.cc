#include "control/operations/operations.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "control/core/core_fixture.h"
#include "control/http_client/fake_http_client.h"
#include "control/scheduler/task_queue.h"
#include "google/protobuf/util/json_util.h"

namespace tutti::control {
namespace {

class OperationsTest : public CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    Make();
  }
  void TearDown() override {
    queue_ = nullptr;
    CoreFixture::TearDown();
  }
  void Make() {
    queue_ = std::make_unique<TaskQueue>([] { return absl::ZeroDuration(); }, TaskQueue::Runner::kCaller);
    operations_ = std::make_unique<Operations>(
        *core_, *queue_, http_,
        [this](PlayRequest request, AudioPlayer::Done done, AudioPlayer::Ended ended) {
          plays_.push_back({std::move(request), std::move(done), std::move(ended)});
        },
        [this](const StopRequest& request, const AudioPlayer::Done&) { stops_.push_back(request.operation_id); });
  }
  // Hands over what commits have told since the last time.
  void Do() {
    do {
      Effects effects;
      effects.operations = std::exchange(asked_operations_, {});
      for (const std::string& id : std::exchange(stopped_sounds_, {})) effects.stops.push_back({"node-1", id});
      operations_->OnCommit(effects);
      while (queue_->RunOne()) {
      }
      Settle();
    } while (!asked_operations_.empty() || !stopped_sounds_.empty());
  }
  static v1::Action MakeAction(const std::string& type, const std::string& option) {
    v1::Action action;
    action.set_type(type);
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(option, action.mutable_option()).ok());
    return action;
  }
  std::string Run(const v1::Action& action) {
    const auto call = CreateCall({action, Sleep(86'400'000)});
    EXPECT_TRUE(call.ok()) << call.status();
    Do();
    return call->id();
  }
  bool Waits(const std::string& call_id) { return core_->ReadOperation(call_id).ok(); }

  struct Begun {
    PlayRequest request;
    AudioPlayer::Done done;
    AudioPlayer::Ended ended;
  };
  FakeHttpClient http_;
  std::vector<Begun> plays_;
  std::vector<std::string> stops_;
  std::unique_ptr<TaskQueue> queue_;
  std::unique_ptr<Operations> operations_;
};

TEST_F(OperationsTest, PlaysWhatTheRowSaysAndWaitsForTheNode) {
  const std::string id = Run(MakeAction("play", R"({"sounds":["file:a.wav"],"stop_on_dtmf":true})"));
  ASSERT_EQ(plays_.size(), 1u);
  EXPECT_EQ(plays_[0].request.node_id, "node-1");
  EXPECT_EQ(plays_[0].request.leg_id, id);
  EXPECT_EQ(plays_[0].request.source, "file:a.wav");
  EXPECT_TRUE(plays_[0].request.stop_on_dtmf);
  plays_[0].done(absl::OkStatus());
  Do();
  EXPECT_TRUE(Waits(id));
  // One that is told twice is played once; later it is played again, as the same.
  asked_operations_ = {id, id};
  Do();
  ASSERT_EQ(plays_.size(), 2u);
  EXPECT_EQ(plays_[1].request.operation_id, plays_[0].request.operation_id);
}

TEST_F(OperationsTest, ASoundWhoseEndWasLostEndsWhenItIsAskedForAgain) {
  const std::string id = Run(MakeAction("play", R"({"sounds":["file:a.wav","file:b.wav"]})"));
  ASSERT_EQ(plays_.size(), 1u);
  plays_[0].done(absl::OkStatus());
  asked_operations_ = {id};
  Do();
  ASSERT_EQ(plays_.size(), 2u);
  plays_[1].ended(media::v1::AudioFinished::CAUSE_FINISHED);
  Settle();
  Do();
  // The rest follows; but not what was stopped.
  ASSERT_EQ(plays_.size(), 3u);
  EXPECT_EQ(plays_[2].request.source, "file:b.wav");
  plays_[2].ended(media::v1::AudioFinished::CAUSE_STOPPED);
  Settle();
  EXPECT_FALSE(Waits(id));
}

TEST_F(OperationsTest, WhatCannotBePlayedIsTold) {
  const std::string id = Run(MakeAction("play", R"({"sounds":["file:none.wav"]})"));
  ASSERT_EQ(plays_.size(), 1u);
  plays_[0].done(Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE", "away"));
  Do();
  EXPECT_TRUE(Waits(id));
  asked_operations_ = {id};
  Do();
  ASSERT_EQ(plays_.size(), 2u);
  plays_[1].done(Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", "none"));
  Do();
  EXPECT_FALSE(Waits(id));
  EXPECT_EQ(operations_->Failed(), 1);
}

TEST_F(OperationsTest, SpeaksATextAndGoesOnWithoutOneWhoCanSpeak) {
  const auto talk = MakeAction("talk", R"({"text":"Hello","language":"en-US","voice":"slt","stop_on_dtmf":true})");
  const std::string id = Run(talk);
  ASSERT_EQ(plays_.size(), 1u);
  const PlayRequest& request = plays_[0].request;
  EXPECT_EQ(request.leg_id, id);
  ASSERT_TRUE(request.text.has_value());
  EXPECT_EQ(request.text->text, "Hello");
  EXPECT_EQ(request.text->language, "en-US");
  EXPECT_EQ(request.text->voice, "slt");
  EXPECT_TRUE(request.stop_on_dtmf);
  plays_[0].done(Error(absl::StatusCode::kUnavailable, "SPEECH_UNAVAILABLE", "away"));
  Do();
  EXPECT_FALSE(Waits(id));
  EXPECT_EQ(operations_->Failed(), 1);
}

TEST_F(OperationsTest, StopsWhatNobodyWaitsForAnyMore) {
  const std::string id = Run(MakeAction("digits_receive", R"({"duration":1000,"length":1,"sound":"beep"})"));
  ASSERT_EQ(plays_.size(), 1u);
  media::v1::LegDtmf digit;
  digit.set_leg_id(id);
  digit.set_digit("1");
  core_->HandleDigit(lease_, digit, [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
  Settle();
  Do();
  EXPECT_EQ(stops_, std::vector<std::string>{plays_[0].request.operation_id});
}

TEST_F(OperationsTest, SendsRequestsUnderTheirId) {
  std::vector<HttpRequest> sent;
  int status = 204;
  http_.SetHandler([&](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    sent.push_back(request);
    HttpResponse response;
    response.status = status;
    return response;
  });
  const auto send = MakeAction("webhook_send", R"({"uri":"http://host/x","data":"{}"})");
  EXPECT_FALSE(Waits(Run(send)));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].method, "POST");
  EXPECT_EQ(sent[0].url, "http://host/x");
  EXPECT_EQ(sent[0].body, "{}");
  std::map<std::string, std::string> headers(sent[0].headers.begin(), sent[0].headers.end());
  EXPECT_EQ(headers["content-type"], "application/json");
  EXPECT_FALSE(headers["webhook-id"].empty());
  EXPECT_EQ(operations_->Failed(), 0);
  status = 500;
  EXPECT_FALSE(Waits(Run(send)));
  EXPECT_EQ(operations_->Failed(), 1);
}

TEST_F(OperationsTest, AfterARestartTheSameIsSentAgain) {
  const std::string id = Run(MakeAction("webhook_send", R"({"uri":"http://host/x"})"));
  const std::string operation = core_->ReadOperation(id)->id;
  operations_ = nullptr;
  queue_ = nullptr;
  Restart();
  Make();
  Connect();
  std::vector<HttpRequest> sent;
  http_.SetHandler([&](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
    sent.push_back(request);
    HttpResponse response;
    response.status = 200;
    return response;
  });
  Pass(options_.send_repeat_after);
  Do();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].headers[1].second, operation);
  EXPECT_FALSE(Waits(id));
}

}  // namespace
}  // namespace tutti::control
