#ifndef MEDIAPLANE_RECORDING_UPLOADS_H_
#define MEDIAPLANE_RECORDING_UPLOADS_H_

#include <deque>
#include <functional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "mediaplane/recording/recording_figures.h"

namespace tutti::mediaplane {

// Which recordings' turn it is to go to the object store, or from it: a few at a time,
// and after a failure, which is most likely the store's and not the recording's, all wait
// for a while that grows. Control thread only.
class Uploads {
 public:
  // `begin` is called by Poll, and leads to Done. `clock` and `figures` outlive it.
  Uploads(std::function<void(const std::string& recording_id)> begin, Clock& clock, RecordingFigures& figures)
      : begin_(std::move(begin)), clock_(clock), figures_(figures) {}

  // Once until it is done.
  void Add(const std::string& recording_id);
  // It waits for its turn no more, if it did.
  void Drop(const std::string& recording_id);
  bool IsRunning(const std::string& recording_id) const { return running_.contains(recording_id); }

  // What was begun has ended; a failure has its turn again.
  void Done(const std::string& recording_id, bool succeeded);
  void Poll();

 private:
  const std::function<void(const std::string& recording_id)> begin_;
  Clock& clock_;
  RecordingFigures& figures_;
  std::deque<std::string> waiting_;
  absl::flat_hash_set<std::string> running_;
  // Since the last success; 0: none failed.
  absl::Duration pause_;
  absl::Time next_;

  void UpdateFigures();
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_UPLOADS_H_
