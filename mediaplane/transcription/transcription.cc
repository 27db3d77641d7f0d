#include "mediaplane/transcription/transcription.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace tutti::mediaplane {
namespace {

using media::v1::TranscriptionState;

constexpr size_t kTextBytesMax = 8'192;
constexpr int64_t kNsPerMs = 1'000'000;

// Not in the middle of a character.
std::string Shortened(const std::string& text) {
  if (text.size() <= kTextBytesMax) return text;
  size_t size = kTextBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

std::string Words(const std::string& text) {
  return Shortened(std::string(absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()))));
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t ns = absl::ToUnixNanos(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(ns / 1'000'000'000);
  timestamp.set_nanos(static_cast<int32_t>(ns % 1'000'000'000));
  return timestamp;
}

// The server knows what is asked for, and will not do it, now or later.
bool IsRefusal(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsUnimplemented(status) || absl::IsPermissionDenied(status) ||
         absl::IsUnauthenticated(status);
}

}  // namespace

Transcription::Transcription(Options options, Recognizer& recognizer, TranscriptionMetrics& metrics, TickClock now,
                             Listener listener)
    : options_(std::move(options)),
      recognizer_(recognizer),
      metrics_(metrics),
      now_(std::move(now)),
      listener_(std::move(listener)) {
  state_.set_transcription_id(options_.id);
  state_.set_status(TranscriptionState::STATUS_RUNNING);
}

Transcription::~Transcription() {
  if (stream_ != nullptr) stream_->Cancel();
}

bool Transcription::is_over() const {
  return status_ == TranscriptionState::STATUS_ENDED || status_ == TranscriptionState::STATUS_FAILED;
}

void Transcription::Start() { Open(); }

void Transcription::Open() {
  const uint64_t number = ++stream_number_;
  // What an older stream has to say, or one of a transcription that is gone, is late.
  const auto counts = [this, number, alive = std::weak_ptr<const bool>(alive_)] {
    return !alive.expired() && number == stream_number_;
  };
  Recognizer::Handler handler;
  handler.on_message = [this, counts](const speech::v1::RecognizeResponse& message) {
    if (counts()) OnMessage(message);
  };
  handler.on_written = [this, counts] {
    if (!counts()) return;
    writing_ = false;
    Send();
  };
  handler.on_end = [this, counts](const absl::Status& status) {
    if (counts()) OnEnd(status);
  };
  started_ = half_closed_ = false;
  message_at_ns_ = now_();
  stream_ = recognizer_.Open(std::move(handler));
  speech::v1::RecognizeRequest request;
  request.mutable_head()->set_language(options_.language);
  request.mutable_head()->set_provider(options_.provider);
  request.mutable_head()->set_interim(true);
  writing_ = true;
  stream_->Write(request);
}

void Transcription::OnMessage(const speech::v1::RecognizeResponse& message) {
  message_at_ns_ = now_();
  if (message.has_started()) {
    started_ = true;
    away_ = false;
    back_off_ns_ = kBackOffMinNs;
    provider_ = message.started().provider();
    log::Info("transcription is served", {{"transcription_id", options_.id}, {"provider", provider_}});
    Send();
  } else if (message.has_text()) {
    OnText(message.text());
  }
  Update();
  if (stream_ != nullptr) stream_->Next();
}

void Transcription::OnText(const speech::v1::RecognizedText& text) {
  const UtteranceQueue::Utterance* utterance = queue_.Find(text.utterance_id());
  if (!text.final()) {
    if (utterance == nullptr) return;
    media::v1::TranscriptInterim interim;
    interim.set_transcription_id(options_.id);
    interim.set_leg_id(utterance->begun.leg_id);
    *interim.mutable_tm_begin() = ToTimestamp(utterance->begun.tm_begin);
    interim.set_text(Words(text.text()));
    return listener_.on_interim(interim);
  }
  if (utterance != nullptr && utterance->end_sent) {
    const int64_t lateness_ns = now_() - utterance->end_ns.value_or(now_());
    late_ = lateness_ns > kLateNs;
    metrics_.OnAnswered(lateness_ns);
  }
  queue_.Answer(text);
  TellAnswered();
  Send();
}

void Transcription::TellAnswered() {
  for (const UtteranceQueue::Utterance& utterance : queue_.TakeAnswered()) {
    media::v1::TranscriptMade made;
    made.set_text(Words(utterance.text->text()));
    // Nothing was understood.
    if (made.text().empty()) continue;
    made.set_transcription_id(options_.id);
    made.set_leg_id(utterance.begun.leg_id);
    *made.mutable_tm_begin() = ToTimestamp(utterance.begun.tm_begin);
    made.set_duration_ms((utterance.end_ns.value_or(utterance.begun.speech_ns) - utterance.begun.speech_ns) / kNsPerMs);
    made.set_confidence(std::clamp(utterance.text->confidence(), 0.0F, 1.0F));
    listener_.on_text(made);
  }
}

void Transcription::OnEnd(const absl::Status& status) {
  const bool was_started = started_;
  stream_.reset();
  started_ = writing_ = false;
  if (half_closed_ && status.ok()) return End(TranscriptionState::STATUS_ENDED);
  if (!was_started && IsRefusal(status)) {
    log::Warning("the speech server refuses a transcription",
                 {{"transcription_id", options_.id}, {"reason", GetErrorDetail(status).reason}});
    return End(TranscriptionState::STATUS_FAILED);
  }
  if (!away_) {
    log::Warning("a transcription's stream broke",
                 {{"transcription_id", options_.id}, {"status", std::string(status.message())}});
  }
  away_ = true;
  metrics_.OnStreamBroken();
  queue_.Rewind();
  TellAnswered();
  open_at_ns_ = now_() + back_off_ns_;
  back_off_ns_ = std::min(2 * back_off_ns_, kBackOffMaxNs);
  Update();
}

void Transcription::Hear(const UtterancePiece& piece) {
  if (is_over()) return;
  queue_.Add(piece);
  Send();
  Update();
}

void Transcription::Send() {
  if (!started_ || writing_ || half_closed_) return;
  if (const auto request = queue_.Next(); request.has_value()) {
    writing_ = true;
    stream_->Write(*request);
  } else if (stop_at_ns_ != 0) {
    half_closed_ = true;
    stream_->HalfClose();
  }
}

void Transcription::Stop() {
  if (is_over() || stop_at_ns_ != 0) return;
  stop_at_ns_ = now_() + kStopNs;
  status_ = TranscriptionState::STATUS_FINISHING;
  // Without a server there is nothing to wait for.
  if (!started_ && queue_.empty()) return End(TranscriptionState::STATUS_ENDED);
  Send();
  Update();
}

void Transcription::Poll() {
  if (is_over()) return;
  const int64_t now = now_();
  if (stop_at_ns_ != 0 && now >= stop_at_ns_) return End(TranscriptionState::STATUS_ENDED);
  if (stream_ == nullptr) {
    if (stop_at_ns_ != 0 && queue_.empty()) return End(TranscriptionState::STATUS_ENDED);
    if (now >= open_at_ns_) Open();
  } else if (now - message_at_ns_ > (started_ ? kSilenceMaxNs : kStartTimeoutNs) && (!started_ || !queue_.empty())) {
    // Its end counts as if the server had broken it.
    stream_->Cancel();
    ++stream_number_;
    OnEnd(absl::DeadlineExceededError("the speech server does not answer"));
    return;
  } else if (started_ && queue_.empty()) {
    // It has nothing to say.
    message_at_ns_ = now;
  }
  const int64_t oldest_ns = queue_.oldest_end_ns();
  if (oldest_ns != 0 && now - oldest_ns > kLateNs) late_ = true;
  Update();
}

void Transcription::End(TranscriptionState::Status status) {
  queue_.DropAll();
  TellAnswered();
  status_ = status;
  if (stream_ != nullptr) stream_->Cancel();
  stream_.reset();
  ++stream_number_;
  Update();
  log::Info("transcription is over", {{"transcription_id", options_.id},
                                      {"failed", status == TranscriptionState::STATUS_FAILED},
                                      {"utterances_lost", queue_.lost()}});
}

void Transcription::Update() {
  metrics_.OnSent(queue_.sent() - std::exchange(counted_sent_, queue_.sent()));
  metrics_.OnLost(queue_.lost() - std::exchange(counted_lost_, queue_.lost()));
  const bool degraded = queue_.lost() > 0 || ((away_ || late_) && !is_over());
  // The first loss counts: it is degraded for good from then on.
  const bool changed = status_ != state_.status() || degraded != state_.degraded() || provider_ != state_.provider() ||
                       (queue_.lost() > 0) != (state_.utterances_lost() > 0);
  if (!changed) return;
  if (degraded != state_.degraded()) {
    log::Info("transcription's degradation", {{"transcription_id", options_.id}, {"degraded", degraded}});
  }
  state_.set_status(status_);
  state_.set_degraded(degraded);
  state_.set_provider(provider_);
  state_.set_utterances_lost(queue_.lost());
  listener_.on_change(state_);
}

}  // namespace tutti::mediaplane
