#ifndef MEDIAPLANE_METRICS_ENGINE_METRICS_H_
#define MEDIAPLANE_METRICS_ENGINE_METRICS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "mediaplane/engine/counters.h"
#include "mediaplane/port/port.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"

namespace tutti::mediaplane {

// Where one worker's figures are read; all of them may be read by any thread.
struct WorkerSource {
  const WorkerCounters* engine = nullptr;
  const PortCounters* port = nullptr;
  std::function<unsigned()> command_queue_depth;
};

// What only the control thread knows, as it last said.
struct ControlFigures {
  uint64_t legs = 0;
  uint64_t bridges = 0;
  bool busy = false;
  uint64_t ports_skipped = 0;
  uint64_t event_sequence = 0;
  uint64_t live_event_sequence = 0;
  uint64_t sounds = 0;
  uint64_t sound_bytes = 0;
  uint64_t plays = 0;
  uint64_t audio_streams = 0;
  uint64_t audio_samples_dropped = 0;
  uint64_t audio_frames_left_out = 0;
  uint64_t audio_frames_added = 0;
  uint64_t audio_streams_too_slow = 0;
};

// The media plane's families, tutti_mediaplane_..., read from the workers'
// counters at each scrape: a worker does nothing for them.
class EngineMetrics final : public prometheus::Collectable {
 public:
  // `packets_in_use` counts packet buffers; it is called by the scraping thread.
  EngineMetrics(std::vector<WorkerSource> workers, uint64_t legs_max, uint64_t packets_max,
                std::function<uint64_t()> packets_in_use);

  // Thread-safe.
  void Update(const ControlFigures& figures);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::vector<WorkerSource> workers_;
  const uint64_t legs_max_;
  const uint64_t packets_max_;
  const std::function<uint64_t()> packets_in_use_;

  std::atomic<uint64_t> legs_ = 0;
  std::atomic<uint64_t> bridges_ = 0;
  std::atomic<bool> busy_ = false;
  std::atomic<uint64_t> ports_skipped_ = 0;
  std::atomic<uint64_t> event_sequence_ = 0;
  std::atomic<uint64_t> live_event_sequence_ = 0;
  std::atomic<uint64_t> sounds_ = 0;
  std::atomic<uint64_t> sound_bytes_ = 0;
  std::atomic<uint64_t> plays_ = 0;
  std::atomic<uint64_t> audio_streams_ = 0;
  std::atomic<uint64_t> audio_samples_dropped_ = 0;
  std::atomic<uint64_t> audio_frames_left_out_ = 0;
  std::atomic<uint64_t> audio_frames_added_ = 0;
  std::atomic<uint64_t> audio_streams_too_slow_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_METRICS_ENGINE_METRICS_H_
