#include "mediaplane/tap/tap_thread.h"

#include <pthread.h>

#include "absl/time/time.h"

namespace tutti::mediaplane {

TapThread::TapThread(TapHub& hub) : hub_(hub), thread_([this] { Run(); }) {}

TapThread::~TapThread() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  thread_.join();
}

void TapThread::Run() {
  pthread_setname_np(pthread_self(), "tap");
  const auto stopped = [this] {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&stop_), absl::Milliseconds(kTickMs));
  };
  while (!stopped()) hub_.Drain();
}

}  // namespace tutti::mediaplane
