#ifndef SPEECH_SERVICE_SLOTS_H_
#define SPEECH_SERVICE_SLOTS_H_

#include <atomic>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"

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

  // To who got none.
  absl::Status Busy(const char* what) const {
    return Error(absl::StatusCode::kResourceExhausted, "SPEECH_BUSY",
                 absl::StrCat("all ", max_, " ", what, " are taken: try later"));
  }

 private:
  const int max_;
  std::atomic<int> taken_ = 0;
};

}  // namespace tutti::speech

#endif  // SPEECH_SERVICE_SLOTS_H_
