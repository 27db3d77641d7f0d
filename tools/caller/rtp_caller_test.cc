#include "tools/caller/rtp_caller.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdp/sdp.h"

namespace tutti::tools {
namespace {

using mediaplane::Codec;
using testing::HasSubstr;

TEST(NegotiationTest, AnOfferHasTheOneCodecAndTheAnswerIsReadBack) {
  for (const Codec codec : {Codec::kPcmu, Codec::kPcma, Codec::kG722, Codec::kL16At8000, Codec::kL16At16000}) {
    const std::string offer = MakeOffer(codec, "127.0.0.1", 4000, 4001);
    const auto parsed = sdp::Parse(offer);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->sections(0).codecs(0).clock_rate(), mediaplane::FormatOf(codec).clock_rate);
    const auto remote = ReadAnswer(offer, codec);
    ASSERT_TRUE(remote.ok()) << remote.status();
    EXPECT_EQ(remote->address, "127.0.0.1");
    EXPECT_EQ(remote->rtp_port, 4000);
    EXPECT_EQ(remote->rtcp_port, 4001);
  }
}

TEST(NegotiationTest, ARejectedOfferIsASentence) {
  const auto remote = ReadAnswer("v=0\nc=IN IP4 127.0.0.1\nm=audio 0 RTP/AVP 0\n", Codec::kPcmu);
  EXPECT_EQ(GetErrorDetail(remote.status()).reason, "CALL_REJECTED");
  EXPECT_THAT(std::string(remote.status().message()), HasSubstr("PCMU/8000"));
}

TEST(NegotiationTest, CodecsByName) {
  EXPECT_EQ(*CodecFromName("pcmu"), Codec::kPcmu);
  EXPECT_EQ(*CodecFromName("L16/8000"), Codec::kL16At8000);
  EXPECT_EQ(CodecFromName("opus").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(MediaSocketsTest, AnEvenPortAndTheNext) {
  const auto sockets = MediaSockets::Bind("127.0.0.1");
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_EQ(sockets->port() % 2, 0);
  EXPECT_FALSE(MediaSockets::Bind("example").ok());
}

TEST(MediaSocketsTest, LoopbackIsReachedFromLoopback) {
  EXPECT_EQ(*LocalAddressTowards("http://127.0.0.1:8080/x"), "127.0.0.1");
  EXPECT_FALSE(LocalAddressTowards("http://no.such.host.invalid:1").ok());
}

// A far side that sends every datagram back to where it came from.
class Echo {
 public:
  Echo() : sockets_(*MediaSockets::Bind("127.0.0.1")), thread_([this] { Run(); }) {}
  ~Echo() {
    // A datagram of one byte ends it.
    const auto self = MakeUdpAddress("127.0.0.1", sockets_.port());
    const auto sender = MediaSockets::Bind("127.0.0.1");
    sendto(sender->rtp(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&self->storage), self->length);
    thread_.join();
  }

  std::string Answer() const {
    return MakeOffer(Codec::kPcmu, "127.0.0.1", sockets_.port(), static_cast<uint16_t>(sockets_.port() + 1));
  }

 private:
  void Run() {
    std::vector<uint8_t> buffer(2048);
    Datagram datagram;
    for (;;) {
      fd_set set;
      FD_ZERO(&set);
      FD_SET(sockets_.rtp(), &set);
      select(sockets_.rtp() + 1, &set, nullptr, nullptr, nullptr);
      while (Receive(sockets_.rtp(), buffer, datagram)) {
        if (datagram.bytes == 1) return;
        EXPECT_GT(datagram.arrival_ns, 0);
        sendto(sockets_.rtp(), buffer.data(), datagram.bytes, 0,
               reinterpret_cast<const sockaddr*>(&datagram.from.storage), datagram.from.length);
      }
    }
  }

  MediaSockets sockets_;
  std::thread thread_;
};

TEST(RtpCallerTest, HearsItsEchoThenStops) {
  Echo echo;
  auto caller = RtpCaller::Create({.codec = Codec::kPcmu, .record = true, .seed = 7},
                                  std::make_unique<ToneSource>(503, 8000, -12));
  ASSERT_TRUE(caller.ok()) << caller.status();
  ASSERT_TRUE((*caller)->Start(echo.Answer()).ok());
  while ((*caller)->Statistics().packets_received < 20) std::this_thread::yield();
  (*caller)->Stop();
  const CallerStatistics statistics = (*caller)->Statistics();
  EXPECT_GE(statistics.packets_sent, 20u);
  EXPECT_EQ(statistics.packets_bad, 0u);
  const std::vector<int16_t>& heard = (*caller)->Recording();
  ASSERT_GE(heard.size(), 20u * 160u);
  EXPECT_NEAR(LevelDbfs(std::span(heard).last(1600)), -12, 0.5);
}

TEST(RtpCallerTest, AnAnswerThatIsNoSdpIsRefused) {
  auto caller = RtpCaller::Create({}, std::make_unique<SilenceSource>());
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(GetErrorDetail((*caller)->Start("nonsense")).reason, "INVALID_SDP");
  (*caller)->Stop();
  EXPECT_EQ((*caller)->Statistics().packets_sent, 0u);
}

}  // namespace
}  // namespace tutti::tools
