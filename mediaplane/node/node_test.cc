#include "mediaplane/node/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/clock/fake_clock.h"
#include "common/status/status.h"
#include "mediaplane/node/fake_media_engine.h"
#include "mediaplane/node/node_fixture.h"

namespace tutti::mediaplane {
namespace {

using media::v1::LegState;
using media::v1::MediaSection;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(NodeTest, ALegJoinsMovesAndLeavesInOrder) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutBridge(102, 1).ok());
  const auto state = PutLeg(1, 1);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->answer().sections(0).rtp_port(), 10000u);
  EXPECT_EQ(state->statistics().codec(), "PCMU/8000");
  EXPECT_THAT(Events(), IsEmpty());

  ASSERT_TRUE(PutLeg(1, 2, 101).ok());
  EXPECT_EQ(GetLeg(1)->bridge_id(), "") << "joined only when the engine says so";
  EXPECT_THAT(Events(), ElementsAre("joined 1 in 101 r2"));
  EXPECT_EQ(GetLeg(1)->bridge_id(), Id(101));
  EXPECT_EQ(PutBridge(101, 1)->leg_count(), 1);

  ASSERT_TRUE(PutLeg(1, 3, 102).ok());
  EXPECT_THAT(Events(), ElementsAre("left 1 from 101 r2", "joined 1 in 102 r3"));
  ASSERT_TRUE(PutLeg(1, 4).ok());
  EXPECT_THAT(Events(), ElementsAre("left 1 from 102 r3"));
  EXPECT_EQ(GetLeg(1)->bridge_id(), "");
}

TEST_F(NodeTest, ALegMayBeBornInItsBridge) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutLeg(1, 7, 101).ok());
  EXPECT_THAT(Events(), ElementsAre("joined 1 in 101 r7"));
}

TEST_F(NodeTest, OnlyAHigherRevisionIsApplied) {
  ASSERT_TRUE(PutBridge(101, 5).ok());
  EXPECT_EQ(PutBridge(101, 4)->revision(), 5);
  EXPECT_EQ(PutBridge(101, 6)->revision(), 6);
  EXPECT_EQ(engine_.bridges.size(), 1u);

  ASSERT_TRUE(PutLeg(1, 3).ok());
  const auto repeated = PutLeg(1, 3, 101);
  ASSERT_TRUE(repeated.ok());
  EXPECT_EQ(repeated->answer().sections(0).rtp_port(), 10000u);
  EXPECT_EQ(PutLeg(1, 2, 101)->revision(), 3);
  EXPECT_EQ(engine_.legs.size(), 1u);
  EXPECT_THAT(Events(), IsEmpty());

  EXPECT_FALSE(RemoveLeg(1, 3)->removed());
  EXPECT_FALSE(RemoveBridge(101, 6)->removed());
  EXPECT_EQ(engine_.bridges.size(), 1u);
}

TEST_F(NodeTest, AHigherRevisionInTheSameBridgeIsNoNewAttachment) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutLeg(1, 1, 101).ok());
  EXPECT_THAT(Events(), ElementsAre("joined 1 in 101 r1"));
  EXPECT_EQ(PutLeg(1, 2, 101)->revision(), 2);
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(NodeTest, AReofferChangesTheMediaAndKeepsThePorts) {
  ASSERT_TRUE(PutLeg(1, 1).ok());
  auto request = LegRequest(1, 2);
  *request.mutable_offer() = Offer(5000, "PCMA");
  request.mutable_offer()->mutable_sections(0)->set_direction(MediaSection::SENDONLY);
  request.set_symmetric(true);
  request.set_media_timeout_ms(30'000);
  const auto state = node_.PutLeg(request);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->answer().sections(0).rtp_port(), 10000u);
  EXPECT_EQ(state->answer().sections(0).direction(), MediaSection::RECVONLY);
  EXPECT_EQ(state->statistics().codec(), "PCMA/8000");
  const LegMedia& media = engine_.legs.at(0).media;
  EXPECT_EQ(media.codec, Codec::kPcma);
  EXPECT_EQ(media.remote_rtp.port, 5000);
  EXPECT_FALSE(media.may_send);
  EXPECT_TRUE(media.may_receive);
  EXPECT_TRUE(media.symmetric);
  EXPECT_EQ(media.media_timeout_ms, 30'000);
}

TEST_F(NodeTest, AReofferThatDoesNotFitThePortsIsRefusedAndChangesNothing) {
  auto request = LegRequest(1, 1);
  request.mutable_offer()->mutable_sections(0)->set_rtcp_mux(true);
  ASSERT_TRUE(node_.PutLeg(request).ok());
  EXPECT_EQ(Reason(PutLeg(1, 2).status()), "MEDIA_NOT_SUPPORTED");
  request.set_revision(2);
  request.mutable_offer()->mutable_sections(0)->set_address("::1");
  EXPECT_EQ(Reason(node_.PutLeg(request).status()), "MEDIA_NOT_SUPPORTED");
  EXPECT_EQ(GetLeg(1)->revision(), 1);
  EXPECT_EQ(engine_.updates, 0);

  // The other way round, mux is left out of the answer.
  ASSERT_TRUE(PutLeg(2, 1).ok());
  auto mux = LegRequest(2, 2);
  mux.mutable_offer()->mutable_sections(0)->set_rtcp_mux(true);
  const auto state = node_.PutLeg(mux);
  ASSERT_TRUE(state.ok());
  EXPECT_FALSE(state->answer().sections(0).rtcp_mux());
}

TEST_F(NodeTest, ARemovedLegStaysRemovedForTenMinutes) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutLeg(1, 1, 101).ok());
  node_.Poll();
  engine_.legs.at(0).view.figures.packets_sent = 77;
  const auto state = RemoveLeg(1, 2);
  ASSERT_TRUE(state.ok());
  EXPECT_TRUE(state->removed());
  EXPECT_EQ(state->statistics().packets_sent(), 77);
  engine_.legs.at(0).view.figures.packets_sent = 78;
  EXPECT_EQ(GetLeg(1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Reason(GetLeg(1).status()), "LEG_NOT_FOUND");
  EXPECT_FALSE(node_.idle());
  EXPECT_THAT(Events(), ElementsAre("joined 1 in 101 r1", "left 1 from 101 r1", "removed 1 r2 sent 78"));
  EXPECT_TRUE(node_.idle());

  EXPECT_EQ(RemoveLeg(1, 2)->statistics().packets_sent(), 78) << "a repeat answers the last figures";
  EXPECT_EQ(RemoveLeg(1, 9)->revision(), 2);
  const auto late = PutLeg(1, 9, 101);
  EXPECT_EQ(late.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(late.status()), "LEG_REMOVED");
  EXPECT_THAT(Events(), IsEmpty());

  clock_.Advance(absl::Minutes(10) - absl::Seconds(1));
  node_.Poll();
  EXPECT_FALSE(PutLeg(1, 9).ok());
  clock_.Advance(absl::Seconds(1));
  node_.Poll();
  EXPECT_TRUE(PutLeg(1, 9).ok());
}

TEST_F(NodeTest, RemovingAnUnknownIdLeavesATombstone) {
  EXPECT_TRUE(RemoveLeg(1, 2)->removed());
  EXPECT_EQ(Reason(PutLeg(1, 3).status()), "LEG_REMOVED");
  EXPECT_TRUE(RemoveBridge(101, 2)->removed());
  EXPECT_EQ(Reason(PutBridge(101, 3).status()), "BRIDGE_REMOVED");
  EXPECT_EQ(RemoveBridge(101, 5)->revision(), 2);
}

TEST_F(NodeTest, RemovingABridgeLeavesItsLegsInNone) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutBridge(102, 1).ok());
  ASSERT_TRUE(PutLeg(1, 1, 101).ok());
  ASSERT_TRUE(PutLeg(2, 1, 102).ok());
  node_.Poll();
  EXPECT_TRUE(RemoveBridge(101, 2)->removed());
  Events();
  EXPECT_EQ(GetLeg(1)->bridge_id(), "");
  EXPECT_EQ(GetLeg(2)->bridge_id(), Id(102));
  EXPECT_EQ(Reason(PutLeg(1, 2, 101).status()), "BRIDGE_NOT_FOUND");
  ASSERT_TRUE(PutLeg(1, 2, 102).ok());
  EXPECT_THAT(Events(), ElementsAre("joined 1 in 102 r2"));
}

TEST_F(NodeTest, ABridgeThatComesBackIsJoinedAnew) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutLeg(1, 1, 101).ok());
  node_.Poll();
  ASSERT_TRUE(RemoveBridge(101, 2)->removed());
  clock_.Advance(absl::Minutes(10));
  Events();
  ASSERT_TRUE(PutBridge(101, 3).ok());
  ASSERT_TRUE(PutLeg(1, 2, 101).ok());
  EXPECT_THAT(Events(), ElementsAre("joined 1 in 101 r2"));
}

TEST_F(NodeTest, AFullRingIsBusyAndTheSameCommandWorksLater) {
  engine_.ring_full = true;
  const auto refused = PutLeg(1, 1);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Reason(refused.status()), "MEDIA_NODE_BUSY");
  EXPECT_FALSE(PutBridge(101, 1).ok());
  engine_.ring_full = false;
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutLeg(1, 1).ok());

  engine_.bridge_ring_full = true;
  EXPECT_FALSE(PutLeg(1, 2, 101).ok());
  EXPECT_EQ(GetLeg(1)->revision(), 1);
  engine_.bridge_ring_full = false;
  ASSERT_TRUE(PutLeg(1, 2, 101).ok());
  EXPECT_THAT(Events(), ElementsAre("joined 1 in 101 r2"));

  engine_.ring_full = true;
  EXPECT_FALSE(RemoveLeg(1, 3).ok());
  EXPECT_TRUE(GetLeg(1).ok());
  engine_.ring_full = false;
  EXPECT_TRUE(RemoveLeg(1, 3)->removed());
}

TEST_F(NodeTest, TimeoutsAndResyncAreTold) {
  ASSERT_TRUE(PutLeg(1, 1).ok());
  engine_.legs.at(0).view.media_timed_out = true;
  engine_.Report(EngineEvent::Kind::kLegMediaTimeout, 0);
  engine_.Report(EngineEvent::Kind::kResync, kNoLegSlot);
  EXPECT_THAT(Events(), ElementsAre("timeout 1", "resync"));
  EXPECT_TRUE(GetLeg(1)->media_timed_out());
}

TEST_F(NodeTest, ASnapshotAgreesWithItsSequence) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutLeg(1, 1, 101).ok());
  node_.Poll();
  ASSERT_TRUE(PutLeg(2, 1, 101).ok());  // accepted, its join not yet told
  const auto snapshot = node_.Snapshot();
  ASSERT_EQ(snapshot.size(), 4u);
  EXPECT_EQ(snapshot[0].head().epoch(), "epoch-1");
  EXPECT_EQ(snapshot[0].head().sequence(), 1);
  EXPECT_EQ(snapshot[1].bridge().leg_count(), 1);
  for (size_t i = 2; i < 4; ++i) {
    EXPECT_EQ(snapshot[i].leg().bridge_id(), snapshot[i].leg().leg_id() == Id(1) ? Id(101) : "");
  }
  seen_ = snapshot[0].head().sequence();
  EXPECT_THAT(Events(), ElementsAre("joined 2 in 101 r1"));
}

TEST_F(NodeTest, DrainRefusesNewIdsAndKeepsTheOldOnes) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutLeg(1, 1).ok());
  node_.Drain();
  EXPECT_EQ(PutLeg(2, 1).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(PutBridge(102, 1).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(PutLeg(1, 2, 101).ok());
  EXPECT_TRUE(node_.GetNode().busy());
  EXPECT_TRUE(node_.RemoveAll());
  node_.Poll();
  EXPECT_TRUE(node_.idle());
  EXPECT_EQ(node_.GetNode().bridges(), 0);
}

TEST_F(NodeTest, TellsItsLoad) {
  ASSERT_TRUE(PutLeg(1, 1).ok());
  auto state = node_.GetNode();
  EXPECT_EQ(state.legs(), 1);
  EXPECT_EQ(state.legs_max(), 10);
  EXPECT_THAT(state.worker_load_percent(), ElementsAre(10, 20));
  EXPECT_THAT(state.addresses(), ElementsAre("127.0.0.1"));
  EXPECT_FALSE(state.busy());
  engine_.refuses = true;
  EXPECT_TRUE(node_.GetNode().busy());
}

TEST_F(NodeTest, RefusesMalformedRequests) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(PutLeg(1, 0).status().code(), invalid);
  EXPECT_EQ(PutBridge(1, -1).status().code(), invalid);
  EXPECT_EQ(RemoveLeg(1, 0).status().code(), invalid);
  auto request = LegRequest(1, 1);
  request.set_leg_id("x");
  EXPECT_EQ(Reason(node_.PutLeg(request).status()), "INVALID_ID");
  request = LegRequest(1, 1);
  request.clear_offer();
  EXPECT_EQ(node_.PutLeg(request).status().code(), invalid);
  request = LegRequest(1, 1);
  request.set_media_timeout_ms(-1);
  EXPECT_EQ(node_.PutLeg(request).status().code(), invalid);
  EXPECT_EQ(Reason(PutLeg(1, 1, 101).status()), "BRIDGE_NOT_FOUND");
  request = LegRequest(1, 1);
  request.mutable_offer()->mutable_sections(0)->set_address("192.0.2.1");
  EXPECT_EQ(Reason(node_.PutLeg(request).status()), "MEDIA_NOT_SUPPORTED");
  EXPECT_TRUE(engine_.legs.empty());
}

TEST(Tombstones, ForgetTheOldestBeyondTheirBound) {
  Tombstones<int> tombstones(absl::Minutes(1), 2);
  const absl::Time now = absl::UnixEpoch();
  tombstones.Insert("a", 1, now);
  tombstones.Insert("b", 2, now);
  tombstones.Insert("c", 3, now + absl::Seconds(30));
  EXPECT_EQ(tombstones.Find("a"), nullptr);
  ASSERT_NE(tombstones.Find("b"), nullptr);
  tombstones.Expire(now + absl::Minutes(1));
  EXPECT_EQ(tombstones.Find("b"), nullptr);
  EXPECT_EQ(tombstones.size(), 1u);
}

}  // namespace
}  // namespace tutti::mediaplane
