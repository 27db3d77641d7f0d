#include "mediaplane/jitter/frame_store.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tutti::mediaplane {

void FrameStore::SetFormat(const AudioFormat& format) {
  begin_ = end_;
  units_ = 0;
  bytes_per_unit_ = format.bytes_per_unit;
  units_per_frame_ = format.units_per_frame;
  bytes_per_frame_ = format.bytes_per_frame;
  slot_count_ = static_cast<uint8_t>(FramesMax(format));
  free_ = static_cast<uint32_t>((uint64_t{1} << slot_count_) - 1);
}

int FrameStore::Write(int64_t frame, uint16_t offset, const uint8_t* from, uint16_t units) {
  const uint8_t index = TakeSlot(frame);
  const int fresh = AddRange(slots_[index], offset, static_cast<uint16_t>(offset + units));
  if (fresh < 0) return fresh;
  uint8_t* to = bytes_.data() + size_t{index} * bytes_per_frame_ + size_t{offset} * bytes_per_unit_;
  std::memcpy(to, from, size_t{units} * bytes_per_unit_);
  units_ += static_cast<uint32_t>(fresh);
  return fresh;
}

FrameStore::Taken FrameStore::Take() {
  const uint8_t index = SlotOf(begin_++);
  if (end_ < begin_) end_ = begin_;
  if (index == kNoSlot) return {nullptr, 0};
  const Slot& slot = slots_[index];
  uint8_t* bytes = bytes_.data() + size_t{index} * bytes_per_frame_;
  if (slot.units < units_per_frame_) FillHoles(slot, bytes);
  units_ -= slot.units;
  free_ |= uint32_t{1} << index;
  return {bytes, slot.units};
}

// There is always one: no more frames than slots are kept (Fits).
uint8_t FrameStore::TakeSlot(int64_t frame) {
  while (end_ <= frame) slot_of_[static_cast<size_t>(end_++) % kFramesMax] = kNoSlot;
  uint8_t& index = slot_of_[static_cast<size_t>(frame) % kFramesMax];
  if (index == kNoSlot) {
    index = static_cast<uint8_t>(std::countr_zero(free_));
    free_ &= free_ - 1;
    slots_[index].units = 0;
    slots_[index].ranges = 0;
  }
  return index;
}

int FrameStore::AddRange(Slot& slot, uint16_t begin, uint16_t end) {
  // Ranges [first, last) touch the new one and become part of it.
  int first = 0;
  while (first < slot.ranges && slot.end[first] < begin) ++first;
  int last = first;
  int known = 0;
  uint16_t merged_begin = begin;
  uint16_t merged_end = end;
  while (last < slot.ranges && slot.begin[last] <= end) {
    known += std::min(end, slot.end[last]) - std::max(begin, slot.begin[last]);
    merged_begin = std::min(merged_begin, slot.begin[last]);
    merged_end = std::max(merged_end, slot.end[last]);
    ++last;
  }
  const int ranges = slot.ranges - (last - first) + 1;
  if (ranges > kRangesMax) return -1;
  if (last == first) {
    std::copy_backward(slot.begin.begin() + first, slot.begin.begin() + slot.ranges, slot.begin.begin() + ranges);
    std::copy_backward(slot.end.begin() + first, slot.end.begin() + slot.ranges, slot.end.begin() + ranges);
  } else {
    std::copy(slot.begin.begin() + last, slot.begin.begin() + slot.ranges, slot.begin.begin() + first + 1);
    std::copy(slot.end.begin() + last, slot.end.begin() + slot.ranges, slot.end.begin() + first + 1);
  }
  slot.begin[first] = merged_begin;
  slot.end[first] = merged_end;
  slot.ranges = static_cast<uint8_t>(ranges);
  const int fresh = end - begin - known;
  slot.units = static_cast<uint16_t>(slot.units + fresh);
  return fresh;
}

// A hole repeats what is before it; one at the beginning, what is after it.
void FrameStore::FillHoles(const Slot& slot, uint8_t* bytes) const {
  const size_t unit = bytes_per_unit_;
  const size_t head = slot.begin[0] * unit;
  const size_t after = (slot.end[0] - slot.begin[0]) * unit;
  for (size_t i = 0; i < head; ++i) bytes[i] = bytes[head + i % after];
  for (int range = 0; range < slot.ranges; ++range) {
    const size_t begin = slot.end[range] * unit;
    const size_t end = range + 1 < slot.ranges ? slot.begin[range + 1] * unit : bytes_per_frame_;
    for (size_t i = begin; i < end; ++i) bytes[i] = bytes[i - begin];
  }
}

}  // namespace tutti::mediaplane
