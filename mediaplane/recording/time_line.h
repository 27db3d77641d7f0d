#ifndef MEDIAPLANE_RECORDING_TIME_LINE_H_
#define MEDIAPLANE_RECORDING_TIME_LINE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "mediaplane/audio/format.h"
#include "mediaplane/audio/resample.h"
#include "mediaplane/recording/sound_batch.h"
#include "mediaplane/tap/leg_names.h"

namespace tutti::mediaplane {

// A recording's time, counted by the bridge's ticks: each is 20 ms, also one that did
// not come; those of a pause are left out. And what was heard and is not written yet,
// by its place in that time. One thread at a time.
class TimeLine {
 public:
  // More ticks than this, heard and not written: the disk is too slow. 10 s.
  static constexpr int64_t kWaitingTicksMax = 500;
  // Each is a file, and all are named in one message of the node.
  static constexpr size_t kSpeakersMax = 2000;

  // Ends by itself after `ticks_max`.
  TimeLine(MixRate rate, int64_t ticks_max) : rate_(rate), ticks_max_(ticks_max) { batch_.tracks.resize(1); }

  // The tick at this moment has come; again for the same changes nothing. False when
  // nothing is recorded of it.
  bool Advance(int64_t tick_ns);
  // The ticks until then are silence where none came.
  void FillUntil(int64_t now_ns);

  // Ticks from now on are left out, or not.
  void Pause(bool paused);

  // Of the tick that has come, at the time line's rate.
  void AddMix(std::span<const int16_t> samples);
  // Of that tick, at any rate. False: there are too many speakers.
  bool AddLeg(uint32_t presence, std::shared_ptr<const LegName> name, MixRate rate, std::span<const int16_t> samples);

  SoundBatch Take();
  // That batch is on the disk.
  void Written(const SoundBatch& batch) { written_ = batch.heard; }

  int64_t ticks() const { return ticks_; }
  bool over() const { return ticks_ >= ticks_max_; }
  bool paused() const { return paused_; }
  int64_t waiting() const { return heard_ - written_; }
  // Ticks that did not come.
  int64_t filled() const { return filled_; }
  // Of the first and the last tick that is recorded.
  int64_t begin_ns() const { return begin_ns_; }
  int64_t last_ns() const { return last_ns_; }

 private:
  struct Speaker {
    size_t track = 0;    // in batch_
    int64_t batch = -1;  // of which batch that is
    MixRate rate = MixRate::k8000;
    int64_t tick = -1;  // the last in which it was heard
    Upsampler up;
    Downsampler down;
  };

  const MixRate rate_;
  const int64_t ticks_max_;
  bool paused_ = false;
  bool resumed_ = false;  // the next tick follows, whatever was before it
  bool counted_ = false;  // the tick at seen_ns_ is on the time line
  int64_t seen_ns_ = 0;   // the last tick that came; 0: none
  int64_t begin_ns_ = 0;
  int64_t last_ns_ = 0;
  int64_t ticks_ = 0;
  int64_t heard_ = 0;
  int64_t written_ = 0;
  int64_t filled_ = 0;
  int64_t batches_ = 0;
  SoundBatch batch_;
  std::map<uint32_t, Speaker> speakers_;  // by Presence::id
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_TIME_LINE_H_
