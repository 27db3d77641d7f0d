#ifndef CONTROL_MEDIA_WAIT_FOR_H_
#define CONTROL_MEDIA_WAIT_FOR_H_

#include <chrono>
#include <functional>
#include <thread>

namespace tutti::control {

// Waits until a condition of other threads holds; false after a minute, which
// only a broken program needs.
inline bool WaitFor(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace tutti::control

#endif  // CONTROL_MEDIA_WAIT_FOR_H_
