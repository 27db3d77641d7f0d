#ifndef TOOLS_LOAD_GENERATOR_STREAM_CHECK_H_
#define TOOLS_LOAD_GENERATOR_STREAM_CHECK_H_

#include <cstdint>

namespace tutti::tools {

// What one receiver counts of its RTP stream, from the first packet on.
struct StreamCounts {
  uint64_t received = 0;   // duplicates not counted
  uint64_t expected = 0;   // by sequence numbers, and by time where the stream ended early
  uint64_t late = 0;       // more than kLateNs after the packet before
  uint64_t reordered = 0;  // came after a later one
  uint64_t duplicates = 0;
  uint64_t restarts = 0;  // another SSRC, or a sequence number from elsewhere

  uint64_t gaps() const { return expected > received ? expected - received : 0; }
};

class StreamCheck {
 public:
  static constexpr int64_t kPacketNs = 20'000'000;
  static constexpr int64_t kLateNs = 40'000'000;

  // Forgets all; what comes from now on counts.
  void Start(int64_t now_ns);

  void OnPacket(uint16_t sequence, uint32_t ssrc, int64_t arrival_ns);

  // Counts until `now_ns`: who has got nothing in the last 200 ms is owed it.
  StreamCounts Finish(int64_t now_ns) const;

 private:
  static constexpr int kWindow = 64;     // reordering and duplicates seen within so many packets
  static constexpr int kJumpMax = 1000;  // beyond it is a restart
  static constexpr int64_t kSilentNs = 200'000'000;

  void Restart(uint16_t sequence, uint32_t ssrc);

  StreamCounts counts_;
  bool started_ = false;
  uint32_t ssrc_ = 0;
  uint16_t highest_ = 0;
  uint64_t seen_ = 0;  // bit n: highest_ - n was received
  int64_t start_ns_ = 0;
  int64_t last_arrival_ns_ = 0;
};

}  // namespace tutti::tools

#endif  // TOOLS_LOAD_GENERATOR_STREAM_CHECK_H_
