#ifndef TOOLS_CALLER_TIMELINE_H_
#define TOOLS_CALLER_TIMELINE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "mediaplane/audio/format.h"
#include "mediaplane/rtp/rtp_packet.h"
#include "tools/caller/payload.h"

namespace tutti::tools {

// What a caller hears, on the time line of its own clock: sample 0 is `start_ns`.
// The first packet stands where it arrived, each later one by its RTP timestamp;
// holes are silence. A new SSRC, or a timestamp that is more than a second away
// from the arrival, stands by its arrival again. Packets wait 100 ms for earlier
// ones, later ones are dropped. One thread.
class Timeline {
 public:
  // Keeps all that is heard, up to 2 hours; else about the last second.
  enum class Keep { kAll, kTail };

  Timeline(mediaplane::Codec codec, int64_t start_ns, Keep keep);

  // `arrival_ns` on start_ns's clock.
  void Insert(const mediaplane::RtpPacket& packet, int64_t arrival_ns);

  // Plays what still waits for earlier packets.
  void Flush();

  // Everything with Keep::kAll.
  const std::vector<int16_t>& samples() const { return samples_; }

  // The samples heard between two times; silence where nothing was.
  std::vector<int16_t> Between(int64_t from_ns, int64_t to_ns) const;

  int sample_rate() const { return rate_; }
  uint64_t packets_late() const { return packets_late_; }

 private:
  int64_t IndexOf(int64_t time_ns) const;
  void PlayFirst();

  const int rate_;
  const int samples_per_unit_;  // RTP clock
  const int64_t units_waiting_max_;
  const int64_t start_ns_;
  const Keep keep_;
  PayloadDecoder decoder_;

  std::vector<int16_t> samples_;
  int64_t first_index_ = 0;  // of samples_[0]
  uint64_t packets_late_ = 0;

  // The current stream: its timestamps go on in 64 bits from `anchor_units_`,
  // which stands at `anchor_index_`.
  std::optional<uint32_t> ssrc_;
  int64_t newest_units_ = 0;
  int64_t played_units_ = 0;
  int64_t anchor_units_ = 0;
  int64_t anchor_index_ = 0;
  std::map<int64_t, std::vector<uint8_t>> waiting_;
};

}  // namespace tutti::tools

#endif  // TOOLS_CALLER_TIMELINE_H_
