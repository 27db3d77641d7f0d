#ifndef MEDIAPLANE_JITTER_FRAME_STORE_H_
#define MEDIAPLANE_JITTER_FRAME_STORE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "mediaplane/audio/format.h"

namespace tutti::mediaplane {

// The 20 ms frames of a jitter buffer, put together from pieces: numbered [begin, end),
// some missing, some in part. Offsets and lengths are units of the RTP clock. Plain
// memory; the lowest free place is used first, so that few frames at a time stay in few
// cache lines.
class FrameStore {
 public:
  static constexpr size_t kBytes = 11'520;  // 18 frames of L16 at 16 kHz: the longest delay and 60 ms
  static constexpr size_t kFramesMax = 32;

  // How many frames of a format are kept at most.
  static constexpr size_t FramesMax(const AudioFormat& format) {
    return kBytes / format.bytes_per_frame < kFramesMax ? kBytes / format.bytes_per_frame : kFramesMax;
  }

  // Forgets all frames; the numbers go on.
  void SetFormat(const AudioFormat& format);

  int64_t begin() const { return begin_; }
  int64_t end() const { return end_; }
  uint32_t units() const { return units_; }  // in all frames

  bool Fits(int64_t frame) const { return frame < begin_ + slot_count_; }
  bool Has(int64_t frame) const { return SlotOf(frame) != kNoSlot; }
  bool Whole(int64_t frame) const {
    const uint8_t slot = SlotOf(frame);
    return slot != kNoSlot && slots_[slot].units == units_per_frame_;
  }

  // A piece of a frame that is not before begin() and Fits(). Returns how many units
  // were not there before; -1 when the frame has too many separate pieces.
  int Write(int64_t frame, uint16_t offset, const uint8_t* from, uint16_t units);

  struct Taken {
    // Of the whole frame, holes filled from what is beside them; nullptr when nothing of
    // it is there. Valid until the next Write().
    const uint8_t* bytes;
    uint16_t units;  // that were there
  };

  // Removes the frame begin(), which moves on; end() with it when there is no frame.
  Taken Take();

 private:
  static constexpr int kRangesMax = 3;
  static constexpr uint8_t kNoSlot = 0xff;

  // What is there of a frame: ranges of units, ordered and apart.
  struct Slot {
    uint16_t units;  // of all ranges
    uint8_t ranges;
    std::array<uint16_t, kRangesMax> begin;
    std::array<uint16_t, kRangesMax> end;
  };

  uint8_t SlotOf(int64_t frame) const {
    return frame < end_ ? slot_of_[static_cast<size_t>(frame) % kFramesMax] : kNoSlot;
  }
  uint8_t TakeSlot(int64_t frame);
  static int AddRange(Slot& slot, uint16_t begin, uint16_t end);
  void FillHoles(const Slot& slot, uint8_t* bytes) const;

  uint8_t slot_count_ = 0;
  uint8_t bytes_per_unit_ = 1;
  uint16_t units_per_frame_ = 160;
  uint16_t bytes_per_frame_ = 160;
  uint32_t free_ = 0;  // bit set: slot is free
  uint32_t units_ = 0;
  int64_t begin_ = 0;
  int64_t end_ = 0;
  std::array<uint8_t, kFramesMax> slot_of_ = {};  // by frame modulo kFramesMax
  std::array<Slot, kFramesMax> slots_ = {};
  alignas(64) std::array<uint8_t, kBytes> bytes_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_JITTER_FRAME_STORE_H_
