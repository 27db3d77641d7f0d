#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mediaplane/node/node_fixture.h"
#include "mediaplane/transcription/fake_recognizer.h"

namespace tutti::mediaplane {
namespace {

using media::v1::PutTranscriptionRequest;
using media::v1::TranscriptionState;
using Request = PutTranscriptionRequest;

class NodeTranscriptionTest : public NodeTest {
 protected:
  void SetUp() override {
    Transcriptions::Parts parts;
    parts.hub = &node_.tap_hub();
    parts.names = &node_.leg_names();
    parts.clock = &clock_;
    parts.metrics = &metrics_;
    parts.make_recognizer = [](const Transcriptions::Post&) { return std::make_unique<FakeRecognizer>(); };
    // Nothing comes back from it.
    parts.post = [](const std::function<void()>&) {};
    parts.tell = [](const media::v1::NodeEvent&) {};
    parts.tell_live = [](const media::v1::LiveEvent&) {};
    transcriptions_ = std::make_unique<Transcriptions>(std::move(parts));
    node_.Use(*transcriptions_);
    ASSERT_TRUE(PutBridge(1, 1).ok());
  }
  void TearDown() override { transcriptions_->Close(); }

  static Request Put(int id, int64_t revision, Request::Wanted wanted = Request::WANTED_RUN, int bridge = 1) {
    Request request;
    request.set_transcription_id(Id(id));
    request.set_revision(revision);
    request.set_bridge_id(Id(bridge));
    request.set_wanted(wanted);
    request.set_language("en-US");
    return request;
  }
  std::vector<std::string> Shown() {
    std::vector<std::string> shown;
    for (const auto& item : node_.Snapshot()) {
      if (!item.has_transcription()) continue;
      const TranscriptionState& state = item.transcription();
      shown.push_back(TranscriptionState::Status_Name(state.status()) + " r" + std::to_string(state.revision()));
    }
    return shown;
  }

  prometheus::Registry registry_;
  TranscriptionMetrics metrics_{registry_};
  std::unique_ptr<Transcriptions> transcriptions_;
};

TEST_F(NodeTranscriptionTest, OnlyAHigherRevisionIsApplied) {
  const auto begun = node_.PutTranscription(Put(7, 2));
  ASSERT_TRUE(begun.ok()) << begun.status();
  EXPECT_EQ(begun->status(), TranscriptionState::STATUS_RUNNING);
  EXPECT_EQ(engine_.bridges.begin()->second.tap.legs, true);
  const auto late = node_.PutTranscription(Put(7, 1, Request::WANTED_STOP));
  EXPECT_EQ(late->status(), TranscriptionState::STATUS_RUNNING);
  EXPECT_EQ(late->revision(), 2);
  EXPECT_EQ(Shown(), std::vector<std::string>{"STATUS_RUNNING r2"});
  const auto stopped = node_.PutTranscription(Put(7, 3, Request::WANTED_STOP));
  EXPECT_EQ(stopped->status(), TranscriptionState::STATUS_FINISHING);
  EXPECT_FALSE(engine_.bridges.begin()->second.tap.legs);
  EXPECT_EQ(Shown(), std::vector<std::string>{"STATUS_FINISHING r3"});
}

TEST_F(NodeTranscriptionTest, WithItsBridgeItStops) {
  ASSERT_TRUE(node_.PutTranscription(Put(7, 1)).ok());
  ASSERT_TRUE(RemoveBridge(1, 2).ok());
  EXPECT_EQ(Shown(), std::vector<std::string>{"STATUS_FINISHING r1"});
}

TEST_F(NodeTranscriptionTest, WhatCanNotBeIsRefused) {
  EXPECT_EQ(Reason(node_.PutTranscription(Put(7, 1, Request::WANTED_RUN, 2)).status()), "BRIDGE_NOT_FOUND");
  EXPECT_EQ(Reason(node_.PutTranscription(Put(7, 0)).status()), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(Reason(node_.PutTranscription(Put(7, 1, Request::WANTED_UNSPECIFIED)).status()),
            "INVALID_REQUEST_PARAMETER");
  for (const std::string& language : {std::string(), std::string(65, 'a')}) {
    Request request = Put(7, 1);
    request.set_language(language);
    EXPECT_EQ(Reason(node_.PutTranscription(request).status()), "INVALID_REQUEST_PARAMETER");
  }
  Request provider = Put(7, 1);
  provider.set_provider(std::string(65, 'a'));
  EXPECT_EQ(Reason(node_.PutTranscription(provider).status()), "INVALID_REQUEST_PARAMETER");
  Request id = Put(7, 1);
  id.set_transcription_id("x");
  EXPECT_EQ(Reason(node_.PutTranscription(id).status()), "INVALID_ID");
  EXPECT_TRUE(Shown().empty());
  // Its stop overtook it.
  EXPECT_EQ(node_.PutTranscription(Put(7, 2, Request::WANTED_STOP, 2))->status(), TranscriptionState::STATUS_ENDED);
  EXPECT_EQ(node_.PutTranscription(Put(7, 1))->status(), TranscriptionState::STATUS_ENDED);
  node_.Drain();
  EXPECT_EQ(Reason(node_.PutTranscription(Put(8, 1)).status()), "MEDIA_NODE_DRAINING");
}

}  // namespace
}  // namespace tutti::mediaplane
