#ifndef MEDIAPLANE_STREAM_SAID_DELAY_H_
#define MEDIAPLANE_STREAM_SAID_DELAY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace tutti::mediaplane {

// What is said on a line begins when so many frames are there, or have had the time to
// come: a program that sends as it speaks may be so unpunctual.
constexpr int kFramesAhead = 3;

// Keeps the delay of what is said as it is spoken. Where the program's clock is faster
// than ours more and more waits, and once its way has stalled, the stall; where it is
// slower nothing does, again and again.
//
// When as much came as was taken for 5 s, what waited all the time is of use to nobody:
// it is left out, in silence, 20 ms at a time; and where next to nothing did, silence is
// added. What is sent at once, or faster than it is played, fills or empties the queue:
// of that nothing is left out.
class SaidDelay {
 public:
  static constexpr int kWindowFrames = 250;
  // By so much what waits may change meanwhile: pieces of up to 280 ms.
  static constexpr int kUnevenFramesMax = 15;
  // The least that waited; outside of these the delay is brought to kFramesAhead.
  static constexpr int kWaitFramesMin = 2;
  static constexpr int kWaitFramesMax = 4;

  // Before a frame of so many samples is taken.
  void Observe(size_t waiting, size_t frame) {
    least_ = std::min(least_, waiting);
    most_ = std::max(most_, waiting);
    if (most_ - least_ > kUnevenFramesMax * frame) {
      Reset();
      return Begin(waiting);
    }
    if (++frames_ < kWindowFrames) return;
    const int frames_waited = static_cast<int>(least_ / frame);
    const bool good = frames_waited >= kWaitFramesMin && frames_waited <= kWaitFramesMax;
    surplus_ = good ? 0 : frames_waited - kFramesAhead;
    Begin(waiting);
  }

  // Whether there is something to do in the next silence.
  bool due() const { return surplus_ != 0; }
  // Of a silent frame: 1: it is left out; -1: another one follows it; 0: it is as it is.
  int Correct(size_t frame) {
    const int change = (surplus_ > 0) - (surplus_ < 0);
    surplus_ -= change;
    // As if it had been so since the window began.
    for (size_t* waited : {&least_, &most_}) {
      if (change > 0) *waited -= std::min(*waited, frame);
      if (change < 0) *waited += frame;
    }
    return change;
  }

  // Nothing is said any more.
  void Reset() { *this = SaidDelay(); }

 private:
  void Begin(size_t waiting) {
    frames_ = 0;
    least_ = most_ = waiting;
  }

  int frames_ = 0;
  size_t least_ = SIZE_MAX;
  size_t most_ = 0;
  int surplus_ = 0;  // frames
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_STREAM_SAID_DELAY_H_
