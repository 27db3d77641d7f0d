#include "speech/testing/fake_speech_server.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"

namespace tutti::speech {
namespace {

constexpr double kToneHz = 440;
constexpr double kToneLevel = 8'000;
// A text's tone is so long for each of its bytes.
constexpr double kSecondsPerByte = 0.01;
constexpr size_t kPieceBytes = size_t{16} << 10;

std::string Tone(double seconds, uint32_t rate_hz) {
  std::string samples;
  const auto count = static_cast<size_t>(seconds * rate_hz);
  for (size_t i = 0; i < count; ++i) {
    const double phase = 2 * M_PI * kToneHz * static_cast<double>(i) / rate_hz;
    const auto bits = static_cast<uint16_t>(static_cast<int16_t>(std::lround(kToneLevel * std::sin(phase))));
    samples.push_back(static_cast<char>(bits & 0xFF));
    samples.push_back(static_cast<char>(bits >> 8));
  }
  return samples;
}

absl::Status NoLanguage(const std::string& language) {
  return Error(absl::StatusCode::kInvalidArgument, "LANGUAGE_NOT_SUPPORTED",
               absl::StrCat("language ", language, " is not supported"), {{"supported", "en-US"}});
}

}  // namespace

FakeSpeechServer::FakeSpeechServer()
    : understand_([](const Utterance& utterance) {
        return absl::StrCat(utterance.speaker_id, " says ", utterance.samples.size());
      }) {
  Start();
}

FakeSpeechServer::~FakeSpeechServer() { Kill(); }

std::string FakeSpeechServer::Address() const { return absl::StrCat("127.0.0.1:", port_); }

void FakeSpeechServer::Start() {
  auto started = StartRpcServer({.listen = Address(), .services = {this}});
  if (!started.ok()) std::abort();
  rpc_ = *std::move(started);
  port_ = rpc_.port;
}

void FakeSpeechServer::Kill() {
  if (rpc_.server == nullptr) return;
  rpc_.server->Shutdown(std::chrono::system_clock::now());
  rpc_.server->Wait();
  rpc_.server.reset();
}

void FakeSpeechServer::Understand(std::function<std::string(const Utterance&)> understand) {
  absl::MutexLock lock(&mutex_);
  understand_ = std::move(understand);
}

void FakeSpeechServer::HoldAnswers(bool hold) {
  absl::MutexLock lock(&mutex_);
  hold_ = hold;
}

void FakeSpeechServer::Fail(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failure_ = std::move(status);
}

void FakeSpeechServer::BreakStreams(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  for (Stream* stream : streams_) stream->broken = status;
}

std::vector<FakeSpeechServer::Utterance> FakeSpeechServer::Utterances() const {
  absl::MutexLock lock(&mutex_);
  return utterances_;
}

std::vector<v1::RecognizeHead> FakeSpeechServer::Heads() const {
  absl::MutexLock lock(&mutex_);
  return heads_;
}

std::vector<v1::SynthesizeRequest> FakeSpeechServer::Syntheses() const {
  absl::MutexLock lock(&mutex_);
  return syntheses_;
}

int FakeSpeechServer::CapabilityCalls() const {
  absl::MutexLock lock(&mutex_);
  return capability_calls_;
}

int FakeSpeechServer::OpenStreams() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(streams_.size());
}

absl::Status FakeSpeechServer::CheckHead(const v1::RecognizeHead& head) {
  heads_.push_back(head);
  if (!failure_.ok()) return failure_;
  if (head.language() != "en-US") return NoLanguage(head.language());
  if (head.provider().empty() || head.provider() == "fake") return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "PROVIDER_NOT_FOUND", "there is no such provider");
}

grpc::Status FakeSpeechServer::Recognize(
    grpc::ServerContext* context, grpc::ServerReaderWriter<v1::RecognizeResponse, v1::RecognizeRequest>* stream) {
  v1::RecognizeRequest request;
  if (!stream->Read(&request)) return grpc::Status::OK;
  Stream state;
  state.context = context;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = CheckHead(request.head()); !status.ok()) return ToGrpcStatus(status);
    streams_.insert(&state);
  }
  v1::RecognizeResponse started;
  started.mutable_started()->set_provider("fake");
  stream->Write(started);
  std::thread reader([&] { Read(*stream, state); });
  absl::Status end;
  for (bool over = false; !over;) {
    std::vector<v1::RecognizeResponse> answers;
    {
      absl::MutexLock lock(&mutex_);
      const auto has_work = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return HasWork(state); };
      mutex_.Await(absl::Condition(&has_work));
      for (const uint64_t id : hold_ ? std::vector<uint64_t>() : std::exchange(state.unanswered, {})) {
        v1::RecognizedText& text = *answers.emplace_back().mutable_text();
        text.set_utterance_id(id);
        text.set_text(understand_(utterances_[state.utterances.at(id)]));
        text.set_final(true);
        text.set_confidence(0.5F);
      }
      end = state.broken;
      over = !end.ok() || (state.half_closed && state.unanswered.empty());
    }
    if (!end.ok()) break;
    for (const v1::RecognizeResponse& answer : answers) stream->Write(answer);
  }
  if (!end.ok()) context->TryCancel();
  reader.join();
  absl::MutexLock lock(&mutex_);
  streams_.erase(&state);
  return ToGrpcStatus(end);
}

void FakeSpeechServer::Read(grpc::ServerReaderWriter<v1::RecognizeResponse, v1::RecognizeRequest>& reader,
                            Stream& stream) {
  v1::RecognizeRequest request;
  while (reader.Read(&request)) {
    absl::MutexLock lock(&mutex_);
    if (request.has_begin()) {
      const v1::UtteranceBegin& begin = request.begin();
      stream.utterances[begin.utterance_id()] = utterances_.size();
      utterances_.push_back({begin.utterance_id(), begin.speaker_id(), begin.sample_rate_hz(), "", false});
    } else if (request.has_samples()) {
      utterances_[stream.utterances.at(request.samples().utterance_id())].samples += request.samples().samples();
    } else if (request.has_end()) {
      utterances_[stream.utterances.at(request.end().utterance_id())].ended = true;
      stream.unanswered.push_back(request.end().utterance_id());
    }
  }
  absl::MutexLock lock(&mutex_);
  stream.half_closed = true;
  if (stream.context->IsCancelled() && stream.broken.ok()) stream.broken = absl::CancelledError("the stream broke");
}

bool FakeSpeechServer::HasWork(const Stream& stream) const {
  if (!stream.broken.ok()) return true;
  return hold_ ? false : stream.half_closed || !stream.unanswered.empty();
}

grpc::Status FakeSpeechServer::Synthesize(grpc::ServerContext*, const v1::SynthesizeRequest* request,
                                          grpc::ServerWriter<v1::SynthesizeResponse>* writer) {
  {
    absl::MutexLock lock(&mutex_);
    syntheses_.push_back(*request);
    if (!failure_.ok()) return ToGrpcStatus(failure_);
  }
  if (!request->language().empty() && request->language() != "en-US") {
    return ToGrpcStatus(NoLanguage(request->language()));
  }
  const std::string voice = request->voice().empty() ? "tone" : request->voice();
  if (voice != "tone" && voice != "other") {
    return ToGrpcStatus(Error(absl::StatusCode::kInvalidArgument, "VOICE_NOT_FOUND", "there is no such voice"));
  }
  const uint32_t rate_hz = request->sample_rate_hz() == 0 ? 16'000 : request->sample_rate_hz();
  v1::SynthesizeResponse response;
  response.mutable_head()->set_sample_rate_hz(rate_hz);
  response.mutable_head()->set_voice(voice);
  writer->Write(response);
  const std::string samples = Tone(kSecondsPerByte * static_cast<double>(request->text().size()), rate_hz);
  for (size_t at = 0; at < samples.size(); at += kPieceBytes) {
    response.set_samples(samples.substr(at, kPieceBytes));
    writer->Write(response);
  }
  return grpc::Status::OK;
}

grpc::Status FakeSpeechServer::ListCapabilities(grpc::ServerContext*, const v1::ListCapabilitiesRequest*,
                                                v1::ListCapabilitiesResponse* response) {
  absl::MutexLock lock(&mutex_);
  ++capability_calls_;
  if (!failure_.ok()) return ToGrpcStatus(failure_);
  v1::Recognizer& recognizer = *response->add_recognizers();
  recognizer.set_provider("fake");
  recognizer.add_languages("en-US");
  for (const char* name : {"tone", "other"}) {
    v1::Voice& voice = *response->add_voices();
    voice.set_voice(name);
    voice.set_language("en-US");
    voice.set_provider("fake");
  }
  return grpc::Status::OK;
}

}  // namespace tutti::speech
