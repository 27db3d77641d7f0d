#include "mediaplane/service/audio_reactor.h"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "grpcpp/server_context.h"

namespace tutti::mediaplane {
namespace {

// The wire is little endian.
static_assert(std::endian::native == std::endian::little);

constexpr size_t kSaidBytesMax = 64 * 1024;
// For the token to come; and for a client that reads too slowly to take what it was
// sent before it is cut off.
constexpr int kPumpsMax = 10'000 / AudioPump::kPeriodMs;

absl::Status Refuse(const char* message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", message);
}

}  // namespace

AudioReactor::AudioReactor(grpc::CallbackServerContext* context, Node& node, ControlThread& thread, AudioPump& pump,
                           std::atomic<int>& streams)
    : context_(context), node_(node), thread_(thread), pump_(pump), streams_(streams) {
  StartRead(&request_);
  pump_.Add(*this);
}

void AudioReactor::OnReadDone(bool ok) {
  // It has ended, or there is nothing more that it says: then it is gone, too.
  if (!ok) return End(absl::OkStatus());
  bool claimed;
  {
    absl::MutexLock lock(&mutex_);
    if (end_.has_value()) return;
    claimed = line_ != nullptr;
  }
  if (!claimed) return Claim();
  if (const absl::Status said = Say(request_); !said.ok()) return End(said);
  StartRead(&request_);
}

void AudioReactor::Claim() {
  if (!request_.has_token()) return End(Refuse("the first message has the token"));
  thread_.Post([this] {
    // Behind it only OnDone, which is posted there, too.
    auto stream = node_.ClaimStream(request_.token(), [this] { End(absl::OkStatus()); });
    request_.clear_token();
    if (!stream.ok()) return End(stream.status());
    ticket_ = stream->ticket;
    Begin(std::move(stream->line));
  });
}

// Operations that no reaction starts are started under the lock: what is not finished
// is still there.
void AudioReactor::Begin(std::shared_ptr<AudioLine> line) {
  absl::MutexLock lock(&mutex_);
  if (end_.has_value()) return;
  line_ = std::move(line);
  StartSendInitialMetadata();
  StartRead(&request_);
}

absl::Status AudioReactor::Say(const media::v1::StreamAudioRequest& request) {
  if (request.has_token()) return Refuse("the token comes once");
  const std::string& bytes = request.samples();
  if (bytes.size() % sizeof(int16_t) != 0) return Refuse("a sample has two bytes: there is half of one");
  if (bytes.size() > kSaidBytesMax) return Refuse("a message has at most 65536 bytes of samples");
  absl::MutexLock lock(&mutex_);
  if (!line_->speaks()) return Refuse("this stream only hears");
  said_.resize(bytes.size() / sizeof(int16_t));
  std::memcpy(said_.data(), bytes.data(), bytes.size());
  line_->Say(said_);
  return absl::OkStatus();
}

void AudioReactor::OnPump() {
  bool too_slow;
  {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    if ((line_ == nullptr || end_.has_value()) && ++pumps_ > kPumpsMax) return context_->TryCancel();
    too_slow = line_ != nullptr && line_->too_slow() && !end_.has_value();
    if (too_slow) line_->counters().too_slow.fetch_add(1, std::memory_order_relaxed);
  }
  if (!too_slow) return WriteNext();
  End(Error(absl::StatusCode::kResourceExhausted, "STREAM_TOO_SLOW",
            "the stream is read too slowly: 2 s of samples wait"));
}

void AudioReactor::WriteNext() {
  absl::MutexLock lock(&mutex_);
  if (line_ == nullptr || writing_ || end_.has_value()) return;
  std::array<int16_t, kSamplesPerFrameMax> frame;
  const auto samples = std::span(frame).first(line_->samples_per_frame());
  if (!line_->Hear(samples)) return;
  response_.set_samples(samples.data(), samples.size_bytes());
  writing_ = true;
  StartWrite(&response_);
}

void AudioReactor::OnWriteDone(bool ok) {
  bool ending;
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    ending = end_.has_value();
  }
  if (!ok || ending) return End(absl::CancelledError("the stream was cancelled"));
  WriteNext();
}

void AudioReactor::OnCancel() { End(absl::CancelledError("the stream was cancelled")); }

void AudioReactor::End(const absl::Status& status) {
  grpc::Status told;
  {
    absl::MutexLock lock(&mutex_);
    if (!end_.has_value()) {
      end_ = status;
      pumps_ = 0;
    }
    if (writing_ || std::exchange(finished_, true)) return;
    told = ToGrpcStatus(*end_);
  }
  Finish(told);
}

// Behind whatever was posted before.
void AudioReactor::OnDone() {
  thread_.Post([this] {
    pump_.Remove(*this);
    node_.ReleaseStream(ticket_);
    --streams_;
    delete this;
  });
}

}  // namespace tutti::mediaplane
