#ifndef CONTROL_FILES_FILE_METRICS_H_
#define CONTROL_FILES_FILE_METRICS_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/registry.h"

namespace tutti::control {

// What is read and deleted of recordings' files. `store` is media_node or
// object_store. Thread-safe.
class FileMetrics {
 public:
  explicit FileMetrics(prometheus::Registry& registry);

  void OnBytes(const std::string& store, size_t bytes);
  void OnRead(const std::string& store, const absl::Status& status);
  void OnDeleted(const absl::Status& status);

 private:
  prometheus::Family<prometheus::Counter>& bytes_;
  prometheus::Family<prometheus::Counter>& reads_;
  prometheus::Family<prometheus::Counter>& deletions_;
};

}  // namespace tutti::control

#endif  // CONTROL_FILES_FILE_METRICS_H_
