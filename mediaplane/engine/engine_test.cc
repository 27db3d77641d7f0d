// Legs and bridges as the control thread sees them, and what is sent for them.

#include "mediaplane/engine/engine.h"

#include <string>
#include <vector>

#include "common/status/status.h"
#include "gtest/gtest.h"
#include "mediaplane/engine/test_node.h"
#include "mediaplane/rtp/rtcp_packet.h"

namespace tutti::mediaplane {
namespace {

using Kind = EngineEvent::Kind;

// "joined leg bridge tag", in order.
std::vector<std::string> Told(const std::vector<EngineEvent>& events) {
  std::vector<std::string> told;
  for (const EngineEvent& event : events) {
    const std::string tail =
        " " + std::to_string(event.leg) + " " + std::to_string(event.bridge) + " " + std::to_string(event.tag);
    switch (event.kind) {
      case Kind::kLegJoined:
        told.push_back("joined" + tail);
        break;
      case Kind::kLegLeft:
        told.push_back("left" + tail);
        break;
      case Kind::kLegRemoved:
        told.push_back("removed " + std::to_string(event.leg) + " " + std::to_string(event.tag));
        break;
      case Kind::kLegMediaTimeout:
        told.push_back("timeout " + std::to_string(event.leg));
        break;
      case Kind::kResync:
        told.push_back("resync");
        break;
      case Kind::kPlayEnded:
      case Kind::kLegTalking:
      case Kind::kLegDtmf:
      case Kind::kDtmfLost:
        break;  // tests of their own
    }
  }
  return told;
}

using Strings = std::vector<std::string>;

TEST(EngineTest, RefusesOptionsOutOfRange) {
  FakeNetwork network(1, 4, 4, nullptr);
  EngineOptions options;
  EXPECT_EQ(Engine::Create(options, network).status().code(), absl::StatusCode::kInvalidArgument);
  options.workers = 0;
  EXPECT_EQ(Engine::Create(options, network).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(EngineTest, ALegSendsAPacketEveryTickFromItsStart) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kPcmu);
  node.Run(2 * kSecond);
  ASSERT_GE(caller.received.size(), 98u);
  ASSERT_LE(caller.received.size(), 100u);
  EXPECT_TRUE(caller.received[0].marker);
  for (size_t i = 1; i < caller.received.size(); ++i) {
    const auto& before = caller.received[i - 1];
    const auto& packet = caller.received[i];
    EXPECT_FALSE(packet.marker);
    EXPECT_EQ(packet.payload_type, 0);
    EXPECT_EQ(packet.ssrc, before.ssrc);
    EXPECT_EQ(packet.sequence, static_cast<uint16_t>(before.sequence + 1));
    EXPECT_EQ(packet.timestamp, before.timestamp + 160);
    EXPECT_EQ(packet.at_ns, before.at_ns + kTickNs);
    EXPECT_EQ(packet.payload, std::vector<uint8_t>(160, 0xff));
  }
  const LegView view = *node.engine().GetLeg(caller.leg);
  EXPECT_EQ(view.figures.packets_sent, caller.received.size());
  EXPECT_EQ(view.figures.bytes_sent, 172 * caller.received.size());
  EXPECT_NEAR(static_cast<double>(view.figures.packets_received), 100, 2);
}

TEST(EngineTest, TellsJoinsAndLeavesInOrderWithTheirTags) {
  TestNode node({.workers = 2});
  const BridgeSlot a = *node.engine().AddBridge();
  const BridgeSlot b = *node.engine().AddBridge();
  TestCaller& caller = node.Call(Codec::kPcmu, a, 7);
  node.Run(100 * kMs);
  EXPECT_EQ(node.engine().bridge_leg_count(a), 1u);
  ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, b, 8).ok());
  node.Run(100 * kMs);
  EXPECT_EQ(node.engine().GetLeg(caller.leg)->bridge, b);
  EXPECT_EQ(node.engine().bridge_leg_count(a), 0u);
  // The same bridge anew.
  ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, b, 9).ok());
  node.Run(100 * kMs);
  ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, kNoBridgeSlot, 10).ok());
  node.Run(100 * kMs);
  ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, a, 11).ok());
  node.Run(100 * kMs);
  ASSERT_TRUE(node.engine().RemoveLeg(caller.leg, 12).ok());
  ASSERT_TRUE(node.engine().RemoveLeg(caller.leg, 13).ok()) << "repeated";
  node.Run(100 * kMs);
  const std::string l = std::to_string(caller.leg), sa = std::to_string(a), sb = std::to_string(b);
  EXPECT_EQ(Told(node.events()),
            (Strings{"joined " + l + " " + sa + " 7", "left " + l + " " + sa + " 7", "joined " + l + " " + sb + " 8",
                     "left " + l + " " + sb + " 8", "joined " + l + " " + sb + " 9", "left " + l + " " + sb + " 9",
                     "joined " + l + " " + sa + " 11", "left " + l + " " + sa + " 11", "removed " + l + " 12"}));
  EXPECT_FALSE(node.engine().pending());
  EXPECT_EQ(node.engine().leg_count(), 0u);
  EXPECT_EQ(node.network().open(), 0u);
  EXPECT_EQ(node.engine().GetLeg(caller.leg).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(node.engine().RemoveLeg(caller.leg, 14).code(), absl::StatusCode::kNotFound);
}

TEST(EngineTest, AWishOvertakenBeforeItWasBegunIsNotCarriedOut) {
  TestNode node({});
  const BridgeSlot a = *node.engine().AddBridge();
  const BridgeSlot b = *node.engine().AddBridge();
  TestCaller& caller = node.Call(Codec::kPcmu, a, 1);
  ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, b, 2).ok());
  ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, a, 3).ok());
  node.Run(200 * kMs);
  const std::string l = std::to_string(caller.leg), sa = std::to_string(a);
  EXPECT_EQ(Told(node.events()),
            (Strings{"joined " + l + " " + sa + " 1", "left " + l + " " + sa + " 1", "joined " + l + " " + sa + " 3"}));
}

TEST(EngineTest, RemovingABridgeTakesItsLegsOutAndFreesItsSlot) {
  TestNode node({.workers = 2, .bridges_max = 1});
  const BridgeSlot bridge = *node.engine().AddBridge();
  EXPECT_EQ(GetErrorDetail(node.engine().AddBridge().status()).reason, "MEDIA_NODE_BUSY");
  TestCaller& one = node.Call(Codec::kPcmu, bridge, 1);
  TestCaller& two = node.Call(Codec::kG722, bridge, 2);
  node.Run(100 * kMs);
  ASSERT_TRUE(node.engine().RemoveBridge(bridge).ok());
  EXPECT_EQ(GetErrorDetail(node.engine().SetLegBridge(one.leg, bridge, 3)).reason, "BRIDGE_NOT_FOUND");
  EXPECT_EQ(node.engine().RemoveBridge(bridge).code(), absl::StatusCode::kNotFound);
  node.events().clear();
  node.Run(100 * kMs);
  EXPECT_EQ(node.events().size(), 2u);
  EXPECT_EQ(node.engine().bridge_count(), 0u);
  EXPECT_EQ(node.engine().GetLeg(two.leg)->bridge, kNoBridgeSlot);
  EXPECT_EQ(*node.engine().AddBridge(), bridge);
  const size_t before = one.received.size();
  node.Run(100 * kMs);
  EXPECT_EQ(one.received.size(), before + 5);
}

TEST(EngineTest, IsBusyWithoutSlotsOrPortsAndLosesNone) {
  TestNode node({.legs_max = 2});
  TestCaller& first = node.Call(Codec::kPcmu);
  node.Call(Codec::kPcmu);
  EXPECT_EQ(GetErrorDetail(node.engine().AddLeg(first.media, false).status()).reason, "MEDIA_NODE_BUSY");
  ASSERT_TRUE(node.engine().RemoveLeg(first.leg, 1).ok());
  node.Run(50 * kMs);
  EXPECT_EQ(node.engine().leg_count(), 1u);
  node.network().RunOutOfPorts();
  EXPECT_EQ(node.engine().AddLeg(first.media, false).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(node.engine().leg_count(), 1u);
}

TEST(EngineTest, AFullCommandRingRefusesAndLaterTakesMore) {
  TestNode node({.legs_max = 6000});
  node.Stall(0, true);
  LegMedia media;
  media.remote_rtp.port = 4000;
  unsigned added = 0;
  absl::Status status;
  for (; added < 6000; ++added) {
    status = node.engine().AddLeg(media, false).status();
    if (!status.ok()) break;
  }
  EXPECT_EQ(GetErrorDetail(status).reason, "MEDIA_NODE_BUSY");
  EXPECT_GE(added, 4095u);
  EXPECT_LT(added, 6000u);
  EXPECT_EQ(node.engine().command_queue_depth(0), added);
  EXPECT_EQ(node.engine().leg_count(), added);
  // Removals wait, in order, instead of being refused.
  EXPECT_TRUE(node.engine().RemoveLeg(0, 1).ok());
  node.engine().Poll(node.events());
  EXPECT_TRUE(node.events().empty());
}

TEST(EngineTest, HoldAndResume) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& talker = node.Call(Codec::kPcmu, bridge);
  TestCaller& caller = node.Call(Codec::kPcmu, bridge);
  talker.voice = Tone(500, 8000, 8000);
  caller.voice = Tone(900, 8000, 8000);
  node.Run(kSecond);

  LegMedia held = caller.media;
  held.may_send = false;
  held.may_receive = false;
  held.remote_rtp = SocketAddress();  // c=0.0.0.0
  held.remote_rtcp = SocketAddress();
  ASSERT_TRUE(node.engine().UpdateLeg(caller.leg, held).ok());
  node.Run(100 * kMs);
  const size_t before = caller.received.size();
  talker.received.clear();
  node.Run(kSecond);
  EXPECT_EQ(caller.received.size(), before) << "nothing is sent on hold";
  EXPECT_GE(node.Dropped(EngineDrop::kDirection), 50u);
  node.Run(kSecond);
  talker.received.clear();
  node.Run(kSecond);
  EXPECT_LT(ToneAmplitude(talker.Heard(), 900, 8000), 20) << "nothing of it is heard on hold";

  ASSERT_TRUE(node.engine().UpdateLeg(caller.leg, caller.media).ok());
  node.Run(kSecond);
  talker.received.clear();
  node.Run(kSecond);
  EXPECT_NEAR(ToneAmplitude(talker.Heard(), 900, 8000), 8000, 300);
  ASSERT_GT(caller.received.size(), before);
  const auto& last = caller.received[before - 1];
  const auto& next = caller.received[before];
  EXPECT_TRUE(next.marker);
  EXPECT_EQ(next.sequence, static_cast<uint16_t>(last.sequence + 1));
  EXPECT_EQ(next.timestamp - last.timestamp, static_cast<uint32_t>((next.at_ns - last.at_ns) / kTickNs * 160));
}

TEST(EngineTest, AReOfferChangesTheCodec) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& talker = node.Call(Codec::kPcmu, bridge);
  TestCaller& caller = node.Call(Codec::kPcmu, bridge);
  talker.voice = Tone(500, 8000, 8000);
  node.Run(kSecond);
  caller.media.codec = Codec::kG722;
  caller.media.payload_type = 9;
  caller.voice = Tone(900, 8000, 16'000);
  ASSERT_TRUE(node.engine().UpdateLeg(caller.leg, caller.media).ok());
  node.Run(kSecond);
  talker.received.clear();
  caller.received.clear();
  node.Run(kSecond);
  EXPECT_EQ(caller.received[0].payload_type, 9);
  const std::vector<int16_t> heard = caller.Heard();
  EXPECT_NEAR(ToneAmplitude(std::span(heard).subspan(4000), 500, 16'000), 8000, 500);
  EXPECT_NEAR(ToneAmplitude(talker.Heard(), 900, 8000), 8000, 500);
}

TEST(EngineTest, MediaOfAWrongSourceIsCountedAndNeverHeard) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& caller = node.Call(Codec::kPcmu, bridge);
  TestCaller& listener = node.Call(Codec::kPcmu, bridge);
  TestCaller intruder;
  intruder.media = caller.media;
  intruder.address = caller.address;
  intruder.address.ip[15] ^= 0x55;
  intruder.leg = caller.leg;
  intruder.voice = Tone(700, 20'000, 8000);
  for (int i = 0; i < 150; ++i) {
    node.Run(kTickNs);
    node.Deliver(intruder, intruder.NextPacket());
  }
  node.Run(kTickNs);
  EXPECT_EQ(node.Dropped(EngineDrop::kWrongSource), 150u);
  EXPECT_EQ(ToneAmplitude(listener.Heard(), 700, 8000), 0);
  EXPECT_EQ(node.engine().GetLeg(caller.leg)->figures.packets_dropped, 150u);
}

TEST(EngineTest, ASymmetricLegSendsToWhereItsMediaComesFrom) {
  TestNode node({});
  LegMedia media;
  media.symmetric = true;
  TestCaller& caller = node.Call(media);
  const SocketAddress negotiated = caller.address;
  caller.address.ip[15] ^= 0x55;  // beyond a NAT
  caller.address.port = 61'000;
  caller.sending = false;
  std::vector<SocketAddress> destinations;
  const auto run = [&] {
    destinations.clear();
    for (int i = 0; i < 5; ++i) {
      Worker& worker = node.engine().worker(0);
      worker.RunOnce(node.now_ns() + i * kTickNs);
      node.network().Collect([&](const PacketMeta& meta, std::span<const uint8_t>) {
        if (!meta.rtcp) destinations.push_back(meta.remote);
      });
    }
    node.Run(5 * kTickNs);
  };
  node.Run(100 * kMs);
  run();
  ASSERT_FALSE(destinations.empty());
  EXPECT_EQ(destinations.back(), negotiated);
  node.Deliver(caller, caller.NextPacket());
  run();
  ASSERT_FALSE(destinations.empty());
  EXPECT_EQ(destinations.back(), caller.address);
}

TEST(EngineTest, GarbageIsCountedAndItsNeighboursSoundOn) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  node.Call(Codec::kPcmu, bridge).voice = Tone(1000, 10'000, 8000);
  TestCaller& listener = node.Call(Codec::kPcmu, bridge);
  TestCaller& victim = node.Call(Codec::kPcmu, bridge);
  node.Run(kSecond);
  listener.received.clear();
  std::mt19937 random(4);
  for (int i = 0; i < 2000; ++i) {
    std::vector<uint8_t> bytes(random() % 200);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    // Half of them look like RTP at least.
    if (i % 2 == 0 && bytes.size() > 1) bytes[0] = 0x80;
    // But none has the codec's payload type: that would be audio, if bad.
    if (bytes.size() > 1 && (bytes[1] & 0x7f) == 0) bytes[1] = 1;
    node.network().Deliver(victim.leg, victim.address, bytes, node.now_ns(), i % 5 == 0);
    node.Run(kMs);
  }
  EXPECT_GT(node.Dropped(EngineDrop::kRtpMalformed), 100u);
  EXPECT_GT(node.Dropped(EngineDrop::kPayloadUnknown), 100u);
  EXPECT_GT(node.Dropped(EngineDrop::kRtcpMalformed), 100u);
  const std::vector<int16_t> heard = listener.Heard();
  for (size_t at = 0; at + 160 <= heard.size(); at += 160) {
    ASSERT_NEAR(ToneAmplitude(std::span(heard).subspan(at, 160), 1000, 8000), 10'000, 300) << at;
  }
}

TEST(EngineTest, TelephoneEventsAreCountedAndNeverHeard) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& caller = node.Call(Codec::kPcmu, bridge);
  TestCaller& listener = node.Call(Codec::kPcmu, bridge);
  node.Run(kSecond);
  for (int i = 0; i < 20; ++i) {
    std::vector<uint8_t> event = caller.NextPacket();
    event[1] = 101;
    event.resize(16);
    node.Deliver(caller, event);
    node.Run(kTickNs);
  }
  EXPECT_EQ(node.Total(&WorkerCounters::telephone_events_received), 20u);
  EXPECT_EQ(node.engine().GetLeg(caller.leg)->figures.packets_lost, 0u);
  for (const int16_t sample : listener.Heard()) ASSERT_LE(std::abs(sample), 8);
}

TEST(EngineTest, SendsReportsAndAByeAndReadsThoseOfTheFarEnd) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kPcmu);
  node.Run(20 * kSecond);
  ASSERT_GE(caller.received_rtcp.size(), 3u);
  ASSERT_LE(caller.received_rtcp.size(), 10u);
  RtcpReport report;
  ASSERT_EQ(ParseRtcp(caller.received_rtcp.back(), report), RtcpError::kNone);
  EXPECT_EQ(report.sender_ssrc, caller.received[0].ssrc);
  ASSERT_TRUE(report.has_sender_info);
  EXPECT_GT(report.sender_info.packets, 400u);
  EXPECT_EQ(report.sender_info.octets, report.sender_info.packets * 160);
  EXPECT_FALSE(report.cname.empty());
  const RtcpReportBlock* block = report.BlockAbout(caller.ssrc);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->cumulative_lost, 0);

  // The far end has lost a quarter, and answers 50 ms after our report.
  const uint32_t our_ssrc = report.sender_ssrc;
  const size_t seen = caller.received_rtcp.size();
  while (caller.received_rtcp.size() == seen) node.Run(kMs);
  ASSERT_EQ(ParseRtcp(caller.received_rtcp.back(), report), RtcpError::kNone);
  RtcpReportBlock about_us;
  about_us.ssrc = our_ssrc;
  about_us.fraction_lost = 64;
  about_us.last_sr = static_cast<uint32_t>(report.sender_info.ntp >> 16);
  RtcpToSend answer;
  answer.ssrc = caller.ssrc;
  answer.blocks = {&about_us, 1};
  answer.cname = "far";
  answer.bye = true;
  std::vector<uint8_t> bytes(kRtcpBytesMax);
  bytes.resize(WriteRtcp(answer, bytes));
  node.Run(50 * kMs);
  node.network().Deliver(caller.leg, caller.address, bytes, node.now_ns(), true);
  node.Run(kSecond);
  const LegView view = *node.engine().GetLeg(caller.leg);
  EXPECT_EQ(view.figures.remote_loss_permille, 250u);
  EXPECT_NEAR(static_cast<double>(view.figures.round_trip_us), 50'000, 2'000);

  // Its BYE ended nothing here; ours says that the leg ends.
  const size_t reports = caller.received_rtcp.size();
  ASSERT_TRUE(node.engine().RemoveLeg(caller.leg, 1).ok());
  node.Run(100 * kMs);
  ASSERT_GT(caller.received_rtcp.size(), reports);
  ASSERT_EQ(ParseRtcp(caller.received_rtcp.back(), report), RtcpError::kNone);
  EXPECT_TRUE(report.SaysBye(our_ssrc));
}

TEST(EngineTest, ASoakOfJoinsAndLeavesGivesEverythingBack) {
  // A worker keeps a few packets ready to be sent: what is out once it works is the measure.
  TestNode node({.workers = 2, .legs_max = 40});
  std::mt19937 random(9);
  std::vector<BridgeSlot> bridges;
  for (int i = 0; i < 4; ++i) bridges.push_back(*node.engine().AddBridge());
  std::vector<TestCaller*> callers;
  const Codec codecs[] = {Codec::kPcmu, Codec::kPcma, Codec::kG722, Codec::kL16At16000, Codec::kL16At8000};
  for (int i = 0; i < 1500; ++i) {
    const unsigned what = random() % 4;
    const BridgeSlot bridge = random() % 5 == 0 ? kNoBridgeSlot : bridges[random() % bridges.size()];
    if (what == 0 && node.engine().leg_count() < 40) {
      callers.push_back(&node.Call(codecs[random() % 5], bridge, random()));
      callers.back()->voice = Tone(440, 5000, 8000);
    } else if (what == 1 && !callers.empty()) {
      const size_t which = random() % callers.size();
      ASSERT_TRUE(node.engine().RemoveLeg(callers[which]->leg, 1).ok());
      callers.erase(callers.begin() + static_cast<std::ptrdiff_t>(which));
    } else if (what == 2 && !callers.empty()) {
      ASSERT_TRUE(node.engine().SetLegBridge(callers[random() % callers.size()]->leg, bridge, random()).ok());
    } else if (what == 3 && random() % 10 == 0) {
      const size_t which = random() % bridges.size();
      ASSERT_TRUE(node.engine().RemoveBridge(bridges[which]).ok());
      bridges[which] = *node.engine().AddBridge();
    }
    node.Run(static_cast<int64_t>(random() % 30) * kMs);
  }
  node.Drain();
  EXPECT_GT(node.Total(&WorkerCounters::handovers), 50u);
  EXPECT_EQ(node.Total(&WorkerCounters::legs), 0u);
  EXPECT_EQ(node.Total(&WorkerCounters::bridges), 0u);
  EXPECT_EQ(node.Dropped(EngineDrop::kUnknownLeg), 0u);
  EXPECT_EQ(node.network().open(), 0u);
  EXPECT_LE(node.PacketsInUse(), 2 * 64u);
  // Every joined has its left, in turns, for each leg.
  std::vector<BridgeSlot> in(40, kNoBridgeSlot);
  for (const EngineEvent& event : node.events()) {
    if (event.kind == Kind::kLegJoined) {
      EXPECT_EQ(in[event.leg], kNoBridgeSlot);
      in[event.leg] = event.bridge;
    } else if (event.kind == Kind::kLegLeft) {
      EXPECT_EQ(in[event.leg], event.bridge);
      in[event.leg] = kNoBridgeSlot;
    } else if (event.kind == Kind::kLegRemoved) {
      EXPECT_EQ(in[event.leg], kNoBridgeSlot);
    }
  }
}

}  // namespace
}  // namespace tutti::mediaplane
