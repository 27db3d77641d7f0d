#include "speech/service/recognize_reactor.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"

namespace tutti::speech {
namespace {

// Texts that a client may leave unread before we read no more of it.
constexpr size_t kOutgoingMax = 64;

absl::Status Cancelled() { return absl::CancelledError("the stream was cancelled"); }

}  // namespace

RecognizeReactor* RecognizeReactor::Begin(const RecognizerRegistry& registry, SpeechMetrics& metrics, Slots& slots) {
  const std::shared_ptr<RecognizeReactor> reactor(new RecognizeReactor(registry, metrics, slots));
  reactor->self_ = reactor;
  absl::MutexLock lock(&reactor->mutex_);
  reactor->ReadOn();
  return reactor.get();
}

void RecognizeReactor::OnReadDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  reading_ = false;
  if (ending_) return;
  const absl::Status taken = ok ? Take() : HalfClose();
  if (!taken.ok()) return End(taken);
  ReadOn();
}

absl::Status RecognizeReactor::Take() {
  TUTTI_RETURN_IF_ERROR(checker_.Check(request_));
  if (request_.has_head()) return TakeHead(request_.head());
  if (request_.has_begin()) {
    ++utterances_;
    metrics_.OnUtterance(provider_);
  } else if (request_.has_samples()) {
    const auto& samples = request_.samples();
    metrics_.OnAudio(
        provider_, static_cast<double>(samples.samples().size()) / 2 / checker_.sample_rate_hz(samples.utterance_id()));
  }
  TUTTI_ASSIGN_OR_RETURN(room_, stream_->Send(request_));
  return absl::OkStatus();
}

absl::Status RecognizeReactor::TakeHead(const v1::RecognizeHead& head) {
  TUTTI_ASSIGN_OR_RETURN(Recognizer* const recognizer, registry_.Choose(head.language(), head.provider()));
  provider_ = recognizer->name();
  log::Info("a stream of speech began", {{"provider", provider_}, {"language", head.language()}});
  outgoing_.emplace_back().mutable_started()->set_provider(provider_);
  WriteOn();
  stream_ = recognizer->Start(head, shared_from_this());
  return absl::OkStatus();
}

absl::Status RecognizeReactor::HalfClose() {
  half_closed_ = true;
  if (stream_ == nullptr) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", "the stream ended without a head");
  }
  for (const uint64_t id : checker_.open()) {
    v1::RecognizeRequest end;
    end.mutable_end()->set_utterance_id(id);
    TUTTI_ASSIGN_OR_RETURN(room_, stream_->Send(end));
  }
  if (stream_->Finish()) End(absl::OkStatus());
  return absl::OkStatus();
}

void RecognizeReactor::ReadOn() {
  if (reading_ || half_closed_ || ending_ || !room_ || outgoing_.size() > kOutgoingMax) return;
  reading_ = true;
  StartRead(&request_);
}

void RecognizeReactor::WriteOn() {
  if (writing_ || finished_) return;
  if (!outgoing_.empty()) {
    response_ = std::move(outgoing_.front());
    outgoing_.pop_front();
    writing_ = true;
    StartWrite(&response_);
  } else if (ending_) {
    finished_ = true;
    Finish(ToGrpcStatus(status_));
  }
}

void RecognizeReactor::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) {
    outgoing_.clear();
    End(Cancelled());
    return;
  }
  WriteOn();
  ReadOn();
}

void RecognizeReactor::OnText(v1::RecognizedText text) {
  absl::MutexLock lock(&mutex_);
  if (ending_) return;
  // It replaces an early one that still waits.
  outgoing_.erase(std::remove_if(outgoing_.begin(), outgoing_.end(),
                                 [&](const v1::RecognizeResponse& other) {
                                   return other.has_text() && !other.text().final() &&
                                          other.text().utterance_id() == text.utterance_id();
                                 }),
                  outgoing_.end());
  if (text.final()) {
    ++finals_;
    metrics_.OnFinal(provider_, text.text().empty(), absl::Milliseconds(text.queued_ms()));
  }
  *outgoing_.emplace_back().mutable_text() = std::move(text);
  WriteOn();
}

void RecognizeReactor::OnRoom() {
  absl::MutexLock lock(&mutex_);
  room_ = true;
  ReadOn();
}

void RecognizeReactor::OnEnd(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  End(status);
}

void RecognizeReactor::OnCancel() {
  absl::MutexLock lock(&mutex_);
  End(Cancelled());
}

void RecognizeReactor::End(const absl::Status& status) {
  if (!ending_) {
    ending_ = true;
    status_ = status;
    if (!status.ok()) outgoing_.clear();
    stream_.reset();
  }
  WriteOn();
}

void RecognizeReactor::OnDone() {
  {
    absl::MutexLock lock(&mutex_);
    const absl::StatusCode code = status_.code();
    if (!provider_.empty()) {
      log::Info("a stream of speech ended", {{"provider", provider_},
                                             {"utterances", utterances_},
                                             {"finals", finals_},
                                             {"status", absl::StatusCodeToString(code)},
                                             {"error", std::string(status_.message())}});
    }
    slots_.Give();
  }
  // Maybe the last one to hold it.
  const auto self = std::move(self_);
}

}  // namespace tutti::speech
