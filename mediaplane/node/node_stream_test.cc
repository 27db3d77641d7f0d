// Legs with an audio stream instead of RTP, and listeners of a bridge.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "mediaplane/node/node_fixture.h"

namespace tutti::mediaplane {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Token(int n) { return absl::StrCat(std::string(40, 't'), n); }

class NodeStreamTest : public NodeTest {
 protected:
  static media::v1::PutLegRequest StreamRequest(int id, int64_t revision, int bridge = 0, int token = 1) {
    media::v1::PutLegRequest request = LegRequest(id, revision, bridge);
    request.clear_offer();
    request.mutable_stream()->set_token(Token(token));
    request.mutable_stream()->set_sample_rate_hz(16'000);
    return request;
  }
  absl::Status Open(int bridge, int token, uint32_t rate = 8000) {
    media::v1::OpenAudioStreamRequest request;
    request.set_token(Token(token));
    request.set_bridge_id(Id(bridge));
    request.set_sample_rate_hz(rate);
    return node_.OpenAudioStream(request).status();
  }
  absl::StatusOr<StreamBook::Stream> Claim(int token) {
    return node_.ClaimStream(Token(token), [this] { ++ended_; });
  }
  // "closed 1", and nothing else that Events() knows.
  std::vector<std::string> Closed() {
    node_.Poll();
    std::vector<std::string> closed;
    for (int64_t at = 0;;) {
      const auto event = node_.log().After(at);
      if (!event.ok() || *event == nullptr) return closed;
      at = (*event)->sequence();
      if ((*event)->has_leg_stream_closed()) closed.push_back((*event)->leg_stream_closed().leg_id());
    }
  }

  int ended_ = 0;
};

TEST_F(NodeStreamTest, ALegWithAStreamIsALegOfL16WithoutAnAnswer) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  const auto state = node_.PutLeg(StreamRequest(1, 1, 101));
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_FALSE(state->has_answer());
  EXPECT_EQ(state->statistics().codec(), "L16/16000");
  EXPECT_FALSE(state->stream_closed());
  EXPECT_EQ(engine_.legs.at(0).media.codec, Codec::kL16At16000);
  EXPECT_EQ(engine_.legs.at(0).media.media_timeout_ms, 0);
  EXPECT_THAT(Events(), ElementsAre("joined 1 in 101 r1"));
  // A later revision changes its settings and its bridge; the token stays what it was.
  auto request = StreamRequest(1, 2, 0, 9);
  request.mutable_settings()->set_muted(true);
  ASSERT_TRUE(node_.PutLeg(request).ok());
  EXPECT_TRUE(engine_.legs.at(0).settings.muted);
  EXPECT_EQ(engine_.updates, 0);
  EXPECT_FALSE(Claim(9).ok());
  const auto stream = Claim(1);
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(stream->line, engine_.legs.at(0).line);
  EXPECT_TRUE(stream->line->speaks());
}

TEST_F(NodeStreamTest, ALegHasAnOfferOrAStream) {
  auto both = StreamRequest(1, 1);
  *both.mutable_offer() = Offer();
  auto neither = StreamRequest(1, 1);
  neither.clear_stream();
  auto wrong_rate = StreamRequest(1, 1);
  wrong_rate.mutable_stream()->set_sample_rate_hz(48'000);
  auto no_token = StreamRequest(1, 1);
  no_token.mutable_stream()->clear_token();
  for (const auto& request : {both, neither, wrong_rate, no_token}) {
    EXPECT_EQ(Reason(node_.PutLeg(request).status()), "INVALID_REQUEST_PARAMETER") << request.ShortDebugString();
  }
  EXPECT_THAT(engine_.legs, IsEmpty());
  ASSERT_TRUE(node_.PutLeg(StreamRequest(1, 1)).ok());
  ASSERT_TRUE(PutLeg(2, 1).ok());
  EXPECT_EQ(Reason(PutLeg(1, 2).status()), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(Reason(node_.PutLeg(StreamRequest(2, 2, 0, 2)).status()), "INVALID_REQUEST_PARAMETER");
}

TEST_F(NodeStreamTest, WhoGoesOrNeverComesIsTold) {
  ASSERT_TRUE(node_.PutLeg(StreamRequest(1, 1, 0, 1)).ok());
  ASSERT_TRUE(node_.PutLeg(StreamRequest(2, 1, 0, 2)).ok());
  const auto stream = Claim(1);
  ASSERT_TRUE(stream.ok());
  EXPECT_THAT(Closed(), IsEmpty());
  node_.ReleaseStream(stream->ticket);
  node_.ReleaseStream(stream->ticket);
  EXPECT_THAT(Closed(), ElementsAre(Id(1)));
  EXPECT_TRUE(GetLeg(1)->stream_closed());
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(Closed(), ElementsAre(Id(1), Id(2)));
  EXPECT_TRUE(GetLeg(2)->stream_closed());
  EXPECT_EQ(node_.streams().size(), 0u);
}

TEST_F(NodeStreamTest, ARemovedLegEndsItsStreamAndTellsNothingMore) {
  ASSERT_TRUE(node_.PutLeg(StreamRequest(1, 1)).ok());
  const auto stream = Claim(1);
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE(RemoveLeg(1, 2).ok());
  EXPECT_EQ(ended_, 1);
  node_.ReleaseStream(stream->ticket);
  EXPECT_THAT(Closed(), IsEmpty());
}

TEST_F(NodeStreamTest, ABridgeIsTappedWhileSomebodyListens) {
  EXPECT_EQ(Reason(Open(101, 1)), "BRIDGE_NOT_FOUND");
  ASSERT_TRUE(PutBridge(101, 1).ok());
  EXPECT_EQ(Reason(Open(101, 1, 44'100)), "INVALID_REQUEST_PARAMETER");
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(Open(101, 1, 16'000).ok());
  EXPECT_EQ(node_.streams().size(), 1u);
  EXPECT_FALSE(engine_.bridges.at(0).tap.mix_16000);
  const auto stream = Claim(1);
  ASSERT_TRUE(stream.ok());
  EXPECT_FALSE(stream->line->speaks());
  EXPECT_TRUE(engine_.bridges.at(0).tap.mix_16000);
  EXPECT_FALSE(engine_.bridges.at(0).tap.mix_8000);
  node_.ReleaseStream(stream->ticket);
  EXPECT_FALSE(engine_.bridges.at(0).tap.mix_16000);
  EXPECT_EQ(ended_, 0);
  EXPECT_THAT(Closed(), IsEmpty());
}

TEST_F(NodeStreamTest, ARemovedBridgeEndsItsListeners) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(Open(101, 1).ok());
  ASSERT_TRUE(Open(101, 2).ok());
  const auto stream = Claim(1);
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE(RemoveBridge(101, 2).ok());
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(Reason(Claim(2).status()), "STREAM_TOKEN_INVALID");
  node_.ReleaseStream(stream->ticket);
  EXPECT_EQ(node_.streams().size(), 0u);
}

TEST_F(NodeStreamTest, ThereAreNoMoreThanConfigured) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Open(101, i).ok());
  EXPECT_EQ(Reason(Open(101, 3)), "MEDIA_NODE_BUSY");
  EXPECT_EQ(Reason(node_.PutLeg(StreamRequest(1, 1, 0, 4)).status()), "MEDIA_NODE_BUSY");
  EXPECT_THAT(engine_.legs, IsEmpty());
  node_.Drain();
  EXPECT_EQ(Reason(Open(101, 5)), "MEDIA_NODE_DRAINING");
}

}  // namespace
}  // namespace tutti::mediaplane
