#include "common/rpc/flights.h"

#include <utility>
#include <vector>

namespace tutti {

void Flights::Add(const void* call, std::function<void()> cancel) {
  absl::MutexLock lock(&mutex_);
  calls_.emplace(call, std::move(cancel));
}

void Flights::Remove(const void* call) {
  std::function<void()> cancel;
  absl::MutexLock lock(&mutex_);
  const auto it = calls_.find(call);
  if (it == calls_.end()) return;
  cancel = std::move(it->second);
  calls_.erase(it);
}

void Flights::CancelAndWait() {
  std::vector<std::function<void()>> cancels;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [call, cancel] : calls_) cancels.push_back(cancel);
  }
  for (const auto& cancel : cancels) cancel();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](Calls* calls) { return calls->empty(); }, &calls_));
}

}  // namespace tutti
