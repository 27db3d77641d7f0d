#ifndef SPEECH_SYNTHESIZER_CHILD_PROGRAM_H_
#define SPEECH_SYNTHESIZER_CHILD_PROGRAM_H_

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tutti::speech {

struct ChildProgram {
  // The program, looked for in PATH, and its arguments. No shell sees them.
  std::vector<std::string> argv;
  // What it reads on standard input.
  std::string input;
  // After which it is killed.
  absl::Duration timeout;
  // The most that it may write on standard output before it is killed.
  size_t output_bytes_max = 0;
};

// Runs it to its end, and gives its standard output. It has no file of ours open, is
// killed when `cancelled` becomes true (CANCELLED) and is never left behind.
// NOT_FOUND: there is no such program; DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED: the
// limits; INTERNAL: it did not end with status 0.
absl::StatusOr<std::string> RunChildProgram(const ChildProgram& program, const std::atomic<bool>& cancelled);

}  // namespace tutti::speech

#endif  // SPEECH_SYNTHESIZER_CHILD_PROGRAM_H_
