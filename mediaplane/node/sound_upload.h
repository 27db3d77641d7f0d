#ifndef MEDIAPLANE_NODE_SOUND_UPLOAD_H_
#define MEDIAPLANE_NODE_SOUND_UPLOAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mediaplane/audio/format.h"
#include "mediaplane/audio/sound.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// The samples of one PutSound as they come, and the sound that they make. Used on
// whatever thread serves the upload, for hashing and resampling take time.
class SoundUpload {
 public:
  // 17 minutes at 16 kHz.
  static constexpr size_t kBytesMax = size_t{32} << 20;
  static constexpr size_t kMessageBytesMax = size_t{1} << 20;

  // The next message of the stream. INVALID_ARGUMENT says what is wrong with it.
  absl::Status Add(const media::v1::PutSoundRequest& message);

  // All have come. INVALID_ARGUMENT: reason SOUND_HASH_MISMATCH, or no head, an
  // odd number of bytes, no samples.
  absl::StatusOr<std::shared_ptr<const Sound>> Finish() const;

  // Of the head; empty before it came.
  const std::string& sha256() const { return sha256_; }

 private:
  std::string sha256_;
  MixRate rate_ = MixRate::k8000;
  std::string bytes_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_SOUND_UPLOAD_H_
