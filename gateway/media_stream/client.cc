#include "gateway/media_stream/client.h"

#include <utility>

#include "common/log/log.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "gateway/http/error_response.h"
#include "gateway/media_stream/stream_request.h"
#include "gateway/rest/control_call.h"

namespace tutti::gateway::media_stream {

using ws::CloseReason;

namespace {

// What a client is told of a media node that does not take it.
absl::Status OfMediaNode(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kResourceExhausted && !GetErrorDetail(status).reason.empty()) return status;
  return Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE", "The media node can't be reached; try again.");
}

CloseReason ReasonOf(const absl::Status& status) {
  if (status.ok()) return CloseReason::kEnded;
  return GetErrorDetail(status).reason == "STREAM_TOO_SLOW" ? CloseReason::kTooSlow : CloseReason::kMediaNodeLost;
}

}  // namespace

// Goes with the response: where that gets lost, so does the stream.
struct MediaStreamServer::Client::UpgradeTicket {
  explicit UpgradeTicket(std::shared_ptr<Client> whose) : client(std::move(whose)) {}
  ~UpgradeTicket() {
    if (!taken) client->OnSessionEnd(CloseReason::kClient, false);
  }
  const std::shared_ptr<Client> client;
  bool taken = false;
};

void MediaStreamServer::Client::Start() {
  context_.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(server_.options_.timeout));
  server_.control_->async()->OpenMediaStream(
      &context_, &wanted_, &opened_,
      [self = shared_from_this()](const grpc::Status& status) { self->OnOpened(FromGrpcStatus(status)); });
}

void MediaStreamServer::Client::OnOpened(const absl::Status& status) {
  bool closing;
  {
    absl::MutexLock lock(&mutex_);
    opening_ = false;
    closing = close_.has_value();
    // The token is left alone where nobody wants it any more; it expires.
    if (status.ok() && !closing) call_over_ = false;
  }
  if (closing) {
    Refuse(Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "The gateway is ending; try again."));
  } else if (!status.ok()) {
    const absl::Status told = ForClient(status);
    if (HttpStatus(told.code()) >= 500) {
      log::Warning("a media stream was not opened",
                   {{"request_id", request_.request_id}, {"error", std::string(status.message())}});
    }
    Refuse(told);
  } else {
    return StartCall();
  }
  LeaveIfOver();
}

void MediaStreamServer::Client::StartCall() {
  const auto self = shared_from_this();
  AudioCall::Handler handler;
  handler.on_begin = [self] { self->OnCallBegin(); };
  handler.on_samples = [self](std::string samples) {
    std::shared_ptr<ws::Session> session;
    {
      absl::MutexLock lock(&self->mutex_);
      session = self->session_;
    }
    // What comes before the WebSocket is there is not heard.
    if (session == nullptr) return;
    self->server_.metrics_.Heard(samples.size());
    session->Send(std::make_shared<const std::string>(std::move(samples)));
  };
  handler.on_said = [self] {
    absl::MutexLock lock(&self->mutex_);
    if (self->session_ != nullptr) self->session_->ReadNext();
  };
  handler.on_end = [self](const absl::Status& status) { self->OnCallEnd(status); };
  const auto call = AudioCall::Make(server_.ChannelTo(opened_.media_address()), std::move(handler));
  {
    // Before it starts: what follows from its beginning wants it.
    absl::MutexLock lock(&mutex_);
    call_ = call;
  }
  call->Start(opened_.token());
  {
    absl::MutexLock lock(&mutex_);
    if (close_.has_value()) call->Cancel();
  }
  server_.loop_.PostAfter(server_.options_.timeout, [weak = weak_from_this()] {
    const auto client = weak.lock();
    if (client == nullptr) return;
    absl::MutexLock lock(&client->mutex_);
    if (!client->begun_ && client->call_ != nullptr) client->call_->Cancel();
  });
}

void MediaStreamServer::Client::OnCallBegin() {
  {
    absl::MutexLock lock(&mutex_);
    begun_ = true;
    replied_ = true;
    session_over_ = false;
  }
  Response response;
  response.status = 101;
  response.route = kRoute;
  response.upgrade = [ticket =
                          std::make_shared<UpgradeTicket>(shared_from_this())](std::unique_ptr<Upgraded> upgraded) {
    ticket->taken = true;
    ticket->client->Upgrade(std::move(upgraded));
  };
  std::exchange(reply_, nullptr)(std::move(response));
}

void MediaStreamServer::Client::Upgrade(std::unique_ptr<Upgraded> upgraded) {
  ws::Session::Handler handler;
  const auto self = shared_from_this();
  handler.on_open = [self](const std::shared_ptr<ws::Session>&) { self->OnSessionOpen(); };
  handler.on_frame = [self](std::string frame, bool is_text) { self->OnFrame(std::move(frame), is_text); };
  handler.on_end = [self](CloseReason reason, bool was_open) { self->OnSessionEnd(reason, was_open); };
  auto session = ws::Session::Make(std::move(upgraded), server_.options_.session, std::move(handler));
  {
    absl::MutexLock lock(&mutex_);
    session_ = session;
    if (close_.has_value()) session->Close(*close_);
  }
  session->Open(request_);
}

void MediaStreamServer::Client::OnSessionOpen() {
  server_.metrics_.Opened();
  log::Info("a media stream began", {{"request_id", request_.request_id},
                                     {"conference_id", wanted_.id()},
                                     {"call_id", opened_.call_id()},
                                     {"rate", wanted_.rate()}});
}

void MediaStreamServer::Client::OnFrame(std::string frame, bool is_text) {
  std::shared_ptr<ws::Session> session;
  std::shared_ptr<AudioCall> call;
  {
    absl::MutexLock lock(&mutex_);
    session = session_;
    call = call_;
  }
  // It is being closed.
  if (session == nullptr || call == nullptr) return;
  if (is_text) return session->Close(CloseReason::kText);
  if (frame.size() % 2 != 0) return session->Close(CloseReason::kHalfSample);
  if (frame.empty()) return session->ReadNext();
  if (!speaks()) return session->Close(CloseReason::kListensOnly);
  server_.metrics_.Said(frame.size());
  // The next frame is read when this one is on its way.
  call->Say(std::move(frame));
}

void MediaStreamServer::Client::OnCallEnd(const absl::Status& status) {
  std::shared_ptr<ws::Session> session;
  bool replied;
  {
    absl::MutexLock lock(&mutex_);
    call_over_ = true;
    call_ = nullptr;
    if (!close_.has_value()) close_ = ReasonOf(status);
    session = session_;
    replied = replied_;
  }
  if (!replied) {
    log::Warning("a media node didn't take a media stream", {{"request_id", request_.request_id},
                                                             {"media_address", opened_.media_address()},
                                                             {"error", std::string(status.message())}});
    Refuse(OfMediaNode(status));
  }
  if (session != nullptr) session->Close(ReasonOf(status));
  LeaveIfOver();
}

void MediaStreamServer::Client::OnSessionEnd(CloseReason reason, bool was_open) {
  if (was_open) {
    server_.metrics_.Closed(reason);
    log::Info("a media stream ended", {{"request_id", request_.request_id}, {"reason", CloseReasonWord(reason)}});
  }
  {
    absl::MutexLock lock(&mutex_);
    session_ = nullptr;
    session_over_ = true;
    if (call_ != nullptr) call_->Cancel();
  }
  LeaveIfOver();
}

void MediaStreamServer::Client::Refuse(const absl::Status& why) {
  {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(replied_, true)) return;
  }
  Response response = ErrorResponse(why, request_.request_id);
  response.route = kRoute;
  std::exchange(reply_, nullptr)(std::move(response));
}

void MediaStreamServer::Client::Close() {
  absl::MutexLock lock(&mutex_);
  if (!close_.has_value()) close_ = CloseReason::kGoingAway;
  if (opening_) context_.TryCancel();
  if (session_ != nullptr) return session_->Close(CloseReason::kGoingAway);
  if (call_ != nullptr) call_->Cancel();
}

void MediaStreamServer::Client::Abort() {
  absl::MutexLock lock(&mutex_);
  if (session_ != nullptr) session_->Abort();
  if (call_ != nullptr) call_->Cancel();
}

void MediaStreamServer::Client::LeaveIfOver() {
  {
    absl::MutexLock lock(&mutex_);
    if (opening_ || !call_over_ || !session_over_) return;
  }
  server_.Leave(shared_from_this());
}

}  // namespace tutti::gateway::media_stream
