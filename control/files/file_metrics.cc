#include "control/files/file_metrics.h"

namespace tutti::control {
namespace {

prometheus::Family<prometheus::Counter>& MakeFamily(prometheus::Registry& registry, const char* name,
                                                    const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

// Those that went are no failure.
const char* ResultOf(const absl::Status& status) {
  if (status.ok()) return "ok";
  return absl::IsCancelled(status) ? "cancelled" : "failed";
}

}  // namespace

FileMetrics::FileMetrics(prometheus::Registry& registry)
    : bytes_(MakeFamily(registry, "tutti_control_file_bytes_total", "Bytes of recordings given to clients")),
      reads_(MakeFamily(registry, "tutti_control_file_reads_total", "Reads of recordings' files")),
      deletions_(MakeFamily(registry, "tutti_control_object_deletions_total",
                            "Recordings whose objects were deleted, or not, from the object store")) {}

void FileMetrics::OnBytes(const std::string& store, size_t bytes) {
  bytes_.Add({{"store", store}}).Increment(static_cast<double>(bytes));
}

void FileMetrics::OnRead(const std::string& store, const absl::Status& status) {
  reads_.Add({{"store", store}, {"result", ResultOf(status)}}).Increment();
}

void FileMetrics::OnDeleted(const absl::Status& status) { deletions_.Add({{"result", ResultOf(status)}}).Increment(); }

}  // namespace tutti::control
