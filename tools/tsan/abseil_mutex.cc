// Tells ThreadSanitizer what Debian's abseil, which is not instrumented, does not: that
// who gets a mutex sees what was done by who had it before. Linked into whatever is built
// with --config=tsan, whose calls of abseil go through here (the linker's --wrap).

#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

// Of the sanitizer's run time; in no header of it.
extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);

// A member function of abseil, by its symbol, and the one that is called instead.
#define REAL(symbol) asm("__real_" symbol)
#define WRAP(symbol) asm("__wrap_" symbol)
#define MUTEX "_ZN4absl7debian35Mutex"
#define CONDITION_VARIABLE "_ZN4absl7debian37CondVar"
#define CONDITION "ERKNS0_9ConditionE"
#define CONDITION_DURATION "ERKNS0_9ConditionENS0_8DurationE"

namespace tutti {
namespace {

// A mutex that is let go looks, for others, at what they wait for.
class LetGo {
 public:
  explicit LetGo(void* mutex) {
    __tsan_release(mutex);
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  }
  ~LetGo() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

}  // namespace

void RealLock(absl::Mutex*) REAL(MUTEX "4LockEv");
void WrapLock(absl::Mutex*) WRAP(MUTEX "4LockEv");
void WrapLock(absl::Mutex* mutex) {
  RealLock(mutex);
  __tsan_acquire(mutex);
}

bool RealTryLock(absl::Mutex*) REAL(MUTEX "7TryLockEv");
bool WrapTryLock(absl::Mutex*) WRAP(MUTEX "7TryLockEv");
bool WrapTryLock(absl::Mutex* mutex) {
  const bool locked = RealTryLock(mutex);
  if (locked) __tsan_acquire(mutex);
  return locked;
}

void RealUnlock(absl::Mutex*) REAL(MUTEX "6UnlockEv");
void WrapUnlock(absl::Mutex*) WRAP(MUTEX "6UnlockEv");
void WrapUnlock(absl::Mutex* mutex) {
  const LetGo let_go(mutex);
  RealUnlock(mutex);
}

void RealReaderLock(absl::Mutex*) REAL(MUTEX "10ReaderLockEv");
void WrapReaderLock(absl::Mutex*) WRAP(MUTEX "10ReaderLockEv");
void WrapReaderLock(absl::Mutex* mutex) {
  RealReaderLock(mutex);
  __tsan_acquire(mutex);
}

void RealReaderUnlock(absl::Mutex*) REAL(MUTEX "12ReaderUnlockEv");
void WrapReaderUnlock(absl::Mutex*) WRAP(MUTEX "12ReaderUnlockEv");
void WrapReaderUnlock(absl::Mutex* mutex) {
  const LetGo let_go(mutex);
  RealReaderUnlock(mutex);
}

void RealLockWhen(absl::Mutex*, const absl::Condition&) REAL(MUTEX "8LockWhen" CONDITION);
void WrapLockWhen(absl::Mutex*, const absl::Condition&) WRAP(MUTEX "8LockWhen" CONDITION);
void WrapLockWhen(absl::Mutex* mutex, const absl::Condition& condition) {
  AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  RealLockWhen(mutex, condition);
  AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  __tsan_acquire(mutex);
}

void RealAwait(absl::Mutex*, const absl::Condition&) REAL(MUTEX "5Await" CONDITION);
void WrapAwait(absl::Mutex*, const absl::Condition&) WRAP(MUTEX "5Await" CONDITION);
void WrapAwait(absl::Mutex* mutex, const absl::Condition& condition) {
  {
    const LetGo let_go(mutex);
    RealAwait(mutex, condition);
  }
  __tsan_acquire(mutex);
}

bool RealAwaitWithTimeout(absl::Mutex*, const absl::Condition&, absl::Duration)
    REAL(MUTEX "16AwaitWithTimeout" CONDITION_DURATION);
bool WrapAwaitWithTimeout(absl::Mutex*, const absl::Condition&, absl::Duration)
    WRAP(MUTEX "16AwaitWithTimeout" CONDITION_DURATION);
bool WrapAwaitWithTimeout(absl::Mutex* mutex, const absl::Condition& condition, absl::Duration timeout) {
  bool met;
  {
    const LetGo let_go(mutex);
    met = RealAwaitWithTimeout(mutex, condition, timeout);
  }
  __tsan_acquire(mutex);
  return met;
}

void RealNotify(absl::Notification*) REAL("_ZN4absl7debian312Notification6NotifyEv");
void WrapNotify(absl::Notification*) WRAP("_ZN4absl7debian312Notification6NotifyEv");
void WrapNotify(absl::Notification* notification) {
  __tsan_release(notification);
  RealNotify(notification);
}

void RealWaitForNotification(const absl::Notification*) REAL("_ZNK4absl7debian312Notification19WaitForNotificationEv");
void WrapWaitForNotification(absl::Notification*) WRAP("_ZNK4absl7debian312Notification19WaitForNotificationEv");
void WrapWaitForNotification(absl::Notification* notification) {
  RealWaitForNotification(notification);
  __tsan_acquire(notification);
}

bool RealDecrementCount(absl::BlockingCounter*) REAL("_ZN4absl7debian315BlockingCounter14DecrementCountEv");
bool WrapDecrementCount(absl::BlockingCounter*) WRAP("_ZN4absl7debian315BlockingCounter14DecrementCountEv");
bool WrapDecrementCount(absl::BlockingCounter* counter) {
  __tsan_release(counter);
  return RealDecrementCount(counter);
}

void RealWait(absl::BlockingCounter*) REAL("_ZN4absl7debian315BlockingCounter4WaitEv");
void WrapWait(absl::BlockingCounter*) WRAP("_ZN4absl7debian315BlockingCounter4WaitEv");
void WrapWait(absl::BlockingCounter* counter) {
  RealWait(counter);
  __tsan_acquire(counter);
}

void RealCondVarWait(absl::CondVar*, absl::Mutex*) REAL(CONDITION_VARIABLE "4WaitEPNS0_5MutexE");
void WrapCondVarWait(absl::CondVar*, absl::Mutex*) WRAP(CONDITION_VARIABLE "4WaitEPNS0_5MutexE");
void WrapCondVarWait(absl::CondVar* changed, absl::Mutex* mutex) {
  {
    const LetGo let_go(mutex);
    RealCondVarWait(changed, mutex);
  }
  __tsan_acquire(mutex);
}

bool RealWaitWithTimeout(absl::CondVar*, absl::Mutex*, absl::Duration)
    REAL(CONDITION_VARIABLE "15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
bool WrapWaitWithTimeout(absl::CondVar*, absl::Mutex*, absl::Duration)
    WRAP(CONDITION_VARIABLE "15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
bool WrapWaitWithTimeout(absl::CondVar* changed, absl::Mutex* mutex, absl::Duration timeout) {
  bool timed_out;
  {
    const LetGo let_go(mutex);
    timed_out = RealWaitWithTimeout(changed, mutex, timeout);
  }
  __tsan_acquire(mutex);
  return timed_out;
}

}  // namespace tutti
