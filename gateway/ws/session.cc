// The only file of this folder that includes Beast.
#include "gateway/ws/session.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gateway/http/upgraded.h"

namespace tutti::gateway::ws {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

// Half of the frames at which a subscriber stops to catch up.
constexpr size_t kDrainedFrames = 128;

http::request<http::string_body> ToBeast(const Request& request) {
  http::request<http::string_body> beast_request;
  beast_request.method_string({request.method.data(), request.method.size()});
  beast_request.target({request.target.data(), request.target.size()});
  beast_request.version(11);
  for (const Header& header : request.headers) beast_request.insert(header.name, header.value);
  return beast_request;
}

websocket::close_reason ToBeast(CloseReason reason) {
  switch (reason) {
    case CloseReason::kTooSlow:
      return {websocket::close_code::try_again_later, "too slow"};
    case CloseReason::kUnauthorized:
      return {websocket::close_code::policy_error, "unauthorized"};
    case CloseReason::kGoingAway:
      return {websocket::close_code::going_away, "the gateway is ending"};
    case CloseReason::kRestart:
      return {websocket::close_code::service_restart, "connect again"};
    case CloseReason::kEnded:
      return {websocket::close_code::normal, "the call or the room has ended"};
    case CloseReason::kMediaNodeLost:
      return {websocket::close_code::internal_error, "the media node was lost"};
    case CloseReason::kText:
      return {websocket::close_code::unknown_data, "samples are sent in binary frames"};
    case CloseReason::kListensOnly:
      return {websocket::close_code::unknown_data, "this stream only listens: ask for direction=sendrecv"};
    case CloseReason::kHalfSample:
      return {websocket::close_code::bad_payload, "a sample has two bytes"};
    case CloseReason::kClient:
      break;
  }
  return websocket::close_code::normal;
}

class BeastSession final : public Session, public std::enable_shared_from_this<BeastSession> {
 public:
  BeastSession(std::unique_ptr<Upgraded> upgraded, const SessionOptions& options, Handler handler)
      : options_(options),
        handler_(std::move(handler)),
        post_(std::move(upgraded->post)),
        socket_(std::move(upgraded->stream)),
        buffer_(std::move(upgraded->buffer)),
        write_timer_(socket_.get_executor()) {}

  void Open(const Request& request) override {
    error_code ignored;
    Stream& stream = socket_.next_layer();
    stream.socket().set_option(asio::socket_base::send_buffer_size(options_.socket_bytes), ignored);
    // Beast's WebSocket has timers of its own.
    stream.expires_never();
    websocket::stream_base::timeout timeout;
    timeout.handshake_timeout = absl::ToChronoMilliseconds(options_.handshake_timeout);
    timeout.idle_timeout = absl::ToChronoMilliseconds(options_.idle_timeout);
    timeout.keep_alive_pings = true;
    socket_.set_option(timeout);
    socket_.set_option(websocket::stream_base::decorator(
        [id = request.request_id](websocket::response_type& response) { response.set("X-Request-Id", id); }));
    socket_.read_message_max(options_.frame_bytes_max);
    // Each of our messages is one frame.
    socket_.auto_fragment(false);
    socket_.binary(options_.binary);
    request_ = ToBeast(request);
    // A client that speaks before it was answered doesn't follow RFC 6455 section 4.1.
    if (buffer_.size() > 0) return Finish(CloseReason::kClient);
    socket_.async_accept(request_, beast::bind_front_handler(&BeastSession::OnAccepted, shared_from_this()));
  }

  void ReadNext() override {
    post_([self = shared_from_this()] {
      self->socket_.async_read(self->buffer_, beast::bind_front_handler(&BeastSession::OnRead, self));
    });
  }

  void Send(Frame frame) override {
    absl::MutexLock lock(&mutex_);
    if (close_reason_.has_value()) return;
    if (queue_.size() >= options_.queue_frames_max || queue_bytes_ + frame->size() > options_.queue_bytes_max) {
      return CloseLocked(CloseReason::kTooSlow);
    }
    queue_bytes_ += frame->size();
    queue_.push_back(std::move(frame));
    if (std::exchange(write_posted_, true)) return;
    post_([self = shared_from_this()] { self->Write(); });
  }

  size_t Waiting() const override {
    absl::MutexLock lock(&mutex_);
    return queue_.size();
  }

  void Close(CloseReason reason) override {
    absl::MutexLock lock(&mutex_);
    if (!close_reason_.has_value()) CloseLocked(reason);
  }

  void Abort() override {
    post_([self = shared_from_this()] { self->Finish(CloseReason::kGoingAway); });
  }

 private:
  void CloseLocked(CloseReason reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    close_reason_ = reason;
    queue_.clear();
    queue_bytes_ = 0;
    post_([self = shared_from_this()] { self->BeginClose(); });
  }

  void OnAccepted(error_code error) {
    if (error) return Finish(CloseReason::kClient);
    open_ = true;
    handler_.on_open(shared_from_this());
    // It may have been closed, or written to, before.
    bool closing;
    {
      absl::MutexLock lock(&mutex_);
      closing = close_reason_.has_value();
    }
    if (closing) return BeginClose();
    Write();
    ReadNext();
  }

  void OnRead(error_code error, size_t) {
    if (error) return Finish(CloseReason::kClient);
    std::string frame = beast::buffers_to_string(buffer_.data());
    buffer_.consume(buffer_.size());
    handler_.on_frame(std::move(frame), socket_.got_text());
  }

  void Write() {
    if (!open_ || writing_ != nullptr || closing_) return;
    bool drained;
    {
      absl::MutexLock lock(&mutex_);
      write_posted_ = !queue_.empty();
      if (!write_posted_) return;
      writing_ = std::move(queue_.front());
      queue_.pop_front();
      queue_bytes_ -= writing_->size();
      drained = queue_.size() == kDrainedFrames;
    }
    if (drained && handler_.on_drained) handler_.on_drained();
    LimitWrite(options_.write_timeout);
    socket_.async_write(asio::buffer(*writing_),
                        beast::bind_front_handler(&BeastSession::OnWritten, shared_from_this()));
  }

  void LimitWrite(absl::Duration timeout) {
    write_timer_.expires_after(absl::ToChronoMilliseconds(timeout));
    write_timer_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      // A timer that has just been moved is told so by its expiry.
      if (error || self == nullptr || self->writing_ == nullptr) return;
      if (self->write_timer_.expiry() > std::chrono::steady_clock::now()) return;
      self->Finish(CloseReason::kTooSlow);
    });
  }

  void OnWritten(error_code error, size_t) {
    writing_ = nullptr;
    write_timer_.cancel();
    if (error) return Finish(CloseReason::kClient);
    bool closing;
    {
      absl::MutexLock lock(&mutex_);
      closing = close_reason_.has_value();
    }
    if (closing) return BeginClose();
    Write();
  }

  void BeginClose() {
    if (closing_ || finished_ || !open_) return;
    if (writing_ != nullptr) return LimitWrite(options_.last_write_timeout);
    closing_ = true;
    CloseReason reason;
    {
      absl::MutexLock lock(&mutex_);
      reason = *close_reason_;
    }
    socket_.async_close(ToBeast(reason), [self = shared_from_this(), reason](error_code) { self->Finish(reason); });
  }

  // Once; `reason` counts where none was there before.
  void Finish(CloseReason reason) {
    if (std::exchange(finished_, true)) return;
    {
      absl::MutexLock lock(&mutex_);
      if (!close_reason_.has_value()) close_reason_ = reason;
      reason = *close_reason_;
      queue_.clear();
      queue_bytes_ = 0;
    }
    write_timer_.cancel();
    socket_.next_layer().close();
    handler_.on_end(reason, open_);
  }

  const SessionOptions options_;
  const Handler handler_;
  const std::function<void(std::function<void()>)> post_;
  websocket::stream<Stream, /*deflateSupported=*/false> socket_;
  beast::flat_buffer buffer_;
  asio::steady_timer write_timer_;
  http::request<http::string_body> request_;
  bool open_ = false;
  bool closing_ = false;
  bool finished_ = false;
  // On its way.
  Frame writing_;

  mutable absl::Mutex mutex_;
  std::deque<Frame> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Write is called soon, or a write is on its way.
  bool write_posted_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<CloseReason> close_reason_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<Session> Session::Make(std::unique_ptr<Upgraded> upgraded, const SessionOptions& options,
                                       Handler handler) {
  return std::make_shared<BeastSession>(std::move(upgraded), options, std::move(handler));
}

bool IsUpgrade(const Request& request) { return websocket::is_upgrade(ToBeast(request)); }

}  // namespace tutti::gateway::ws
