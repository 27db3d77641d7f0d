#ifndef MEDIAPLANE_JITTER_STREAM_SIMULATOR_H_
#define MEDIAPLANE_JITTER_STREAM_SIMULATOR_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "mediaplane/jitter/jitter_buffer.h"

namespace tutti::mediaplane {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kSecond = 1'000 * kMs;

// A sender, a network and a tick in emulated time around one jitter buffer. Each
// payload byte carries the number of its 20 ms of source, modulo 251 (never 255), so
// that what comes out tells where it came from.
class StreamSimulator {
 public:
  struct Sender {
    Codec codec = Codec::kPcmu;
    uint32_t ssrc = 0x1234;
    uint16_t sequence = 65'500;
    uint32_t timestamp = 0xffff'f000;
    uint64_t unit = 0;  // of the source, which the bytes tell
  };

  struct Output {
    int64_t tick_ns;
    JitterFrame::Kind kind;
    int first_byte;  // -1 when there is none
    int64_t delay_us;
  };

  // When silent(tick) is true the caller's frame is below the gate.
  std::function<bool(int64_t)> silent = [](int64_t) { return false; };
  Sender sender;
  JitterBuffer buffer;
  std::vector<Output> outputs;
  std::map<JitterInsert, int> inserts;

  // The next packet of the sender, `units` long, to arrive at `arrival_ns`; a negative
  // one is lost.
  void Send(int64_t arrival_ns, uint32_t units) {
    const AudioFormat& format = FormatOf(sender.codec);
    Datagram datagram = {arrival_ns, sender.codec, sender.ssrc, sender.sequence, sender.timestamp, {}};
    for (uint32_t i = 0; i < units; ++i) {
      const auto value = static_cast<uint8_t>((sender.unit + i) / format.units_per_frame % 251);
      datagram.payload.append(format.bytes_per_unit, static_cast<char>(value));
    }
    ++sender.sequence;
    sender.timestamp += units;
    sender.unit += units;
    if (arrival_ns >= 0) Deliver(datagram);
  }

  // The last packet sent, again.
  void Repeat(int64_t arrival_ns) {
    Datagram copy = last_;
    copy.arrival_ns = arrival_ns;
    Deliver(copy);
  }

  // Ticks and arrivals up to `until_ns`, in order. Ticks are at multiples of 20 ms.
  void Run(int64_t until_ns) {
    std::stable_sort(underway_.begin(), underway_.end(),
                     [](const Datagram& a, const Datagram& b) { return a.arrival_ns < b.arrival_ns; });
    size_t next = 0;
    for (; tick_ns_ <= until_ns; tick_ns_ += kTickNs) {
      while (next < underway_.size() && underway_[next].arrival_ns <= tick_ns_) Arrive(underway_[next++]);
      Tick();
    }
    underway_.erase(underway_.begin(), underway_.begin() + static_cast<int64_t>(next));
  }

  int Count(JitterFrame::Kind kind, int64_t from_ns = 0) const {
    return static_cast<int>(std::count_if(outputs.begin(), outputs.end(), [&](const Output& output) {
      return output.kind == kind && output.tick_ns >= from_ns;
    }));
  }

  const Output& At(int64_t tick_ns) const { return outputs.at(static_cast<size_t>(tick_ns / kTickNs)); }

  bool Balanced() const {
    const JitterCounters& counters = buffer.counters();
    return counters.units_accepted + counters.units_concealed ==
           counters.units_played + counters.units_discarded + buffer.buffered_units();
  }

 private:
  struct Datagram {
    int64_t arrival_ns;
    Codec codec;
    uint32_t ssrc;
    uint16_t sequence;
    uint32_t timestamp;
    std::string payload;
  };

  void Deliver(const Datagram& datagram) {
    underway_.push_back(datagram);
    last_ = datagram;
  }

  void Arrive(const Datagram& datagram) {
    RtpPacket packet;
    packet.ssrc = datagram.ssrc;
    packet.sequence = datagram.sequence;
    packet.timestamp = datagram.timestamp;
    packet.payload = {reinterpret_cast<const uint8_t*>(datagram.payload.data()), datagram.payload.size()};
    ++inserts[buffer.Insert(packet, datagram.codec, datagram.arrival_ns)];
  }

  void Tick() {
    JitterFrame frame = buffer.Pull(tick_ns_);
    if (frame.kind == JitterFrame::Kind::kAudio && buffer.ShouldDrop(silent(tick_ns_))) frame = buffer.Pull(tick_ns_);
    const bool audio = frame.kind == JitterFrame::Kind::kAudio;
    outputs.push_back({tick_ns_, frame.kind, audio ? frame.bytes[0] : -1, buffer.delay_us()});
  }

  int64_t tick_ns_ = 0;
  std::vector<Datagram> underway_;
  Datagram last_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_JITTER_STREAM_SIMULATOR_H_
