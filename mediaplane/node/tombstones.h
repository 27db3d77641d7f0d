#ifndef MEDIAPLANE_NODE_TOMBSTONES_H_
#define MEDIAPLANE_NODE_TOMBSTONES_H_

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace tutti::mediaplane {

// Remembers what was removed for a time, so that a late command resurrects
// nothing. Bounded: beyond `size_max` the oldest is forgotten early. Not
// thread-safe.
template <typename T>
class Tombstones {
 public:
  Tombstones(absl::Duration age, size_t size_max) : age_(age), size_max_(size_max) {}

  // The id must not be held.
  void Insert(const std::string& id, T value, absl::Time now) {
    held_.emplace(id, std::move(value));
    order_.emplace_back(now + age_, id);
    if (order_.size() > size_max_) Drop();
  }

  // Null when not held. Invalidated by any other call.
  T* Find(const std::string& id) {
    const auto it = held_.find(id);
    return it == held_.end() ? nullptr : &it->second;
  }

  void Expire(absl::Time now) {
    while (!order_.empty() && order_.front().first <= now) Drop();
  }

  size_t size() const { return held_.size(); }

 private:
  void Drop() {
    held_.erase(order_.front().second);
    order_.pop_front();
  }

  const absl::Duration age_;
  const size_t size_max_;
  absl::flat_hash_map<std::string, T> held_;
  std::deque<std::pair<absl::Time, std::string>> order_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_TOMBSTONES_H_
