#include "gateway/rest/body_stream.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "common/rpc/http_body.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "google/api/httpbody.pb.h"

namespace tutti::gateway {
namespace {

using google::api::HttpBody;

// No Range, ETag or file name of ours is so long.
constexpr size_t kHeaderBytesMax = 1024;

struct HeaderName {
  const char* metadata;
  const char* header;
};

constexpr HeaderName kRequestHeaders[] = {
    {http_body::kRange, "Range"}, {http_body::kIfRange, "If-Range"}, {http_body::kIfNoneMatch, "If-None-Match"}};
constexpr HeaderName kResponseHeaders[] = {
    {http_body::kContentRange, "Content-Range"}, {http_body::kContentDisposition, "Content-Disposition"},
    {http_body::kAcceptRanges, "Accept-Ranges"}, {http_body::kEtag, "ETag"},
    {http_body::kLastModified, "Last-Modified"}, {http_body::kCacheControl, "Cache-Control"}};

bool IsPrintable(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isprint(c); });
}

// What the server holds of a stream; the stream itself belongs to gRPC.
class Source final : public BodySource {
 public:
  explicit Source(std::shared_ptr<BodyStream> stream) : stream_(std::move(stream)) {}
  ~Source() override { stream_->Cancel(); }

  void Next(Take take) override { stream_->Next(std::move(take)); }

 private:
  const std::shared_ptr<BodyStream> stream_;
};

}  // namespace

bool AddBodyHeaders(const Request& request, grpc::ClientContext& context) {
  if (request.method != "GET") context.AddMetadata(http_body::kMethod, request.method);
  for (const auto& [metadata, header] : kRequestHeaders) {
    const std::string value(request.Find(header));
    if (value.empty()) continue;
    if (value.size() > kHeaderBytesMax || !IsPrintable(value)) return false;
    context.AddMetadata(metadata, value);
  }
  return true;
}

BodyStream::BodyStream(std::unique_ptr<RestCall> call, absl::Duration patience)
    : call_(std::move(call)), patience_(patience) {}

void BodyStream::Start(Stub& stub, Ended ended) {
  ended_ = std::move(ended);
  self_ = shared_from_this();
  stub.PrepareBidiStreamingCall(&call_->context, call_->route->grpc_method, {}, this);
  // For reads from outside gRPC's reactions.
  AddHold();
  StartWriteLast(call_->request.get(), grpc::WriteOptions());
  {
    absl::MutexLock lock(&mutex_);
    Read();
  }
  StartCall();
}

void BodyStream::Read() {
  reading_ = true;
  const int number = ++reads_;
  alarm_.emplace();
  alarm_->Set(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(patience_),
              [weak = weak_from_this(), number](bool expired) {
                const auto self = expired ? weak.lock() : nullptr;
                if (self == nullptr) return;
                {
                  absl::MutexLock lock(&self->mutex_);
                  if (!self->reading_ || self->reads_ != number) return;
                  self->late_ = true;
                }
                self->call_->context.TryCancel();
              });
  StartRead(call_->response.get());
}

void BodyStream::Cancel() {
  call_->context.TryCancel();
  {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    if (reading_ || released_) return;
    released_ = true;
  }
  RemoveHold();
}

void BodyStream::Next(BodySource::Take take) {
  std::string piece;
  {
    absl::MutexLock lock(&mutex_);
    piece = std::exchange(first_, "");
    if (piece.empty() && !result_.has_value()) {
      take_ = std::move(take);
      if (!reading_ && !released_) Read();
      return;
    }
    if (piece.empty() && !result_->ok()) return take(*result_);
  }
  take(std::move(piece));
}

void BodyStream::OnReadDone(bool ok) {
  BodySource::Take take;
  std::string piece;
  {
    absl::MutexLock lock(&mutex_);
    reading_ = false;
    alarm_.reset();
    if (!ok) {
      released_ = true;
    } else {
      auto& body = static_cast<HttpBody&>(*call_->response);
      piece = std::move(*body.mutable_data());
      // A piece without bytes would be the end.
      if (head_replied_ && piece.empty()) return Read();
      take = std::exchange(take_, nullptr);
      if (take == nullptr) first_ = std::move(piece);
    }
  }
  if (!ok) return RemoveHold();
  if (!std::exchange(head_replied_, true)) return ReplyHead();
  take(std::move(piece));
}

void BodyStream::AddHead(Response& response) const {
  for (const auto& [name, value] : call_->context.GetServerInitialMetadata()) {
    const absl::string_view key(name.data(), name.size());
    const absl::string_view text(value.data(), value.size());
    int status = 0;
    // An error stays one.
    if (key == http_body::kStatus && absl::SimpleAtoi(text, &status) && status >= 200 && status <= 599 &&
        (status >= 400) == (response.status >= 400)) {
      response.status = status;
    }
    uint64_t bytes = 0;
    if (key == http_body::kContentLength && response.streamed.has_value() && absl::SimpleAtoi(text, &bytes)) {
      response.streamed->bytes = bytes;
    }
    for (const auto& [metadata, header] : kResponseHeaders) {
      if (key == metadata && IsPrintable(text)) response.headers.push_back({header, std::string(text)});
    }
  }
}

void BodyStream::ReplyHead() {
  Response response;
  response.route = call_->route->label;
  response.content_type = static_cast<const HttpBody&>(*call_->response).content_type();
  if (response.content_type.empty() || !IsPrintable(response.content_type)) {
    response.content_type = "application/octet-stream";
  }
  response.streamed.emplace();
  AddHead(response);
  response.streamed->source = std::make_shared<Source>(shared_from_this());
  std::exchange(call_->reply, nullptr)(std::move(response));
}

void BodyStream::OnDone(const grpc::Status& done) {
  const auto self = std::move(self_);
  BodySource::Take take;
  grpc::Status status = done;
  bool cancelled;
  {
    absl::MutexLock lock(&mutex_);
    if (late_) status = grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "no message for too long");
    result_ = FromGrpcStatus(status);
    take = std::exchange(take_, nullptr);
    cancelled = cancelled_;
  }
  if (status.ok() && !head_replied_) {
    ReplyHead();
  } else if (!status.ok() && !(cancelled && head_replied_)) {
    // Logs it, too.
    Response failure = FailureOf(*call_, status);
    if (!head_replied_) {
      AddHead(failure);
      std::exchange(call_->reply, nullptr)(std::move(failure));
    }
  }
  if (take != nullptr) status.ok() ? take("") : take(FromGrpcStatus(status));
  ended_(self);
}

}  // namespace tutti::gateway
