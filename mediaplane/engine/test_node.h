#ifndef MEDIAPLANE_ENGINE_TEST_NODE_H_
#define MEDIAPLANE_ENGINE_TEST_NODE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "mediaplane/audio/codec.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/engine/fake_network.h"
#include "mediaplane/engine/worker.h"
#include "mediaplane/rtp/rtp_packet.h"
#include "mediaplane/stream/stream_port.h"

namespace tutti::mediaplane {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kSecond = 1'000 * kMs;

// What a caller says: a sample of its stream, by number.
using Voice = std::function<int16_t(int64_t sample)>;

Voice Silence();
Voice Tone(double hz, double amplitude, int sample_rate_hz);

// A far end: sends what its voice says every 20 ms and keeps what it gets.
class TestCaller {
 public:
  struct Received {
    int64_t at_ns = 0;
    bool marker = false;
    uint8_t payload_type = 0;
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    uint32_t ssrc = 0;
    std::vector<uint8_t> payload;
  };

  LegSlot leg = kNoLegSlot;
  LegMedia media;
  SocketAddress address;  // RTP; RTCP is the next port
  Voice voice = Silence();
  bool sending = true;
  int64_t offset_ns = 7 * kMs;  // when within 20 ms it sends
  uint16_t sequence = 100;
  uint32_t timestamp = 5'000;
  uint32_t ssrc = 1;
  std::vector<Received> received;
  std::vector<std::vector<uint8_t>> received_rtcp;

  // The next packet of its stream.
  std::vector<uint8_t> NextPacket();
  // What was received, decoded in order: all, or so many packets of its end.
  std::vector<int16_t> Heard(size_t packets_max = SIZE_MAX) const;

 private:
  int64_t sample_ = 0;
  Encoder encoder_;
};

struct TestNodeOptions {
  unsigned workers = 1;
  unsigned phases = 4;
  uint32_t legs_max = 64;
  uint32_t bridges_max = 16;
  bool polling = false;
  unsigned tap_ring_size = 0;
  uint64_t seed = 1;
};

// An engine on a network in memory, in emulated time on one thread: time moves in
// steps of a millisecond; workers run when they are due, the control thread polls
// every 5 ms.
class TestNode {
 public:
  explicit TestNode(const TestNodeOptions& options);
  ~TestNode();

  // A leg with a caller at an address of its own; started, in no bridge or one.
  TestCaller& Call(Codec codec, BridgeSlot bridge = kNoBridgeSlot, uint64_t tag = 0);
  TestCaller& Call(LegMedia media, BridgeSlot bridge = kNoBridgeSlot, uint64_t tag = 0);
  // A leg with a line instead, from which it hears at once.
  std::shared_ptr<AudioLine> Stream(MixRate rate, BridgeSlot bridge, LegSlot& leg);
  void Run(int64_t duration_ns);
  // Removes all legs and waits until nothing is pending.
  void Drain();
  // Workers whose rounds are left out of Run (a thread that does not run).
  void Stall(unsigned worker, bool stalled) { stalled_[worker] = stalled; }
  // Called with true before and false after every round of a worker.
  void OnRound(std::function<void(bool)> hook) { round_hook_ = std::move(hook); }

  void Deliver(const TestCaller& caller, std::span<const uint8_t> bytes) {
    network_.Deliver(caller.leg, caller.address, bytes, now_ns_);
  }

  Engine& engine() { return *engine_; }
  FakeNetwork& network() { return network_; }
  int64_t now_ns() const { return now_ns_; }
  std::vector<EngineEvent>& events() { return events_; }
  uint64_t Total(Counter WorkerCounters::*counter) const;
  uint64_t Dropped(EngineDrop reason) const;
  // mbufs that were not out when the node was made.
  unsigned PacketsInUse() const;

 private:
  void Step();
  void Collect();

  std::mt19937_64 random_;
  FakeNetwork network_;
  StreamEndpoints streams_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::unique_ptr<TestCaller>> callers_;
  std::vector<TestCaller*> caller_of_;  // [leg]
  std::vector<EngineEvent> events_;
  std::vector<int64_t> next_ns_;  // [worker]
  std::vector<bool> stalled_;     // [worker]
  std::function<void(bool)> round_hook_;
  int64_t now_ns_ = kSecond;
  unsigned packets_before_ = 0;
};

// How strong a tone is in samples: its amplitude (0 … 32767), by Goertzel.
double ToneAmplitude(std::span<const int16_t> samples, double hz, int sample_rate_hz);

// All the rest beside that tone, against it, dB.
double SignalToNoiseDb(std::span<const int16_t> samples, double hz, int sample_rate_hz);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_TEST_NODE_H_
