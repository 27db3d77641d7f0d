#include "control/service/read_pool.h"

#include <utility>

#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr int kDepthMax = 4096;

}  // namespace

ReadPool::ReadPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.push_back(std::make_unique<TaskQueue>());
}

absl::Status ReadPool::Run(std::function<void()> task) {
  if (depth_.fetch_add(1, std::memory_order_relaxed) >= kDepthMax) {
    depth_.fetch_sub(1, std::memory_order_relaxed);
    return Error(absl::StatusCode::kUnavailable, "OVERLOADED", "too many requests are waiting for the store");
  }
  const unsigned index = next_.fetch_add(1, std::memory_order_relaxed) % threads_.size();
  threads_[index]->Post([this, task = std::move(task)] {
    task();
    depth_.fetch_sub(1, std::memory_order_relaxed);
  });
  return absl::OkStatus();
}

void ReadPool::Stop() {
  for (const auto& thread : threads_) thread->Stop();
}

}  // namespace tutti::control
