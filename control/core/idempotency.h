#ifndef CONTROL_CORE_IDEMPOTENCY_H_
#define CONTROL_CORE_IDEMPOTENCY_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/rules/options.h"
#include "control/rules/work.h"
#include "google/protobuf/message.h"

namespace tutti::control {

// SHA-256 of what a client sent, the same for equal messages.
std::string HashOf(const google::protobuf::Message& message);

// The answer of an earlier create under the same key: nothing where the key is
// new; ALREADY_EXISTS (IDEMPOTENCY_KEY_REUSED) for another request.
absl::StatusOr<std::optional<IdempotencyTable::Entry>> FindIdempotent(Work& work, const CoreOptions& options,
                                                                      const IdempotencyTable::Key& key,
                                                                      const std::string& body_hash);

// The answer that an entry has stored. DATA_LOSS: it can't be read.
absl::Status ReadAnswer(const IdempotencyTable::Entry& entry, google::protobuf::Message& answer);

}  // namespace tutti::control

#endif  // CONTROL_CORE_IDEMPOTENCY_H_
