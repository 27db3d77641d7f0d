#include "control/core/idempotency.h"

#include <openssl/sha.h>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/rules/times.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace tutti::control {

std::string HashOf(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return std::string(reinterpret_cast<char*>(digest), sizeof(digest));
}

absl::StatusOr<std::optional<IdempotencyTable::Entry>> FindIdempotent(Work& work, const CoreOptions& options,
                                                                      const IdempotencyTable::Key& key,
                                                                      const std::string& body_hash) {
  TUTTI_ASSIGN_OR_RETURN(auto entry, work.tx().idempotency_keys.Find(key));
  if (!entry.has_value()) return entry;
  // One that the purge has not reached yet.
  if (entry->tm_create_us < ToMicroseconds(work.now() - options.idempotency_retention)) {
    TUTTI_RETURN_IF_ERROR(work.tx().idempotency_keys.Delete(key));
    return std::nullopt;
  }
  if (entry->body_hash != body_hash) {
    return Error(absl::StatusCode::kAlreadyExists, "IDEMPOTENCY_KEY_REUSED",
                 absl::StrCat("the idempotency key was used for another ", key.method));
  }
  return entry;
}

absl::Status ReadAnswer(const IdempotencyTable::Entry& entry, google::protobuf::Message& answer) {
  if (answer.ParseFromString(entry.response.value_or(""))) return absl::OkStatus();
  return absl::DataLossError("the stored answer of an idempotency key can't be read");
}

}  // namespace tutti::control
