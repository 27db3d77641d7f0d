#ifndef COMMON_METRICS_METRICS_H_
#define COMMON_METRICS_METRICS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "prometheus/collectable.h"
#include "prometheus/registry.h"

namespace prometheus {
class Exposer;
}  // namespace prometheus

namespace tutti {

// Serves /metrics: a registry to put families into, and the process's own
// figures (CPU seconds, memory, file descriptors, threads, start time).
// Thread-safe.
class Metrics {
 public:
  // Only a registry, served nowhere; for tests.
  Metrics();
  ~Metrics();

  // `listen` is "address:port" and allowed by CheckListenAddress. UNAVAILABLE
  // with one sentence when the port is taken.
  absl::Status Serve(const std::string& listen);

  // Ends serving; nothing is collected after it. Also done by the destructor.
  void Stop();

  // Something that makes its families at each scrape; kept until the end. From
  // the thread that made this object.
  void Add(const std::shared_ptr<prometheus::Collectable>& collectable);

  prometheus::Registry& registry() { return *registry_; }

 private:
  std::shared_ptr<prometheus::Registry> registry_;
  std::shared_ptr<prometheus::Collectable> process_;
  std::vector<std::shared_ptr<prometheus::Collectable>> added_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace tutti

#endif  // COMMON_METRICS_METRICS_H_
