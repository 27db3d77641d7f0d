#include "mediaplane/node/sound_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/audio/format.h"

namespace tutti::mediaplane {
namespace {

absl::Status NotFound(const std::string& sound) {
  return Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", absl::StrCat("sound ", sound, " is not on this node"));
}

}  // namespace

bool IsSha256(const std::string& text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

SoundStore::SoundStore(size_t bytes_max) : bytes_max_(bytes_max) {
  for (const char* name : {"beep", "beep_entry", "beep_exit", "hold_music"}) built_in_[name] = MakeBuiltInSound(name);
}

absl::StatusOr<std::shared_ptr<const Sound>> SoundStore::Find(const std::string& sound) {
  if (const auto it = built_in_.find(sound); it != built_in_.end()) return it->second;
  if (!IsSha256(sound)) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
                 "a sound is named by its SHA-256 in lower case, or is \"beep\", \"beep_entry\", \"beep_exit\" or "
                 "\"hold_music\"");
  }
  const auto it = sounds_.find(sound);
  if (it == sounds_.end()) return NotFound(sound);
  used_.splice(used_.begin(), used_, it->second.used);
  return it->second.sound;
}

absl::Status SoundStore::Insert(const std::string& sha256, std::shared_ptr<const Sound> sound) {
  if (sounds_.contains(sha256)) return absl::OkStatus();
  const size_t bytes = sound->bytes();
  // First whether it fits at all, so that nothing gives way in vain.
  size_t held = 0;
  for (const auto& [name, entry] : sounds_) held += entry.sound.use_count() > 1 ? entry.sound->bytes() : 0;
  if (held + bytes > bytes_max_) {
    return Error(absl::StatusCode::kResourceExhausted, "SOUND_CACHE_FULL",
                 absl::StrCat("no room for a sound of ", bytes, " bytes: ", held, " of ", bytes_max_, " are in use"));
  }
  for (auto it = used_.end(); bytes_ + bytes > bytes_max_ && it != used_.begin();) {
    --it;
    const auto entry = sounds_.find(*it);
    if (entry->second.sound.use_count() > 1) continue;
    bytes_ -= entry->second.sound->bytes();
    sounds_.erase(entry);
    it = used_.erase(it);
  }
  used_.push_front(sha256);
  bytes_ += bytes;
  sounds_.emplace(sha256, Entry{std::move(sound), used_.begin()});
  return absl::OkStatus();
}

absl::StatusOr<media::v1::SoundState> SoundStore::Get(const std::string& sha256) const {
  const auto it = sounds_.find(sha256);
  if (it == sounds_.end()) return NotFound(sha256);
  const Sound& sound = *it->second.sound;
  media::v1::SoundState state;
  state.set_sha256(sha256);
  state.set_duration_ms(int64_t{sound.frames()} * kTickMs);
  state.set_bytes(static_cast<int64_t>(sound.bytes()));
  state.set_in_use(it->second.sound.use_count() > 1);
  return state;
}

}  // namespace tutti::mediaplane
