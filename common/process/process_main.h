#ifndef COMMON_PROCESS_PROCESS_MAIN_H_
#define COMMON_PROCESS_PROCESS_MAIN_H_

#include <signal.h>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti {

// SIGTERM and SIGINT, which no thread but the one that waits takes.
class EndSignal {
 public:
  // Before the first thread.
  EndSignal();

  // Returns once one has come, and logs it as `what`, e.g. "ending".
  void Wait(const char* what) const;

 private:
  sigset_t signals_;
};

// The main function of a process that serves until it is told to end: configuration and
// log, then `run`, which has the only copy of the configuration, with its secrets.
// Returns its exit status: 1 with the error on stderr, or 0.
int ProcessMain(const char* name, int argc, char** argv,
                absl::FunctionRef<absl::Status(config::v1::Config config, const EndSignal& end)> run);

}  // namespace tutti

#endif  // COMMON_PROCESS_PROCESS_MAIN_H_
