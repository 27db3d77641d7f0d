#ifndef TOOLS_LOAD_GENERATOR_ECHO_H_
#define TOOLS_LOAD_GENERATOR_ECHO_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tools/caller/media_sockets.h"

namespace tutti::tools {

// The least that a server of the same packets could cost: a process with one UDP
// socket that sends every packet back, by recvmmsg and sendmmsg.
class EchoProcess {
 public:
  // Call it before the first thread is made: it forks.
  static absl::StatusOr<std::unique_ptr<EchoProcess>> Start(const std::string& address);
  ~EchoProcess();

  const UdpAddress& address() const { return address_; }

  // User and system CPU time that it has used so far, seconds.
  double CpuSeconds() const;

 private:
  EchoProcess(pid_t pid, const UdpAddress& address) : pid_(pid), address_(address) {}

  const pid_t pid_;
  const UdpAddress address_;
};

// CPU time of any process, from /proc, seconds; NaN when there is none.
double ProcessCpuSeconds(pid_t pid);

}  // namespace tutti::tools

#endif  // TOOLS_LOAD_GENERATOR_ECHO_H_
