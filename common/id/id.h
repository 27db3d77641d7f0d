#ifndef COMMON_ID_ID_H_
#define COMMON_ID_ID_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/clock/clock.h"

namespace tutti {

// True for the canonical text form of a UUID (RFC 9562 section 4), in lower
// case: 8-4-4-4-12 hexadecimal digits, any version.
bool IsUuid(std::string_view text);

// Makes UUIDs of version 7 (RFC 9562 section 5.7) that sort by time: within a
// millisecond a 12-bit counter goes up, and the time never goes back.
// Thread-safe.
class IdGenerator {
 public:
  // Random bits from the system's source.
  explicit IdGenerator(Clock& clock);

  // `random` gives 64 random bits a call; it is called under the generator's lock.
  IdGenerator(Clock& clock, std::function<uint64_t()> random);

  std::string Next();

 private:
  Clock& clock_;
  absl::Mutex mutex_;
  std::function<uint64_t()> random_ ABSL_GUARDED_BY(mutex_);
  // Unix milliseconds << 12 | counter.
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti

#endif  // COMMON_ID_ID_H_
