#include "control/speech/grpc_speech_client.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

using speech::v1::ListCapabilitiesResponse;
using speech::v1::SpeechService;

constexpr auto kCapabilitiesDeadline = std::chrono::seconds(2);
// Of the longest text; others wait for it no longer than a client waits.
constexpr auto kSynthesisDeadline = std::chrono::seconds(20);

constexpr int kSecondsMax = 600;
constexpr size_t kBytesPerSample = 2;

// A server that does not answer says no reason.
absl::Status WithReason(const absl::Status& status) {
  if (status.ok() || !GetErrorDetail(status).reason.empty()) return status;
  return Error(absl::StatusCode::kUnavailable, "SPEECH_UNAVAILABLE",
               absl::StrCat("the speech server can't be reached, or gave up: ", status.message()));
}

absl::Status NoSound(const std::string& what) {
  return Error(absl::StatusCode::kInvalidArgument, "SOUND_NOT_SUPPORTED", absl::StrCat("the text's sound ", what));
}

}  // namespace

// Collects the pieces of one text.
class GrpcSpeechClient::SynthesisReactor final : public grpc::ClientReadReactor<speech::v1::SynthesizeResponse> {
 public:
  SynthesisReactor(std::shared_ptr<Flights> flights, const speech::v1::SynthesizeRequest& request,
                   Done<SpokenSound> done)
      : flights_(std::move(flights)), request_(request), done_(std::move(done)) {}

  void Start(SpeechService::Stub& stub, std::shared_ptr<SynthesisReactor> self) {
    self_ = std::move(self);
    flights_->Add(this, [reactor = self_] { reactor->context_.TryCancel(); });
    context_.set_deadline(std::chrono::system_clock::now() + kSynthesisDeadline);
    stub.async()->Synthesize(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (response_.has_head()) sound_.sample_rate_hz = response_.head().sample_rate_hz();
    sound_.samples += response_.samples();
    if (sound_.samples.size() > size_t{kSecondsMax} * sound_.sample_rate_hz * kBytesPerSample) {
      is_too_long_ = true;
      context_.TryCancel();
    }
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    done_(Result(status));
    const std::shared_ptr<SynthesisReactor> last = std::move(self_);
    flights_->Remove(this);
  }

 private:
  absl::StatusOr<SpokenSound> Result(const grpc::Status& status) {
    if (is_too_long_) return NoSound(absl::StrCat("is longer than ", kSecondsMax, " seconds"));
    if (!status.ok()) return WithReason(FromGrpcStatus(status));
    if (sound_.samples.empty()) return NoSound("is empty");
    const bool is_whole = sound_.samples.size() % kBytesPerSample == 0;
    if (is_whole && (sound_.sample_rate_hz == 8'000 || sound_.sample_rate_hz == 16'000)) return std::move(sound_);
    return Error(absl::StatusCode::kInternal, "SYNTHESIS_FAILED", "the speech server's samples are no sound of ours");
  }

  const std::shared_ptr<Flights> flights_;
  const speech::v1::SynthesizeRequest request_;
  const Done<SpokenSound> done_;
  grpc::ClientContext context_;
  speech::v1::SynthesizeResponse response_;
  SpokenSound sound_;
  bool is_too_long_ = false;
  std::shared_ptr<SynthesisReactor> self_;
};

GrpcSpeechClient::GrpcSpeechClient(const std::string& address, MonotonicClock clock, std::shared_ptr<const Tls> tls)
    : clock_(std::move(clock)),
      stub_(SpeechService::NewStub(MakeRpcChannel(address, std::move(tls)))),
      flights_(std::make_shared<Flights>()) {}

GrpcSpeechClient::~GrpcSpeechClient() { flights_->CancelAndWait(); }

void GrpcSpeechClient::Synthesize(const speech::v1::SynthesizeRequest& request, Done<SpokenSound> done) {
  auto reactor = std::make_shared<SynthesisReactor>(flights_, request, std::move(done));
  reactor->Start(*stub_, reactor);
}

void GrpcSpeechClient::ListCapabilities(Done<ListCapabilitiesResponse> done) {
  {
    absl::ReleasableMutexLock lock(&mutex_);
    if (capabilities_.has_value() && clock_() - capabilities_at_ < kCapabilitiesFreshFor) {
      const ListCapabilitiesResponse kept = *capabilities_;
      lock.Release();
      return done(kept);
    }
    waiters_.push_back(std::move(done));
    if (waiters_.size() > 1) return;
  }
  struct Call {
    grpc::ClientContext context;
    speech::v1::ListCapabilitiesRequest request;
    ListCapabilitiesResponse response;
  };
  auto call = std::make_shared<Call>();
  call->context.set_deadline(std::chrono::system_clock::now() + kCapabilitiesDeadline);
  flights_->Add(call.get(), [call] { call->context.TryCancel(); });
  stub_->async()->ListCapabilities(&call->context, &call->request, &call->response,
                                   [this, call, flights = flights_](const grpc::Status& status) {
                                     absl::StatusOr<ListCapabilitiesResponse> result = std::move(call->response);
                                     if (!status.ok()) result = WithReason(FromGrpcStatus(status));
                                     OnCapabilities(result);
                                     flights->Remove(call.get());
                                   });
}

void GrpcSpeechClient::OnCapabilities(const absl::StatusOr<ListCapabilitiesResponse>& result) {
  std::vector<Done<ListCapabilitiesResponse>> waiters;
  {
    absl::MutexLock lock(&mutex_);
    waiters.swap(waiters_);
    // While it is away it can do nothing, whatever it could before.
    capabilities_.reset();
    if (result.ok()) capabilities_ = *result;
    capabilities_at_ = clock_();
  }
  for (const auto& waiter : waiters) waiter(result);
}

}  // namespace tutti::control
