#include "control/files/object_deleter.h"

#include "absl/strings/str_cat.h"
#include "common/log/log.h"

namespace tutti::control {

void ObjectDeleter::Enqueue(const std::vector<std::string>& recording_ids) {
  for (const std::string& id : recording_ids) queue_.Post([this, id] { Delete(id); });
}

void ObjectDeleter::Delete(const std::string& recording_id) {
  const auto names = read_names_(recording_id);
  if (absl::IsNotFound(names.status())) return;
  absl::Status status = names.status();
  for (size_t i = 0; status.ok() && i < names->size(); ++i) {
    status = bucket_.Delete(absl::StrCat(recording_id, "/", (*names)[i]));
  }
  metrics_.OnDeleted(status);
  if (status.ok()) return on_deleted_(recording_id);
  log::Warning("a deleted recording is still in the object store",
               {{"recording_id", recording_id}, {"error", status.ToString()}});
}

}  // namespace tutti::control
