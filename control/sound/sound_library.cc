#include "control/sound/sound_library.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/sound/decode.h"
#include "control/sound/sound_source.h"

namespace tutti::control {

namespace {

// Another customer's is another sound.
std::string KeyOf(const std::string& customer_id, const std::string& upload) {
  return absl::StrCat(upload, "@", customer_id);
}

// No name of a sound begins so, and neither a language nor a voice has a colon.
std::string SourceOf(const SpokenText& text) {
  return absl::StrCat("text:", text.language, ":", text.voice, ":", text.text);
}

}  // namespace

SoundLibrary::SoundLibrary(Options options, TaskQueue& queue, TaskQueue& decoder, MonotonicClock clock, Fetch fetch,
                           ReadUpload read_upload, SpeechClient& speech)
    : options_(std::move(options)),
      queue_(queue),
      decoder_(decoder),
      clock_(std::move(clock)),
      fetch_(std::move(fetch)),
      read_upload_(std::move(read_upload)),
      speech_(speech) {}

void SoundLibrary::Load(const std::string& customer_id, const std::string& source, Done done) {
  const auto kind = ParseSoundSource(source);
  if (!kind.ok()) return done(kind.status());
  if (*kind == SoundSourceKind::kBuiltIn) return done(LoadedSound{source, nullptr});
  queue_.Post([this, customer_id, source, kind = *kind, done = std::move(done)]() mutable {
    const std::string key = kind == SoundSourceKind::kUpload ? KeyOf(customer_id, source) : source;
    if (!Await(key, waiters_, kLoadsMax, std::move(done))) return;
    if (kind == SoundSourceKind::kUpload) {
      LoadUpload(key, customer_id, source.substr(sizeof(kUploadSourcePrefix) - 1));
    } else if (kind == SoundSourceKind::kFile) {
      LoadFile(source);
    } else {
      LoadUrl(source);
    }
  });
}

void SoundLibrary::Speak(const SpokenText& text, Done done) {
  queue_.Post([this, text, done = std::move(done)]() mutable {
    const std::string source = SourceOf(text);
    if (Await(source, text_waiters_, kTextsMax, std::move(done))) LoadText(source, text);
  });
}

bool SoundLibrary::Await(const std::string& source, std::map<std::string, std::vector<Done>>& waiters, size_t loads_max,
                         Done done) {
  const bool is_known = waiters.contains(source);
  if (waiters_count_ >= kWaitersMax || (!is_known && waiters.size() >= loads_max)) {
    done(
        Error(absl::StatusCode::kResourceExhausted, "SOUND_LOADS_FULL", "too many sounds are being loaded: try later"));
    return false;
  }
  waiters[source].push_back(std::move(done));
  ++waiters_count_;
  return !is_known;
}

void SoundLibrary::LoadFile(const std::string& source) {
  auto opened = SoundFile::Open(options_.folder, source.substr(sizeof(kFileSourcePrefix) - 1));
  if (!opened.ok()) return Answer(source, opened.status());
  const auto kept = entries_.find(source);
  if (kept != entries_.end() && kept->second.version == opened->version()) return Hit(source);
  const auto file = std::make_shared<SoundFile>(*std::move(opened));
  Decode(source, file->version(), [file]() -> absl::StatusOr<SoundData> {
    TUTTI_ASSIGN_OR_RETURN(const std::string bytes, file->Read());
    return DecodeSound(bytes);
  });
}

bool SoundLibrary::IsFresh(const std::string& source) const {
  const auto kept = entries_.find(source);
  return kept != entries_.end() && clock_() - kept->second.loaded_at < options_.fresh_for;
}

void SoundLibrary::LoadUpload(const std::string& key, const std::string& customer_id, const std::string& sound_id) {
  if (IsFresh(key)) return Hit(key);
  Decode(key, "", [this, customer_id, sound_id]() -> absl::StatusOr<SoundData> {
    TUTTI_ASSIGN_OR_RETURN(const std::string file, read_upload_(customer_id, sound_id));
    return DecodeSound(file);
  });
}

void SoundLibrary::LoadUrl(const std::string& source) {
  if (IsFresh(source)) return Hit(source);
  fetch_(source, [this, source](absl::StatusOr<std::string> body) {
    queue_.Post([this, source, body = std::make_shared<absl::StatusOr<std::string>>(std::move(body))] {
      if (!body->ok()) return Answer(source, body->status());
      Decode(source, "", [body] { return DecodeSound(**body); });
    });
  });
}

void SoundLibrary::LoadText(const std::string& source, const SpokenText& text) {
  if (entries_.contains(source)) return Hit(source);
  speech::v1::SynthesizeRequest request;
  request.set_text(text.text);
  request.set_language(text.language);
  request.set_voice(text.voice);
  syntheses_.fetch_add(1, std::memory_order_relaxed);
  speech_.Synthesize(request, [this, source](absl::StatusOr<SpokenSound> spoken) {
    queue_.Post([this, source, spoken = std::make_shared<absl::StatusOr<SpokenSound>>(std::move(spoken))] {
      if (!spoken->ok()) {
        syntheses_failed_.fetch_add(1, std::memory_order_relaxed);
        return Answer(source, spoken->status());
      }
      Decode(source, "", [spoken]() -> absl::StatusOr<SoundData> {
        return MakeSoundData(std::move((*spoken)->samples), (*spoken)->sample_rate_hz);
      });
    });
  });
}

void SoundLibrary::Decode(const std::string& source, const std::string& version,
                          std::function<absl::StatusOr<SoundData>()> make) {
  misses_.fetch_add(1, std::memory_order_relaxed);
  decoder_.Post([this, source, version, make = std::move(make)] {
    const auto decode = [&]() -> absl::StatusOr<std::shared_ptr<const SoundData>> {
      TUTTI_ASSIGN_OR_RETURN(SoundData sound, make());
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
  auto& all = text_waiters_.contains(source) ? text_waiters_ : waiters_;
  const auto found = all.find(source);
  const std::vector<Done> waiters = std::move(found->second);
  all.erase(found);
  waiters_count_ -= waiters.size();
  for (const Done& done : waiters) done(result);
}

}  // namespace tutti::control
