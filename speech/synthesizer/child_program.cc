#include "speech/synthesizer/child_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

extern char** environ;

namespace tutti::speech {
namespace {

// How often `cancelled` is looked at.
constexpr absl::Duration kLook = absl::Milliseconds(50);

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor() { Close(); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return fd_; }
  void Reset(int fd) {
    Close();
    fd_ = fd;
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

absl::Status Pipe(FileDescriptor& read_end, FileDescriptor& write_end) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) {
    return absl::ResourceExhaustedError(absl::StrCat("can't make a pipe: ", strerror(errno)));
  }
  read_end.Reset(fds[0]);
  write_end.Reset(fds[1]);
  return absl::OkStatus();
}

// A started program; killed and waited for at the latest with its destruction.
class Child {
 public:
  ~Child() { Kill(); }

  absl::Status Start(std::vector<std::string> argv, int input, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // A group of its own, to be killed with whatever it starts; no signal that we
    // block or ignore is blocked or ignored there.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    std::vector<char*> words;
    for (std::string& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    const int error = posix_spawnp(&pid_, words[0], &actions, &attributes, words.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error == 0) return absl::OkStatus();
    pid_ = -1;
    const std::string message = absl::StrCat("can't start ", argv[0], ": ", strerror(error));
    return error == ENOENT ? absl::NotFoundError(message) : absl::InternalError(message);
  }

  // Waits for its end, up to `deadline`.
  absl::Status Wait(absl::Time deadline, const std::atomic<bool>& cancelled) {
    for (absl::Duration pause = absl::Microseconds(100);; pause = std::min(pause * 2, kLook)) {
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
        return absl::InternalError(WIFEXITED(status) ? absl::StrCat("it ended with status ", WEXITSTATUS(status))
                                                     : absl::StrCat("signal ", WTERMSIG(status), " ended it"));
      }
      if (cancelled) return absl::CancelledError("not wanted any more");
      if (absl::Now() > deadline) return absl::DeadlineExceededError("it closed its output and did not end");
      absl::SleepFor(pause);
    }
  }

 private:
  void Kill() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  pid_t pid_ = -1;
};

// Gives it its input and takes its output until it closes it.
absl::Status Exchange(const ChildProgram& program, FileDescriptor& input, FileDescriptor& output, absl::Time deadline,
                      const std::atomic<bool>& cancelled, std::string& taken) {
  size_t given = 0;
  char buffer[64 * 1024];
  for (;;) {
    if (cancelled) return absl::CancelledError("not wanted any more");
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError(absl::StrCat("it did not end within ", absl::FormatDuration(program.timeout)));
    }
    if (given == program.input.size()) input.Close();
    pollfd fds[] = {{output.get(), POLLIN, 0}, {input.get(), POLLOUT, 0}};
    const int wait_ms = static_cast<int>(absl::ToInt64Milliseconds(std::min(left, kLook))) + 1;
    if (poll(fds, input.get() < 0 ? 1 : 2, wait_ms) < 0 && errno != EINTR) {
      return absl::InternalError(absl::StrCat("poll: ", strerror(errno)));
    }
    if (input.get() >= 0 && fds[1].revents != 0) {
      const ssize_t n = write(input.get(), program.input.data() + given, program.input.size() - given);
      if (n >= 0) {
        given += static_cast<size_t>(n);
      } else if (errno != EAGAIN && errno != EINTR) {
        // It wants no more.
        input.Close();
        given = program.input.size();
      }
    }
    if (fds[0].revents == 0) continue;
    const ssize_t n = read(output.get(), buffer, sizeof(buffer));
    if (n == 0) return absl::OkStatus();
    if (n < 0 && errno != EAGAIN && errno != EINTR) return absl::InternalError(absl::StrCat("read: ", strerror(errno)));
    if (n > 0) taken.append(buffer, static_cast<size_t>(n));
    if (taken.size() > program.output_bytes_max) {
      return absl::ResourceExhaustedError(absl::StrCat("it gave more than ", program.output_bytes_max, " bytes"));
    }
  }
}

}  // namespace

absl::StatusOr<std::string> RunChildProgram(const ChildProgram& program, const std::atomic<bool>& cancelled) {
  const absl::Time deadline = absl::Now() + program.timeout;
  FileDescriptor input_read, input_write, output_read, output_write;
  if (absl::Status made = Pipe(input_read, input_write); !made.ok()) return made;
  if (absl::Status made = Pipe(output_read, output_write); !made.ok()) return made;
  fcntl(input_write.get(), F_SETFL, O_NONBLOCK);
  fcntl(output_read.get(), F_SETFL, O_NONBLOCK);
  Child child;
  if (absl::Status started = child.Start(program.argv, input_read.get(), output_write.get()); !started.ok()) {
    return started;
  }
  input_read.Close();
  output_write.Close();
  std::string output;
  if (absl::Status done = Exchange(program, input_write, output_read, deadline, cancelled, output); !done.ok()) {
    return done;
  }
  input_write.Close();
  if (absl::Status ended = child.Wait(deadline, cancelled); !ended.ok()) return ended;
  return output;
}

}  // namespace tutti::speech
