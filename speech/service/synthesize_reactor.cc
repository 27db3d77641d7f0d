#include "speech/service/synthesize_reactor.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/audio/pcm.h"
#include "common/audio/resampler.h"
#include "common/language/language.h"
#include "common/log/log.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "common/text/utf8.h"

namespace tutti::speech {
namespace {

constexpr char kDefaultLanguage[] = "en-US";
constexpr int kDefaultRateHz = 16'000;
// A second at 16 kHz.
constexpr size_t kPieceSamples = 16'000;

absl::Status Refuse(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", message);
}

absl::Status CheckRequest(const v1::SynthesizeRequest& request) {
  if (request.text().empty() || request.text().size() > kSpokenBytesMax) {
    return Refuse(absl::StrCat("text has ", request.text().size(), " bytes and must have 1 to ", kSpokenBytesMax));
  }
  if (!IsUtf8(request.text())) return Refuse("text is no UTF-8");
  if (!request.language().empty() && !IsLanguageTag(request.language())) {
    return Refuse("language is no BCP 47 tag, as \"en-US\"");
  }
  const uint32_t rate = request.sample_rate_hz();
  if (rate != 0 && rate != 8000 && rate != 16000) {
    return Refuse(absl::StrCat("sample_rate_hz is ", rate, " and must be 8000 or 16000"));
  }
  return absl::OkStatus();
}

// Synthesizers take some control characters for commands of theirs.
std::string WithoutControls(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return absl::ascii_iscntrl(c); }, ' ');
  return text;
}

std::vector<int16_t> AtRate(Sound sound, int rate_hz) {
  if (sound.sample_rate_hz == rate_hz) return std::move(sound.samples);
  Resampler resampler(sound.sample_rate_hz, rate_hz);
  const std::vector<float> in(sound.samples.begin(), sound.samples.end());
  std::vector<float> out;
  resampler.Process(in, out);
  resampler.Finish(out);
  std::vector<int16_t> samples;
  samples.reserve(out.size());
  AppendPcm(out, samples);
  return samples;
}

}  // namespace

void SynthesizeReactor::Begin(const v1::SynthesizeRequest& request) {
  if (const absl::Status fine = CheckRequest(request); !fine.ok()) return Finish(ToGrpcStatus(fine));
  const std::string language = request.language().empty() ? kDefaultLanguage : request.language();
  const auto choice = registry_.Choose(language, request.voice());
  if (!choice.ok()) return Finish(ToGrpcStatus(choice.status()));
  Desk& desk = desks_.at(choice->synthesizer);
  if (!desk.slots.Take()) return Finish(ToGrpcStatus(desk.slots.Busy("places for texts")));
  desk_ = &desk;
  sample_rate_hz_ = request.sample_rate_hz() == 0 ? kDefaultRateHz : static_cast<int>(request.sample_rate_hz());
  desk.workers.Post([this, text = WithoutControls(request.text()), choice = *choice] { Speak(text, choice); });
}

void SynthesizeReactor::Speak(const std::string& text, const SynthesizerRegistry::Choice& choice) {
  if (cancelled_) return Finish(ToGrpcStatus(absl::CancelledError("cancelled before its turn")));
  auto sound = choice.synthesizer->Speak(text, *choice.voice, cancelled_);
  const std::string& provider = choice.voice->provider();
  if (!sound.ok()) {
    if (!absl::IsCancelled(sound.status())) {
      metrics_.OnSynthesis(provider, false, 0);
      log::Warning("a text could not be spoken", {{"provider", provider},
                                                  {"voice", choice.voice->voice()},
                                                  {"bytes", text.size()},
                                                  {"error", std::string(sound.status().message())}});
    }
    return Finish(ToGrpcStatus(sound.status()));
  }
  metrics_.OnSynthesis(provider, true, static_cast<double>(sound->samples.size()) / sound->sample_rate_hz);
  samples_ = AtRate(*std::move(sound), sample_rate_hz_);
  response_.mutable_head()->set_sample_rate_hz(static_cast<uint32_t>(sample_rate_hz_));
  response_.mutable_head()->set_voice(choice.voice->voice());
  StartWrite(&response_);
}

void SynthesizeReactor::OnWriteDone(bool ok) {
  if (!ok || cancelled_) return Finish(ToGrpcStatus(absl::CancelledError("the stream was cancelled")));
  SendNext();
}

void SynthesizeReactor::SendNext() {
  const size_t size = std::min(kPieceSamples, samples_.size() - sent_);
  if (size == 0) return Finish(grpc::Status::OK);
  // Little endian, as the machine is.
  response_.set_samples(samples_.data() + sent_, size * sizeof(int16_t));
  sent_ += size;
  StartWrite(&response_);
}

void SynthesizeReactor::OnDone() {
  if (desk_ != nullptr) desk_->slots.Give();
  delete this;
}

}  // namespace tutti::speech
