#include "speech/recognizer/decoder_pool.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/audio/pcm.h"
#include "common/audio/resampler.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace tutti::speech {
namespace {

// What a decoder is fed at a time: how soon it notices that it is wanted elsewhere.
constexpr int kPiecesPerSecond = 5;
// Of speech between two early texts of an utterance, at least.
constexpr int kInterimsPerSecondMax = 3;
// An utterance is tried by so many decoders.
constexpr int kFailuresMax = 2;

double ThreadCpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// To the decoder's rate, piece by piece.
class Converter {
 public:
  explicit Converter(int rate_hz) : same_(rate_hz == kDecoderRateHz), resampler_(rate_hz, kDecoderRateHz) {}

  std::span<const int16_t> Convert(const std::vector<int16_t>& piece) {
    if (same_) return piece;
    in_.assign(piece.begin(), piece.end());
    out_.clear();
    resampler_.Process(in_, out_);
    return Narrow();
  }

  std::span<const int16_t> Rest() {
    if (same_) return {};
    out_.clear();
    resampler_.Finish(out_);
    return Narrow();
  }

 private:
  std::span<const int16_t> Narrow() {
    narrow_.clear();
    AppendPcm(out_, narrow_);
    return narrow_;
  }

  const bool same_;
  Resampler resampler_;
  std::vector<float> in_;
  std::vector<float> out_;
  std::vector<int16_t> narrow_;
};

}  // namespace

class DecoderPool::Stream final : public RecognitionStream {
 public:
  Stream(DecoderPool& pool, StreamId id) : pool_(pool), id_(id) {}
  ~Stream() override { pool_.Close(id_); }

  absl::StatusOr<bool> Send(const v1::RecognizeRequest& message) override { return pool_.Send(id_, message); }
  bool Finish() override { return pool_.Finish(id_); }

 private:
  DecoderPool& pool_;
  const StreamId id_;
};

DecoderPool::DecoderPool(Options options, DecoderFactory factory, Clock& clock, SpeechMetrics& metrics)
    : options_(std::move(options)),
      factory_(std::move(factory)),
      clock_(clock),
      metrics_(metrics),
      queue_(options_.queue) {
  for (int i = 0; i < options_.decoders_max; ++i) threads_.emplace_back([this, i] { Run(i == 0); });
}

DecoderPool::~DecoderPool() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

absl::Status DecoderPool::AwaitFirst() const {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](const std::optional<absl::Status>* first) { return first->has_value(); }, &first_));
  return *first_;
}

std::unique_ptr<RecognitionStream> DecoderPool::Start(const v1::RecognizeHead& head, std::shared_ptr<TextSink> sink) {
  absl::MutexLock lock(&mutex_);
  const StreamId id = queue_.Open();
  clients_[id] = {std::move(sink), head.interim()};
  return std::make_unique<Stream>(*this, id);
}

absl::StatusOr<bool> DecoderPool::Send(StreamId stream, const v1::RecognizeRequest& message) {
  absl::MutexLock lock(&mutex_);
  const auto client = clients_.find(stream);
  // Broken, and its OnEnd is on its way.
  if (client == clients_.end()) return true;
  if (message.has_begin()) {
    const auto& begin = message.begin();
    queue_.Begin(stream, begin.utterance_id(), begin.speaker_id(), static_cast<int>(begin.sample_rate_hz()));
  } else if (message.has_samples()) {
    if (queue_.bytes() + message.samples().samples().size() > options_.bytes_max) {
      return Error(absl::StatusCode::kResourceExhausted, "SPEECH_BUSY",
                   absl::StrCat("all streams together keep ", options_.bytes_max >> 20, " MiB of samples: try later"));
    }
    queue_.Append(stream, message.samples().utterance_id(), message.samples().samples());
  } else if (message.has_end()) {
    queue_.End(stream, message.end().utterance_id(), clock_.Now());
  }
  changed_.SignalAll();
  client->second.full = queue_.full(stream);
  return !client->second.full;
}

bool DecoderPool::Finish(StreamId stream) {
  absl::MutexLock lock(&mutex_);
  const auto client = clients_.find(stream);
  if (client == clients_.end()) return false;
  client->second.finishing = true;
  return queue_.unanswered(stream) == 0;
}

void DecoderPool::Close(StreamId stream) {
  absl::MutexLock lock(&mutex_);
  queue_.Close(stream);
  clients_.erase(stream);
  changed_.SignalAll();
}

void DecoderPool::Run(bool first) {
  std::unique_ptr<Decoder> decoder;
  // So that the first utterance does not wait for the model, and a broken one shows.
  if (first) {
    const absl::Status made = Make(decoder);
    absl::MutexLock lock(&mutex_);
    first_ = made;
  }
  while (const auto utterance = Next()) Decode(*utterance, decoder);
}

std::shared_ptr<Utterance> DecoderPool::Next() {
  absl::MutexLock lock(&mutex_);
  ++idle_;
  std::shared_ptr<Utterance> next;
  while (!stopping_) {
    next = queue_.TakeEnded();
    if (next == nullptr) next = queue_.TakeLive();
    if (next != nullptr) break;
    changed_.Wait(&mutex_);
  }
  --idle_;
  // Whoever decodes an utterance that still comes may now be wanted.
  if (next != nullptr && idle_ == 0) changed_.SignalAll();
  return next;
}

absl::Status DecoderPool::Make(std::unique_ptr<Decoder>& decoder) {
  auto made = factory_();
  broken_ = !made.ok();
  if (made.ok()) {
    decoder = *std::move(made);
    ++decoders_;
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kUnavailable, "PROVIDER_UNAVAILABLE",
               absl::StrCat("the recogniser ", options_.name, " can't be started: ", made.status().message()));
}

void DecoderPool::Decode(Utterance& utterance, std::unique_ptr<Decoder>& decoder) {
  absl::Duration queued;
  {
    absl::MutexLock lock(&mutex_);
    if (utterance.ended) queued = std::max(clock_.Now() - utterance.ended_at, absl::ZeroDuration());
  }
  if (decoder == nullptr) {
    if (const absl::Status made = Make(decoder); !made.ok()) {
      log::Error("a recogniser can't be made", {{"provider", options_.name}, {"error", std::string(made.message())}});
      return Break(utterance.stream_id, made);
    }
  }
  const double cpu_before = ThreadCpuSeconds();
  Transcript transcript;
  const absl::StatusOr<bool> done = DecodeWith(*decoder, utterance, transcript);
  metrics_.OnDecoded(options_.name, ThreadCpuSeconds() - cpu_before);
  if (!done.ok()) {
    decoder.reset();
    --decoders_;
    return Retry(utterance, done.status());
  }
  if (*done) return Answer(utterance, transcript, queued);
  metrics_.OnGivenUp(options_.name);
  absl::MutexLock lock(&mutex_);
  queue_.PutBack(utterance);
  changed_.SignalAll();
}

absl::StatusOr<bool> DecoderPool::DecodeWith(Decoder& decoder, Utterance& utterance, Transcript& transcript) {
  SpeakerProfile profile;
  bool interim = false;
  {
    absl::MutexLock lock(&mutex_);
    const auto client = clients_.find(utterance.stream_id);
    if (client == clients_.end()) return false;
    interim = client->second.interim;
    profile = *queue_.profile(utterance);
  }
  const bool stranger = profile.empty();
  TUTTI_ASSIGN_OR_RETURN(bool done, Pass(decoder, utterance, interim, profile, transcript));
  // A stranger's first words are looked at again with what was learned from them.
  if (done && stranger && !profile.empty()) {
    TUTTI_ASSIGN_OR_RETURN(done, Pass(decoder, utterance, false, profile, transcript));
  }
  absl::MutexLock lock(&mutex_);
  if (SpeakerProfile* const kept = queue_.profile(utterance)) *kept = std::move(profile);
  return done;
}

absl::StatusOr<bool> DecoderPool::Pass(Decoder& decoder, Utterance& utterance, bool interim, SpeakerProfile& profile,
                                       Transcript& transcript) {
  TUTTI_RETURN_IF_ERROR(decoder.Begin(profile, utterance.sample_rate_hz));
  Converter converter(utterance.sample_rate_hz);
  std::vector<int16_t> piece;
  std::string last;
  size_t place = 0;
  size_t told = 0;
  for (;; place += piece.size()) {
    const Piece what = WaitPiece(utterance, place, piece);
    if (what == Piece::kGivenUp) return false;
    if (what == Piece::kEnd) break;
    TUTTI_RETURN_IF_ERROR(decoder.Feed(converter.Convert(piece)));
    const size_t since = place + piece.size() - told;
    if (!interim || since * kInterimsPerSecondMax < static_cast<size_t>(utterance.sample_rate_hz)) continue;
    told += since;
    std::string text = decoder.Interim();
    if (text.empty() || text == last) continue;
    TellInterim(utterance, text);
    last = std::move(text);
  }
  TUTTI_RETURN_IF_ERROR(decoder.Feed(converter.Rest()));
  TUTTI_ASSIGN_OR_RETURN(transcript, decoder.End(profile));
  return true;
}

DecoderPool::Piece DecoderPool::WaitPiece(Utterance& utterance, size_t place, std::vector<int16_t>& piece) {
  absl::MutexLock lock(&mutex_);
  for (;;) {
    if (stopping_ || !queue_.IsOpen(utterance.stream_id)) return Piece::kGivenUp;
    if (!utterance.ended && idle_ == 0 && queue_.HasEnded()) {
      utterance.given_up = true;
      return Piece::kGivenUp;
    }
    const size_t size =
        std::min(utterance.samples.size() - place, static_cast<size_t>(utterance.sample_rate_hz / kPiecesPerSecond));
    if (size > 0) {
      const auto begin = utterance.samples.begin() + static_cast<std::ptrdiff_t>(place);
      piece.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
      return Piece::kSamples;
    }
    if (utterance.ended) return Piece::kEnd;
    changed_.Wait(&mutex_);
  }
}

void DecoderPool::TellInterim(const Utterance& utterance, const std::string& text) {
  std::shared_ptr<TextSink> sink;
  {
    absl::MutexLock lock(&mutex_);
    const auto client = clients_.find(utterance.stream_id);
    if (client == clients_.end()) return;
    sink = client->second.sink;
  }
  v1::RecognizedText message;
  message.set_utterance_id(utterance.id);
  message.set_text(text);
  sink->OnText(std::move(message));
}

void DecoderPool::Answer(const Utterance& utterance, const Transcript& transcript, absl::Duration queued) {
  std::shared_ptr<TextSink> sink;
  {
    absl::MutexLock lock(&mutex_);
    const auto client = clients_.find(utterance.stream_id);
    if (client == clients_.end()) return;
    sink = client->second.sink;
  }
  v1::RecognizedText message;
  message.set_utterance_id(utterance.id);
  message.set_text(transcript.text);
  message.set_final(true);
  message.set_confidence(transcript.confidence);
  message.set_queued_ms(absl::ToInt64Milliseconds(queued));
  // Before it counts as answered, so that the speaker's next one can't overtake it.
  sink->OnText(std::move(message));
  bool room = false;
  bool over = false;
  {
    absl::MutexLock lock(&mutex_);
    const StreamId stream = utterance.stream_id;
    const auto client = clients_.find(stream);
    if (client == clients_.end()) return;
    queue_.Answer(utterance);
    room = client->second.full && !queue_.full(stream);
    if (room) client->second.full = false;
    over = client->second.finishing && queue_.unanswered(stream) == 0;
    // The speaker's next one may begin.
    changed_.SignalAll();
  }
  if (room) sink->OnRoom();
  if (over) sink->OnEnd(absl::OkStatus());
}

void DecoderPool::Retry(Utterance& utterance, const absl::Status& why) {
  metrics_.OnDecoderRestart(options_.name);
  log::Warning("a recogniser failed and is replaced",
               {{"provider", options_.name}, {"error", std::string(why.message())}});
  {
    absl::MutexLock lock(&mutex_);
    // Its failures can't be told before it has ended: it goes on from there.
    utterance.given_up = true;
    if (++utterance.failures < kFailuresMax || !utterance.ended) {
      queue_.PutBack(utterance);
      changed_.SignalAll();
      return;
    }
  }
  Answer(utterance, {}, absl::ZeroDuration());
}

void DecoderPool::Break(StreamId stream, const absl::Status& status) {
  std::shared_ptr<TextSink> sink;
  {
    absl::MutexLock lock(&mutex_);
    const auto client = clients_.find(stream);
    if (client == clients_.end()) return;
    sink = client->second.sink;
    queue_.Close(stream);
    clients_.erase(client);
  }
  sink->OnEnd(status);
}

int DecoderPool::waiting() const {
  absl::MutexLock lock(&mutex_);
  return queue_.waiting();
}

absl::Duration DecoderPool::oldest_age() const {
  const absl::Time now = clock_.Now();
  absl::MutexLock lock(&mutex_);
  return now - queue_.oldest(now);
}

size_t DecoderPool::bytes() const {
  absl::MutexLock lock(&mutex_);
  return queue_.bytes();
}

}  // namespace tutti::speech
