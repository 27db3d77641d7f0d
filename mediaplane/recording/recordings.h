#ifndef MEDIAPLANE_RECORDING_RECORDINGS_H_
#define MEDIAPLANE_RECORDING_RECORDINGS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "mediaplane/node/tombstones.h"
#include "mediaplane/recording/recording.h"
#include "mediaplane/recording/uploads.h"
#include "mediaplane/tap/tap_hub.h"
#include "tutti/media/v1/recording_folder.pb.h"

namespace tutti::mediaplane {

struct RecordingsOptions {
  // Of all recordings' folders.
  std::string folder;
  size_t recordings_max = 1000;
  RecordingTools tools;  // names are the node's
  // Brings a folder from FINISHING to its end and calls back, on any thread, with the
  // folder's state or why not.
  using Work =
      std::function<void(const std::string& folder, std::function<void(absl::StatusOr<media::v1::RecordingFolder>)>)>;
  Work finish;
  // As it, from ENDED or FAILED to uploaded, and from uploaded in part to not at all;
  // null: there is no object store.
  Work upload = nullptr;
  Work delete_uploads = nullptr;
};

// The node's recordings as media_plane.proto promises them: those under way, and those
// whose folders are on its disk. Control thread only, unless said otherwise.
class Recordings {
 public:
  // `changed` is told the state of each recording whose status, files or place have
  // changed. `hub` outlives it.
  Recordings(RecordingsOptions options, TapHub& hub, std::function<void(const media::v1::RecordingState&)> changed);
  ~Recordings();
  Recordings(const Recordings&) = delete;
  Recordings& operator=(const Recordings&) = delete;

  // Once, at the start: finds what is on the disk. What was under way when the process
  // before this one ended becomes FAILED (NODE_LOST), and what was not finished is
  // finished. An error: the folder can't be used.
  absl::Status Load();

  // `bridge`: where request.bridge_id is on this node. `draining`: nothing new begins.
  absl::StatusOr<media::v1::RecordingState> Put(const media::v1::PutRecordingRequest& request,
                                                std::optional<BridgeSlot> bridge, bool draining);

  // Its folder goes; one that is under way ends first. An unknown one changes nothing.
  void Delete(const std::string& recording_id);

  struct FileOnDisk {
    std::string path;
    int64_t offset = 0;
    int64_t length = 0;
  };
  absl::StatusOr<FileOnDisk> FindFile(const media::v1::ReadRecordingFileRequest& request) const;

  // The bridge is about to be removed: its recordings end.
  void EndBridge(BridgeSlot bridge);

  // Takes what writers and finishers have done. Every few milliseconds.
  void Poll();

  // Those that are not over.
  std::vector<media::v1::RecordingState> UnderWay() const;
  // Nothing is written or waits for it: the process may end.
  bool idle() const { return active_.empty(); }

 private:
  struct Entry {
    media::v1::RecordingFolder folder;  // its state: as it was last told
    // While it is written.
    std::shared_ptr<Recording> recording;
    BridgeSlot bridge = kNoBridgeSlot;
    std::optional<TapHub::Subscription> subscription;
    bool finishing = false;  // the finisher has it
    bool deleted = false;    // it goes as soon as nobody works on it
    bool deleting = false;   // its upload is being undone
  };

  std::string FolderOf(const std::string& recording_id) const;
  absl::StatusOr<media::v1::RecordingState> Create(const media::v1::PutRecordingRequest& request, BridgeSlot bridge);
  // recordings_load.cc
  void LoadOne(const std::string& recording_id);

  void End(Entry& entry);
  void Finish(const std::string& recording_id, Entry& entry);
  void PollActive(const std::string& recording_id, Entry& entry);
  void OnFinished(const std::string& recording_id, const absl::StatusOr<media::v1::RecordingFolder>& result);
  void Remove(const std::string& recording_id);
  // recordings_upload.cc
  void AddUpload(const std::string& recording_id, const Entry& entry);
  void BeginUpload(const std::string& recording_id);
  void OnUploaded(const std::string& recording_id, const absl::StatusOr<media::v1::RecordingFolder>& result);
  void RemoveWithUploads(const std::string& recording_id, Entry& entry);

  void Tell(const Entry& entry);
  void UpdateFigures();

  const RecordingsOptions options_;
  TapHub& hub_;
  const std::function<void(const media::v1::RecordingState&)> changed_;
  absl::flat_hash_map<std::string, std::unique_ptr<Entry>> entries_;
  // Those with a Recording, and those that the finisher has.
  absl::flat_hash_map<std::string, Entry*> active_;
  absl::flat_hash_set<std::string> finishing_;
  // Deleted ones, and those that were stopped before they were begun.
  Tombstones<int64_t> removed_;
  Uploads uploads_;

  // What finishers have done, until Poll. Shared with their threads, which may outlive
  // this.
  struct Inbox {
    absl::Mutex mutex;
    std::vector<std::pair<std::string, absl::StatusOr<media::v1::RecordingFolder>>> finished ABSL_GUARDED_BY(mutex);
    std::vector<std::pair<std::string, absl::StatusOr<media::v1::RecordingFolder>>> uploaded ABSL_GUARDED_BY(mutex);
  };
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_RECORDINGS_H_
