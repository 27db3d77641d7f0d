#ifndef TOOLS_LOAD_GENERATOR_LOAD_WORKER_H_
#define TOOLS_LOAD_GENERATOR_LOAD_WORKER_H_

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "mediaplane/audio/format.h"
#include "tools/caller/media_sockets.h"
#include "tools/caller/payload.h"
#include "tools/load_generator/ear.h"
#include "tools/load_generator/plan.h"
#include "tools/load_generator/stream_check.h"

namespace tutti::tools {

// Now, Unix time in ns: the clock of the kernel's receive timestamps.
int64_t RealTimeNs();
void SleepUntil(int64_t real_ns);

// One caller's media. Addresses are those of its call's answer.
struct LoadCaller {
  PlannedCaller plan;
  MediaSockets sockets;
  UdpAddress remote_rtp;
  UdpAddress remote_rtcp;

  uint32_t ssrc = 0;
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  uint64_t sent = 0;
  StreamCheck stream;
  std::unique_ptr<Ear> ear;
  std::unique_ptr<PayloadDecoder> decoder;
  uint16_t last_sequence = 0;
};

struct WorkerOptions {
  mediaplane::Codec codec = mediaplane::Codec::kPcmu;
  int talkers_per_room = 1;
  int64_t start_ns = 0;          // first packets
  int64_t measure_start_ns = 0;  // what came before doesn't count
  int64_t end_ns = 0;
  // Instead of the callers' own remotes, and then nobody's ear is used.
  const UdpAddress* echo = nullptr;
};

// A thread's share of callers, whole rooms: sends and receives for each once in
// 20 ms, a twentieth of them in each millisecond.
class LoadWorker {
 public:
  LoadWorker(const WorkerOptions& options, std::vector<LoadCaller*> callers);

  // Returns at end_ns, or soon after `stop`.
  void Run(const std::atomic<bool>& stop);

  // Packets that were sent over 10 ms after their time: then the figures are the
  // generator's, not the server's.
  uint64_t sent_late() const { return sent_late_; }

 private:
  static constexpr int kSlots = 20;
  static constexpr int64_t kSlotNs = 1'000'000;
  static constexpr int kBatch = 16;
  static constexpr size_t kPacketBytesMax = 1500;

  // A second of payloads, 50 frames one after the other.
  using Loop = std::vector<uint8_t>;

  void PrepareLoops();
  void Drain(LoadCaller& caller);
  void OnDatagram(LoadCaller& caller, std::span<const uint8_t> packet, int64_t arrival_ns);
  void SendRtp(LoadCaller& caller, int64_t nominal_ns, int64_t tick);
  void SendRtcp(LoadCaller& caller);
  Loop Encode(const std::vector<int16_t>& second) const;

  const WorkerOptions options_;
  const mediaplane::AudioFormat& format_;
  const uint8_t payload_type_;
  std::vector<LoadCaller*> callers_;
  std::vector<RoomState> rooms_;  // by room number
  ToneMeter meter_;
  std::array<Loop, kTonesMax> tones_;
  Loop noise_;
  Loop silence_;
  uint64_t sent_late_ = 0;
};

}  // namespace tutti::tools

#endif  // TOOLS_LOAD_GENERATOR_LOAD_WORKER_H_
