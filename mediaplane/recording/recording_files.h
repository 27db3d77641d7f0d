#ifndef MEDIAPLANE_RECORDING_RECORDING_FILES_H_
#define MEDIAPLANE_RECORDING_RECORDING_FILES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "mediaplane/audio/format.h"
#include "mediaplane/recording/disk.h"
#include "mediaplane/recording/sound_batch.h"
#include "tutti/media/v1/recording_folder.pb.h"

namespace tutti::mediaplane {

// A recording's folder while it is written. After each call what is there can be read
// by anybody, whatever dies then. One thread at a time, which may wait for the disk.
class RecordingFiles {
 public:
  RecordingFiles(Disk& disk, std::string folder, const media::v1::PutRecordingRequest& request);

  absl::Status Begin(const media::v1::RecordingFolder& state);
  absl::Status WriteState(const media::v1::RecordingFolder& state);
  absl::Status WriteMarkers(const std::string& json);

  // Sound, and headers that tell of it. A speaker's file ends where it last spoke.
  absl::Status Write(const SoundBatch& batch);

  // Room for the last words on a full disk.
  absl::Status FreeReserve();
  // Returns once the disk has the sound.
  absl::Status Sync();

  // Of sound.
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  absl::Status WriteTrack(const Track& track, int64_t ticks_end);

  Disk& disk_;
  const std::string folder_;
  const std::string recording_id_;
  const MixRate rate_;
  uint64_t bytes_written_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_RECORDING_FILES_H_
