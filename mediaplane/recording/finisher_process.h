#ifndef MEDIAPLANE_RECORDING_FINISHER_PROCESS_H_
#define MEDIAPLANE_RECORDING_FINISHER_PROCESS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mediaplane/recording/work_threads.h"
#include "tutti/media/v1/recording_folder.pb.h"

namespace tutti::mediaplane {

// Runs the program that finishes recordings, apart from the packet process, so that
// neither its work nor a bug of it is heard. At most `processes` at a time; others wait.
class FinisherProcess {
 public:
  // With the folder's last state, or why the program did not finish it.
  using Done = std::function<void(absl::StatusOr<media::v1::RecordingFolder>)>;

  // `program` gets `arguments`, then the recording's folder, and `variables`
  // ("NAME=VALUE") in its environment besides those of this process.
  FinisherProcess(std::string program, std::vector<std::string> arguments, std::vector<std::string> variables,
                  int processes);
  // Tells the programs that run to end, and waits for them: what is unfinished is
  // finished after the next start.
  ~FinisherProcess();

  // `done` is called on a thread of its own. Thread-safe.
  void Finish(const std::string& folder, Done done);

 private:
  absl::Status Run(const std::string& folder);

  const std::string program_;
  const std::vector<std::string> arguments_;
  const std::vector<std::string> variables_;
  absl::Mutex mutex_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<pid_t> running_ ABSL_GUARDED_BY(mutex_);
  // Last: its threads use what is above.
  WorkThreads threads_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_FINISHER_PROCESS_H_
