#ifndef MEDIAPLANE_STREAM_AUDIO_LINE_H_
#define MEDIAPLANE_STREAM_AUDIO_LINE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "mediaplane/audio/format.h"
#include "mediaplane/stream/said_delay.h"
#include "mediaplane/stream/sample_ring.h"

namespace tutti::mediaplane {

// Of all lines of a node. Any thread.
struct StreamCounters {
  // Said faster than it is played, beyond what may wait; or there was no packet buffer.
  std::atomic<uint64_t> samples_dropped = 0;
  // Silent frames, for the delay's sake (SaidDelay).
  std::atomic<uint64_t> frames_left_out = 0;
  std::atomic<uint64_t> frames_added = 0;
  // Streams that were closed because they did not take what they heard.
  std::atomic<uint64_t> too_slow = 0;
};

// The sound between one audio stream and the media: what its program says, and what
// it hears. Each side is one thread at a time; neither waits for the other.
class AudioLine {
 public:
  // What may wait in either direction.
  static constexpr int kWaitSecondsMax = 2;

  // One that only hears has nothing to say.
  AudioLine(MixRate rate, bool speaks, std::shared_ptr<StreamCounters> counters);

  MixRate rate() const { return rate_; }
  bool speaks() const { return speaks_; }
  size_t samples_per_frame() const { return SamplesPerFrame(rate_); }

  // The program's side.

  // From now on it hears; until then nothing is kept.
  void Begin() { open_.store(true, std::memory_order_release); }
  // In pieces of any size. What finds no room is dropped and counted.
  void Say(std::span<const int16_t> samples);
  // The next frame of 20 ms; false: it has not come yet.
  bool Hear(std::span<int16_t> frame);
  // It does not hear in time, and so has missed something.
  bool too_slow() const { return too_slow_.load(std::memory_order_relaxed); }

  // The media's side.

  // What it hears next, a frame.
  void Deliver(std::span<const int16_t> frame);
  // What it says in this frame; false: nothing. Called for each frame.
  bool TakeSaid(std::span<int16_t> frame);

  StreamCounters& counters() { return *counters_; }

  // Where a leg's line stands (stream_port.h); of the worker that has the leg.
  struct Playout {
    int64_t frame_ns = 0;  // nominal time of the last frame; 0: none yet
    uint32_t timestamp = 0;
    uint16_t sequence = 0;
    bool speaks = false;  // something was said in the last frame
  };
  Playout& playout() { return playout_; }

 private:
  const MixRate rate_;
  const bool speaks_;
  const std::shared_ptr<StreamCounters> counters_;
  SampleRing said_;
  SampleRing heard_;
  std::atomic<bool> open_ = false;
  std::atomic<bool> too_slow_ = false;

  // The media's.
  bool flowing_ = false;
  int frames_waited_ = 0;
  SaidDelay delay_;
  bool adds_silence_ = false;  // in the next frame
  Playout playout_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_STREAM_AUDIO_LINE_H_
