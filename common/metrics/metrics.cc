#include "common/metrics/metrics.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "common/metrics/process_metrics.h"
#include "prometheus/exposer.h"

namespace tutti {

Metrics::Metrics()
    : registry_(std::make_shared<prometheus::Registry>()), process_(std::make_shared<ProcessMetrics>()) {}

Metrics::~Metrics() = default;

absl::Status Metrics::Serve(const std::string& listen) {
  try {
    exposer_ = std::make_unique<prometheus::Exposer>(listen, 1);
  } catch (const std::exception&) {
    return absl::UnavailableError(
        absl::StrCat("can't serve /metrics on ", listen, ": the port is taken or not allowed"));
  }
  exposer_->RegisterCollectable(registry_);
  exposer_->RegisterCollectable(process_);
  for (const auto& collectable : added_) exposer_->RegisterCollectable(collectable);
  return absl::OkStatus();
}

void Metrics::Stop() { exposer_.reset(); }

void Metrics::Add(const std::shared_ptr<prometheus::Collectable>& collectable) {
  added_.push_back(collectable);
  if (exposer_ != nullptr) exposer_->RegisterCollectable(collectable);
}

}  // namespace tutti
