#include "tools/load_generator/echo.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::tools {
namespace {

constexpr int kBatch = 64;
constexpr size_t kPacketBytesMax = 2048;
constexpr int kBufferBytes = 4 << 20;

[[noreturn]] void RunEcho(int socket) {
  static uint8_t buffers[kBatch][kPacketBytesMax];
  static sockaddr_storage remotes[kBatch];
  static iovec parts[kBatch];
  static mmsghdr headers[kBatch];
  for (;;) {
    for (int i = 0; i < kBatch; ++i) {
      parts[i] = {.iov_base = buffers[i], .iov_len = kPacketBytesMax};
      headers[i].msg_hdr = {};
      headers[i].msg_hdr.msg_name = &remotes[i];
      headers[i].msg_hdr.msg_namelen = sizeof(remotes[i]);
      headers[i].msg_hdr.msg_iov = &parts[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
    const int got = recvmmsg(socket, headers, kBatch, MSG_WAITFORONE, nullptr);
    if (got < 0 && errno != EINTR && errno != ECONNREFUSED) _exit(1);
    for (int i = 0; i < got; ++i) parts[i].iov_len = headers[i].msg_len;
    for (int sent = 0; sent < got;) {
      const int now = sendmmsg(socket, headers + sent, static_cast<unsigned>(got - sent), 0);
      sent += now > 0 ? now : 1;
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<EchoProcess>> EchoProcess::Start(const std::string& address) {
  TUTTI_ASSIGN_OR_RETURN(UdpAddress bound, MakeUdpAddress(address, 0));
  const int socket_fd = socket(bound.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto failed = [&](const char* what) {
    const std::string reason = std::strerror(errno);
    if (socket_fd >= 0) close(socket_fd);
    return Error(absl::StatusCode::kUnavailable, "NO_ECHO", absl::StrCat("No echo process: ", what, ": ", reason, "."));
  };
  if (socket_fd < 0) return failed("no socket");
  setsockopt(socket_fd, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof(kBufferBytes));
  setsockopt(socket_fd, SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof(kBufferBytes));
  if (bind(socket_fd, reinterpret_cast<const sockaddr*>(&bound.storage), bound.length) != 0) return failed("no port");
  getsockname(socket_fd, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length);
  const pid_t pid = fork();
  if (pid < 0) return failed("no process");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN);
    RunEcho(socket_fd);
  }
  close(socket_fd);
  return std::unique_ptr<EchoProcess>(new EchoProcess(pid, bound));
}

EchoProcess::~EchoProcess() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

double EchoProcess::CpuSeconds() const { return ProcessCpuSeconds(pid_); }

double ProcessCpuSeconds(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  if (!std::getline(file, text)) return std::nan("");
  // The name in parentheses may hold anything; user and system time are the
  // 12th and 13th field after it.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nan("");
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  if (!(fields >> user >> system)) return std::nan("");
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace tutti::tools
