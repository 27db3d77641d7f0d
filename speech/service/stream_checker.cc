#include "speech/service/stream_checker.h"

#include "absl/strings/str_cat.h"
#include "common/language/language.h"
#include "common/status/status.h"

namespace tutti::speech {
namespace {

template <typename... Parts>
absl::Status Refuse(const Parts&... parts) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", absl::StrCat(parts...));
}

}  // namespace

absl::Status StreamChecker::Check(const v1::RecognizeRequest& message) {
  if (!has_head_ && !message.has_head()) return Refuse("the first message has to be the head");
  switch (message.kind_case()) {
    case v1::RecognizeRequest::kHead:
      return CheckHead(message.head());
    case v1::RecognizeRequest::kBegin:
      return CheckBegin(message.begin());
    case v1::RecognizeRequest::kSamples:
      return CheckSamples(message.samples());
    case v1::RecognizeRequest::kEnd:
      return CheckEnd(message.end());
    case v1::RecognizeRequest::KIND_NOT_SET:
      break;
  }
  return Refuse("a message is empty");
}

absl::Status StreamChecker::CheckHead(const v1::RecognizeHead& head) {
  if (has_head_) return Refuse("a second head");
  if (!IsLanguageTag(head.language())) return Refuse("head.language is no BCP 47 tag, as \"en-US\"");
  has_head_ = true;
  return absl::OkStatus();
}

absl::Status StreamChecker::CheckBegin(const v1::UtteranceBegin& begin) {
  if (has_utterance_ && begin.utterance_id() <= last_id_) {
    return Refuse("utterance_id ", begin.utterance_id(), " does not rise above ", last_id_);
  }
  if (begin.speaker_id().size() > kSpeakerBytesMax) {
    return Refuse("a speaker_id is longer than ", kSpeakerBytesMax, " bytes");
  }
  if (begin.sample_rate_hz() != 8000 && begin.sample_rate_hz() != 16000) {
    return Refuse("sample_rate_hz is ", begin.sample_rate_hz(), " and must be 8000 or 16000");
  }
  if (open_.size() >= kOpenMax) {
    return Error(absl::StatusCode::kResourceExhausted, "SPEECH_BUSY",
                 absl::StrCat("more than ", kOpenMax, " utterances of one stream have not ended"));
  }
  if (!speaking_.insert(begin.speaker_id()).second) {
    return Refuse("utterance ", begin.utterance_id(), " begins before the one of the same speaker has ended");
  }
  has_utterance_ = true;
  last_id_ = begin.utterance_id();
  open_[last_id_] = {begin.speaker_id(), static_cast<int>(begin.sample_rate_hz())};
  return absl::OkStatus();
}

absl::Status StreamChecker::CheckSamples(const v1::UtteranceSamples& samples) {
  const auto found = open_.find(samples.utterance_id());
  if (found == open_.end()) return Refuse("samples of utterance ", samples.utterance_id(), ", which is not open");
  const size_t size = samples.samples().size();
  if (size > kSamplesBytesMax) return Refuse("a message has more than ", kSamplesBytesMax, " bytes of samples");
  if (size % 2 != 0) return Refuse("a message has half a sample");
  Open& open = found->second;
  open.bytes += size;
  if (open.bytes > size_t{2} * kUtteranceSecondsMax * static_cast<size_t>(open.sample_rate_hz)) {
    return Refuse("utterance ", samples.utterance_id(), " is longer than ", kUtteranceSecondsMax, " s");
  }
  return absl::OkStatus();
}

absl::Status StreamChecker::CheckEnd(const v1::UtteranceEnd& end) {
  const auto found = open_.find(end.utterance_id());
  if (found == open_.end()) return Refuse("the end of utterance ", end.utterance_id(), ", which is not open");
  speaking_.erase(found->second.speaker_id);
  open_.erase(found);
  return absl::OkStatus();
}

std::vector<uint64_t> StreamChecker::open() const {
  std::vector<uint64_t> ids;
  for (const auto& [id, open] : open_) ids.push_back(id);
  return ids;
}

}  // namespace tutti::speech
