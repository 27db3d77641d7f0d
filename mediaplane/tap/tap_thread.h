#ifndef MEDIAPLANE_TAP_TAP_THREAD_H_
#define MEDIAPLANE_TAP_TAP_THREAD_H_

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "mediaplane/tap/tap_hub.h"

namespace tutti::mediaplane {

// Drains a hub every 20 ms. Late is harmless as long as the rings have room.
class TapThread {
 public:
  // `hub` outlives it.
  explicit TapThread(TapHub& hub);
  ~TapThread();
  TapThread(const TapThread&) = delete;
  TapThread& operator=(const TapThread&) = delete;

 private:
  void Run();

  TapHub& hub_;
  absl::Mutex mutex_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TAP_TAP_THREAD_H_
