#ifndef SPEECH_SERVICE_SLOTS_H_
#define SPEECH_SERVICE_SLOTS_H_

#include <atomic>

namespace tutti::speech {

// So many at a time and no more. Thread-safe.
class Slots {
 public:
  explicit Slots(int max) : max_(max) {}

  // False: all are taken.
  bool Take() {
    if (taken_.fetch_add(1) < max_) return true;
    --taken_;
    return false;
  }
  void Give() { --taken_; }

  int taken() const { return taken_; }
  int max() const { return max_; }

 private:
  const int max_;
  std::atomic<int> taken_ = 0;
};

}  // namespace tutti::speech

#endif  // SPEECH_SERVICE_SLOTS_H_
