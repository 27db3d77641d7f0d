#ifndef COMMON_TESTING_PROCESS_H_
#define COMMON_TESTING_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace tutti {

// A program of ours under test, as an operator starts it, and what it says on
// standard error. Killed at the end if it still runs.
class Process {
 public:
  // `binary` is a path in the runfiles: "control/control".
  Process(const std::string& binary, const std::vector<std::string>& flags);
  ~Process();

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Signal(int signal);

  // Waits for its end. Its exit status; 256 and the signal's number for a signal.
  int Wait();

  // After Wait.
  const std::string& errors() const { return errors_; }

 private:
  pid_t pid_ = -1;
  int errors_fd_ = -1;
  std::string errors_;
};

// A TCP port of loopback that was free a moment ago.
int FreeTcpPort();

}  // namespace tutti

#endif  // COMMON_TESTING_PROCESS_H_
