#include "control/sound/sounds.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/sound/decode.h"
#include "control/sound/sound_file.h"
#include "control/sound/sound_source.h"

namespace tutti::control {
namespace {

constexpr absl::Duration kFetchTimeout = absl::Seconds(8);

SoundLibrary::Fetch FetchBy(HttpClient& http) {
  return [&http](const std::string& url, std::function<void(absl::StatusOr<std::string>)> done) {
    HttpRequest request;
    request.url = url;
    request.response_bytes_max = kSoundFileBytesMax;
    request.timeout = kFetchTimeout;
    http.Send(std::move(request), [url, done = std::move(done)](absl::StatusOr<HttpResponse> response) {
      constexpr int kOk = 200, kNotFound = 404, kGone = 410;
      if (!response.ok()) return done(response.status());
      if (response->status == kOk) return done(std::move(response->body));
      if (response->status == kNotFound || response->status == kGone) {
        return done(Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", absl::StrCat("there is nothing at ", url)));
      }
      done(Error(absl::StatusCode::kUnavailable, "SOUND_FETCH_FAILED",
                 absl::StrCat(url, " answers with status ", response->status)));
    });
  };
}

absl::StatusOr<LoadedSound> ReadHoldSound(const Sounds::Options& options) {
  const std::string& source = options.hold_sound;
  if (source.empty()) return LoadedSound{};
  TUTTI_ASSIGN_OR_RETURN(const SoundSourceKind kind, ParseSoundSource(source));
  if (kind == SoundSourceKind::kBuiltIn) return LoadedSound{source, nullptr};
  if (kind != SoundSourceKind::kFile) return absl::InvalidArgumentError("it can't be a URL or a customer's sound");
  TUTTI_ASSIGN_OR_RETURN(const SoundFile file,
                         SoundFile::Open(options.folder, source.substr(sizeof(kFileSourcePrefix) - 1)));
  TUTTI_ASSIGN_OR_RETURN(const std::string bytes, file.Read());
  TUTTI_ASSIGN_OR_RETURN(SoundData sound, DecodeSound(bytes));
  const auto data = std::make_shared<const SoundData>(std::move(sound));
  return LoadedSound{data->sha256, data};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Sounds>> Sounds::Make(const Options& options, HttpClient& http,
                                                     SoundLibrary::ReadUpload read_upload, SpeechClient& speech,
                                                     MonotonicClock clock) {
  auto hold = ReadHoldSound(options);
  if (!hold.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("control.hold_sound: ", hold.status().message()));
  }
  return std::unique_ptr<Sounds>(
      new Sounds(options, *std::move(hold), http, std::move(read_upload), speech, std::move(clock)));
}

Sounds::Sounds(const Options& options, LoadedSound hold, HttpClient& http, SoundLibrary::ReadUpload read_upload,
               SpeechClient& speech, MonotonicClock clock)
    : hold_(std::move(hold)),
      clock_(std::move(clock)),
      queue_(clock_),
      decoder_(clock_),
      library_({.folder = options.folder}, queue_, decoder_, clock_, FetchBy(http), std::move(read_upload), speech) {}

void Sounds::Start(std::map<std::string, NodeClient*> nodes) {
  player_ = std::make_unique<AudioPlayer>(library_, std::move(nodes));
  beeper_ = std::make_unique<Beeper>(*player_, clock_);
}

void Sounds::PutHoldSound(const std::string& node_id, AudioPlayer::Done done) {
  if (hold_.data == nullptr) {
    return done(Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", "the hold sound is one that nodes have"));
  }
  player_->Put(node_id, hold_.data, std::move(done));
}

void Sounds::Stop() {
  decoder_.Stop();
  queue_.Stop();
}

}  // namespace tutti::control
