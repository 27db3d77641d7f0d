#include "mediaplane/recording/finisher_process.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/recording/folder.h"

extern char** environ;

namespace tutti::mediaplane {
namespace {

// All but the standard streams are the packet process's own.
constexpr int kFirstFdToClose = 3;

}  // namespace

FinisherProcess::FinisherProcess(std::string program, std::vector<std::string> arguments,
                                 std::vector<std::string> variables, int processes)
    : program_(std::move(program)),
      arguments_(std::move(arguments)),
      variables_(std::move(variables)),
      threads_("finisher", processes) {}

FinisherProcess::~FinisherProcess() {
  absl::MutexLock lock(&mutex_);
  stop_ = true;
  for (const pid_t pid : running_) kill(pid, SIGTERM);
}

void FinisherProcess::Finish(const std::string& folder, Done done) {
  threads_.Post([this, folder, done = std::move(done)] {
    const absl::Status status = Run(folder);
    done(status.ok() ? ReadFolderState(folder) : status);
  });
}

absl::Status FinisherProcess::Run(const std::string& folder) {
  std::vector<std::string> words = {program_};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  words.push_back(folder);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables = variables_;
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  for (char** variable = environ; *variable != nullptr; ++variable) envp.push_back(*variable);
  envp.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addclosefrom_np(&actions, kFirstFdToClose);
  posix_spawnattr_init(&attributes);
  // Ours are blocked for sigwait, and SIGPIPE is ignored.
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  int error = ECANCELED;
  {
    absl::MutexLock lock(&mutex_);
    if (!stop_) error = posix_spawn(&pid, program_.c_str(), &actions, &attributes, argv.data(), envp.data());
    if (error == 0) running_.push_back(pid);
  }
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("can't run ", program_));

  int result = 0;
  // Not yet taken: the destructor must not signal a process id that is another's.
  siginfo_t ended;
  while (waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  {
    absl::MutexLock lock(&mutex_);
    std::erase(running_, pid);
  }
  while (waitpid(pid, &result, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(result) && WEXITSTATUS(result) == 0) return absl::OkStatus();
  return absl::InternalError(WIFEXITED(result) ? absl::StrCat(program_, " ended with ", WEXITSTATUS(result))
                                               : absl::StrCat(program_, " was ended by signal ", WTERMSIG(result)));
}

}  // namespace tutti::mediaplane
