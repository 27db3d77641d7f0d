#include "control/sound/sound_library.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/sound/decode.h"
#include "control/sound/sound_source.h"

namespace tutti::control {

SoundLibrary::SoundLibrary(Options options, TaskQueue& queue, TaskQueue& decoder, MonotonicClock clock, Fetch fetch)
    : options_(std::move(options)),
      queue_(queue),
      decoder_(decoder),
      clock_(std::move(clock)),
      fetch_(std::move(fetch)) {}

void SoundLibrary::Load(const std::string& source, Done done) {
  const auto kind = ParseSoundSource(source);
  if (!kind.ok()) return done(kind.status());
  if (*kind == SoundSourceKind::kBuiltIn) return done(LoadedSound{source, nullptr});
  queue_.Post([this, source, kind = *kind, done = std::move(done)]() mutable {
    const bool is_known = waiters_.contains(source);
    if (waiters_count_ >= kWaitersMax || (!is_known && waiters_.size() >= kLoadsMax)) {
      return done(Error(absl::StatusCode::kResourceExhausted, "SOUND_LOADS_FULL",
                        absl::StrCat("too many sounds are being loaded: ", source, " was not")));
    }
    waiters_[source].push_back(std::move(done));
    ++waiters_count_;
    if (is_known) return;
    kind == SoundSourceKind::kFile ? LoadFile(source) : LoadUrl(source);
  });
}

void SoundLibrary::LoadFile(const std::string& source) {
  auto opened = SoundFile::Open(options_.folder, source.substr(sizeof(kFileSourcePrefix) - 1));
  if (!opened.ok()) return Answer(source, opened.status());
  const auto kept = entries_.find(source);
  if (kept != entries_.end() && kept->second.version == opened->version()) return Hit(source);
  const auto file = std::make_shared<SoundFile>(*std::move(opened));
  Decode(source, file->version(), [file] { return file->Read(); });
}

void SoundLibrary::LoadUrl(const std::string& source) {
  const auto kept = entries_.find(source);
  if (kept != entries_.end() && clock_() - kept->second.loaded_at < options_.url_fresh_for) return Hit(source);
  fetch_(source, [this, source](absl::StatusOr<std::string> body) {
    queue_.Post([this, source, body = std::make_shared<absl::StatusOr<std::string>>(std::move(body))] {
      if (!body->ok()) return Answer(source, body->status());
      Decode(source, "", [body] { return std::move(*body); });
    });
  });
}

void SoundLibrary::Decode(const std::string& source, const std::string& version,
                          std::function<absl::StatusOr<std::string>()> read) {
  misses_.fetch_add(1, std::memory_order_relaxed);
  decoder_.Post([this, source, version, read = std::move(read)] {
    const auto decode = [&]() -> absl::StatusOr<std::shared_ptr<const SoundData>> {
      TUTTI_ASSIGN_OR_RETURN(const std::string file, read());
      TUTTI_ASSIGN_OR_RETURN(SoundData sound, DecodeSound(file));
      return std::make_shared<const SoundData>(std::move(sound));
    };
    queue_.Post([this, source, version, decoded = decode()] {
      if (!decoded.ok()) return Answer(source, decoded.status());
      Keep(source, version, *decoded);
      Answer(source, LoadedSound{(*decoded)->sha256, *decoded});
    });
  });
}

void SoundLibrary::Keep(const std::string& source, const std::string& version, std::shared_ptr<const SoundData> data) {
  const auto drop = [this](std::map<std::string, Entry>::iterator entry) {
    bytes_ -= entry->second.data->samples.size();
    used_.erase(entry->second.used);
    entries_.erase(entry);
  };
  if (const auto old = entries_.find(source); old != entries_.end()) drop(old);
  if (data->samples.size() > options_.cache_bytes_max) return;
  bytes_ += data->samples.size();
  while (bytes_ > options_.cache_bytes_max && !used_.empty()) drop(entries_.find(used_.back()));
  used_.push_front(source);
  entries_[source] = {std::move(data), version, clock_(), used_.begin()};
}

void SoundLibrary::Hit(const std::string& source) {
  hits_.fetch_add(1, std::memory_order_relaxed);
  const Entry& entry = entries_.at(source);
  used_.splice(used_.begin(), used_, entry.used);
  Answer(source, LoadedSound{entry.data->sha256, entry.data});
}

void SoundLibrary::Answer(const std::string& source, const absl::StatusOr<LoadedSound>& result) {
  const auto found = waiters_.find(source);
  const std::vector<Done> waiters = std::move(found->second);
  waiters_.erase(found);
  waiters_count_ -= waiters.size();
  for (const Done& done : waiters) done(result);
}

}  // namespace tutti::control
