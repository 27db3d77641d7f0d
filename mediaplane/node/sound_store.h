#ifndef MEDIAPLANE_NODE_SOUND_STORE_H_
#define MEDIAPLANE_NODE_SOUND_STORE_H_

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mediaplane/audio/sound.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// A SHA-256 as sounds are named by: 64 hexadecimal digits in lower case.
bool IsSha256(const std::string& text);

// The node's sounds by hash, bounded in bytes: the one not asked for for longest
// gives way, unless somebody else holds it, who then needs it. And the sounds of
// the house, which are always there. Control thread only.
class SoundStore {
 public:
  static constexpr size_t kBytesMax = size_t{256} << 20;

  explicit SoundStore(size_t bytes_max = kBytesMax);

  // A sound to be played, by hash or by name. NOT_FOUND, reason SOUND_NOT_FOUND;
  // INVALID_ARGUMENT for what is neither.
  absl::StatusOr<std::shared_ptr<const Sound>> Find(const std::string& sound);

  // Repeating it changes nothing. RESOURCE_EXHAUSTED, reason SOUND_CACHE_FULL,
  // when all that could give way is in use.
  absl::Status Insert(const std::string& sha256, std::shared_ptr<const Sound> sound);

  // NOT_FOUND, reason SOUND_NOT_FOUND.
  absl::StatusOr<media::v1::SoundState> Get(const std::string& sha256) const;

  size_t bytes() const { return bytes_; }
  size_t size() const { return sounds_.size(); }

 private:
  struct Entry {
    std::shared_ptr<const Sound> sound;
    std::list<std::string>::iterator used;
  };

  const size_t bytes_max_;
  size_t bytes_ = 0;
  absl::flat_hash_map<std::string, Entry> sounds_;
  std::list<std::string> used_;  // the last used first
  absl::flat_hash_map<std::string, std::shared_ptr<const Sound>> built_in_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_SOUND_STORE_H_
