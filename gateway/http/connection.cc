// Most of Beast is compiled here: it takes most of a minute.
#include "gateway/http/connection.h"

#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "gateway/http/error_response.h"
#include "gateway/http/upgraded.h"

namespace tutti::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// Of one read; a flat_buffer holds a header and what came with it.
constexpr size_t kReadBytes = 8 * 1024;
// Read on and thrown away after a refusal.
constexpr size_t kLingerBytesMax = 4 * 1024 * 1024;
// In the metrics: the client went before it had its answer.
constexpr int kClientGone = 499;
// In the metrics: a body whose source failed after its head was sent.
constexpr int kBrokenOff = 500;
constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";
// RFC 9112 section 7.1.
constexpr char kChunkEnd[] = "\r\n";
constexpr char kLastChunk[] = "0\r\n\r\n";

absl::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Connection::Connection(std::shared_ptr<ServerCore> core, tcp::socket socket)
    : core_(std::move(core)), stream_(std::move(socket), core_->tls()), taking_due_(stream_.get_executor()) {
  core_->metrics.ConnectionOpened();
  core_->Enter(this);
}

Connection::~Connection() {
  EndRequest(kClientGone);
  core_->metrics.ConnectionClosed();
  core_->Leave(this);
}

auto Connection::Bind(void (Connection::*method)(error_code, size_t)) {
  return beast::bind_front_handler(method, shared_from_this());
}

void Connection::Begin() {
  error_code ignored;
  stream_.socket().set_option(tcp::no_delay(true), ignored);
  if (!stream_.is_tls()) return AwaitRequest();
  // Ended by a drain as if it were idle.
  idle_ = true;
  stream_.expires_after(core_->options.handshake_timeout);
  stream_.async_handshake(beast::bind_front_handler(&Connection::OnHandshake, shared_from_this()));
}

void Connection::Refuse() {
  // A handshake would be more work than the answer is worth.
  if (stream_.is_tls()) return stream_.close();
  request_id_ = core_->ids.Next();
  keep_alive_ = false;
  Send(ErrorResponse(Error(absl::StatusCode::kUnavailable, "TOO_MANY_CONNECTIONS",
                           "The gateway has as many connections as it takes; try again."),
                     request_id_));
}

void Connection::Close(bool idle_only) {
  if (!handed_over_ && (!idle_only || idle_)) stream_.close();
}

void Connection::OnHandshake(error_code error) {
  idle_ = false;
  if (!error) return AwaitRequest();
  if (error != asio::error::operation_aborted) core_->metrics.HandshakeFailed();
  stream_.close();
}

void Connection::AwaitRequest() {
  if (core_->draining()) return stream_.close();
  parser_.emplace();
  parser_->header_limit(core_->options.header_bytes_max);
  parser_->body_limit(core_->options.body_bytes_max);
  request_id_.clear();
  request_ = Request();
  head_ = false;
  if (buffer_.size() > 0) return ReadHeader();
  idle_ = true;
  stream_.expires_after(core_->options.idle_timeout);
  stream_.async_read_some(buffer_.prepare(kReadBytes), Bind(&Connection::OnFirstBytes));
}

void Connection::OnFirstBytes(error_code error, size_t bytes) {
  idle_ = false;
  if (error) return stream_.close();
  buffer_.commit(bytes);
  ReadHeader();
}

void Connection::ReadHeader() {
  // For the whole request: slow dripping doesn't prolong it.
  stream_.expires_after(core_->options.request_timeout);
  http::async_read_header(stream_, buffer_, *parser_, Bind(&Connection::OnHeader));
}

void Connection::OnHeader(error_code error, size_t) {
  if (error == http::error::end_of_stream) return stream_.close();
  BeginRequest();
  if (error) return OnReadError(error);
  const auto& header = parser_->get();
  keep_alive_ = header.keep_alive();
  request_.method = std::string(View(header.method_string()));
  head_ = header.method() == http::verb::head;
  old_client_ = header.version() < 11;
  const std::string given(View(header["X-Request-Id"]));
  if (IsRequestId(given)) request_id_ = given;
  if (absl::Status checked = Check(); !checked.ok()) return RefuseRequest(HttpStatus(checked.code()), checked);
  const auto expect = header[http::field::expect];
  if (expect.empty() || header.version() < 11) return ReadBody();
  if (!absl::EqualsIgnoreCase(View(expect), "100-continue")) {
    return RefuseRequest(417, Error(absl::StatusCode::kInvalidArgument, "EXPECTATION_FAILED",
                                    "The only expectation that is met is 100-continue."));
  }
  if (parser_->is_done() || buffer_.size() > 0) return ReadBody();
  asio::async_write(stream_, asio::buffer(kContinue, sizeof(kContinue) - 1), Bind(&Connection::OnContinued));
}

void Connection::OnContinued(error_code error, size_t) {
  if (error) return stream_.close();
  ReadBody();
}

// Host, Origin and target.
absl::Status Connection::Check() {
  const auto& header = parser_->get();
  if (header.count(http::field::host) > 1) {
    return Error(absl::StatusCode::kInvalidArgument, "HOST_INVALID", "The request has more than one Host header.");
  }
  std::string host(View(header[http::field::host]));
  TUTTI_ASSIGN_OR_RETURN(request_.target, NormalizeTarget(std::string(View(header.target())), host));
  if (!host.empty() || header.version() >= 11) TUTTI_RETURN_IF_ERROR(CheckHost(core_->options.access, host));
  return CheckOrigin(core_->options.access, std::string(View(header[http::field::origin])), host);
}

void Connection::ReadBody() { http::async_read(stream_, buffer_, *parser_, Bind(&Connection::OnBody)); }

void Connection::OnBody(error_code error, size_t) {
  if (error) return OnReadError(error);
  auto message = parser_->release();
  for (const auto& field : message) {
    request_.headers.push_back({std::string(View(field.name_string())), std::string(View(field.value()))});
  }
  request_.body = std::move(message.body());
  request_bytes_ = request_.body.size();
  request_.request_id = request_id_;
  stream_.expires_never();
  method_ = request_.method;
  core_->handler.Handle(std::move(request_), [self = shared_from_this()](Response response) {
    self->core_->Post(self->executor(),
                      [self, response = std::move(response)]() mutable { self->Send(std::move(response)); });
  });
}

void Connection::OnReadError(error_code error) {
  const auto code = absl::StatusCode::kInvalidArgument;
  if (error == http::error::body_limit) {
    return RefuseRequest(413, Error(code, "PAYLOAD_TOO_LARGE", "The request's body is too large.",
                                    {{"bytes_max", absl::StrCat(core_->options.body_bytes_max)}}));
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return RefuseRequest(431, Error(code, "HEADER_TOO_LARGE", "The request's header is too large.",
                                    {{"bytes_max", absl::StrCat(core_->options.header_bytes_max)}}));
  }
  const bool is_http = error.category() == http::make_error_code(http::error::bad_value).category();
  if (!is_http || error == http::error::partial_message) {
    // The client is gone, or too slow: a timeout has closed the socket.
    method_ = request_.method;
    EndRequest(error == beast::error::timeout ? 408 : kClientGone);
    return stream_.close();
  }
  RefuseRequest(400, Error(code, "INVALID_HTTP", absl::StrCat("The request is no HTTP: ", error.message(), ".")));
}

// The rest of the request isn't read any more.
void Connection::RefuseRequest(int status, const absl::Status& why) {
  keep_alive_ = false;
  linger_ = true;
  method_ = request_.method;
  Send(ErrorResponse(status, why, request_id_));
}

void Connection::BeginRequest() {
  request_id_ = core_->ids.Next();
  began_ = core_->clock.Now();
  in_request_ = true;
  request_bytes_ = 0;
  route_ = "none";
  core_->metrics.RequestBegan();
}

void Connection::EndRequest(int status) {
  if (!in_request_) return;
  in_request_ = false;
  core_->metrics.RequestEnded(route_, method_, status, core_->clock.Now() - began_, request_bytes_);
}

void Connection::HandOver(const std::function<void(std::unique_ptr<Upgraded>)>& taker) {
  EndRequest(101);
  handed_over_ = true;
  // The server lives as long as what is posted to it.
  const auto post = [core = core_, executor = stream_.get_executor()](std::function<void()> task) {
    core->Post(executor, std::move(task));
  };
  taker(std::make_unique<Upgraded>(Upgraded{post, std::move(stream_), std::move(buffer_)}));
}

void Connection::Send(Response response) {
  if (core_->draining()) keep_alive_ = false;
  route_ = response.route;
  if (response.upgrade) return HandOver(response.upgrade);
  response_.emplace();
  response_->result(static_cast<unsigned>(response.status));
  for (const Header& header : response.headers) response_->insert(header.name, header.value);
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body) response_->set(http::field::content_type, response.content_type);
  response_->set("X-Request-Id", request_id_);
  response_->set("X-Content-Type-Options", "nosniff");
  if (response_->count(http::field::cache_control) == 0) response_->set(http::field::cache_control, "no-store");
  if (has_body) SetLength(response);
  response_->keep_alive(keep_alive_);
  const bool streams = has_body && !head_ && response.streamed.has_value();
  if (has_body && !head_ && !streams) response_->body() = std::move(response.body);
  if (streams) streamed_ = *std::move(response.streamed);
  serializer_.emplace(*response_);
  stream_.expires_after(core_->options.write_timeout);
  // A header alone for HEAD: its length says what GET would give.
  if (head_) {
    http::async_write_header(stream_, *serializer_, Bind(&Connection::OnSent));
  } else if (streams) {
    http::async_write_header(stream_, *serializer_, Bind(&Connection::OnHeadSent));
  } else {
    http::async_write(stream_, *serializer_, Bind(&Connection::OnSent));
  }
}

// RFC 9112 section 6.3: a body of unknown length comes in chunks, or for an old
// client until the connection ends.
void Connection::SetLength(const Response& response) {
  if (!response.streamed.has_value()) {
    response_->content_length(response.body.size());
  } else if (response.streamed->bytes.has_value()) {
    response_->content_length(*response.streamed->bytes);
  } else if (old_client_) {
    keep_alive_ = false;
  } else {
    response_->chunked(true);
  }
}

void Connection::OnHeadSent(error_code error, size_t) {
  if (error) return stream_.close();
  AskForPiece();
}

void Connection::AskForPiece() {
  stream_.expires_never();
  streamed_.source->Next([self = shared_from_this()](absl::StatusOr<std::string> piece) {
    self->core_->Post(self->executor(),
                      [self, piece = std::move(piece)]() mutable { self->OnPiece(std::move(piece)); });
  });
}

void Connection::OnPiece(absl::StatusOr<std::string> piece) {
  if (!piece.ok()) return BreakOff();
  piece_ = *std::move(piece);
  auto& left = streamed_.bytes;
  if (left.has_value() && (piece_.empty() ? *left > 0 : piece_.size() > *left)) return BreakOff();
  if (left.has_value()) *left -= piece_.size();
  if (piece_.empty()) {
    stream_.expires_after(core_->options.write_timeout);
    streamed_ = {};
    if (!response_->chunked()) return OnSent({}, 0);
    return asio::async_write(stream_, asio::buffer(kLastChunk, sizeof(kLastChunk) - 1), Bind(&Connection::OnSent));
  }
  WatchTaking();
  if (!response_->chunked()) {
    return asio::async_write(stream_, asio::buffer(piece_), Bind(&Connection::OnPieceSent));
  }
  chunk_header_ = absl::StrFormat("%x\r\n", piece_.size());
  const std::array<asio::const_buffer, 3> chunk = {asio::buffer(chunk_header_), asio::buffer(piece_),
                                                   asio::buffer(kChunkEnd, sizeof(kChunkEnd) - 1)};
  asio::async_write(stream_, chunk, Bind(&Connection::OnPieceSent));
}

// A piece may take a slow client minutes: as long as it takes something it is waited for.
void Connection::WatchTaking() {
  taking_due_.expires_after(absl::ToChronoNanoseconds(core_->options.write_timeout));
  taking_due_.async_wait([self = shared_from_this(),
                          taken = core_->options.bytes_taken(stream_.socket().native_handle())](error_code error) {
    self->OnTakingDue(error, taken);
  });
}

void Connection::OnTakingDue(error_code error, uint64_t taken_before) {
  // Cancelled, or the piece was sent while this was on its way.
  if (error || taking_due_.expiry() > std::chrono::steady_clock::now() || !stream_.socket().is_open()) return;
  if (core_->options.bytes_taken(stream_.socket().native_handle()) < taken_before + kTakenBytesMin) {
    return stream_.close();
  }
  WatchTaking();
}

void Connection::OnPieceSent(error_code error, size_t) {
  taking_due_.expires_at(asio::steady_timer::time_point::max());
  if (error) return stream_.close();
  core_->metrics.BytesStreamed(piece_.size());
  AskForPiece();
}

// The rest of the body doesn't come.
void Connection::BreakOff() {
  EndRequest(kBrokenOff);
  // An old client takes the connection's end for the body's, unless it is reset.
  error_code ignored;
  if (!streamed_.bytes.has_value() && old_client_) {
    stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
  }
  streamed_ = {};
  stream_.close();
}

void Connection::OnSent(error_code error, size_t) {
  EndRequest(static_cast<int>(response_->result_int()));
  serializer_.reset();
  response_.reset();
  if (error) return stream_.close();
  if (keep_alive_) return AwaitRequest();
  if (stream_.is_tls() && !linger_) {
    // Tells the client that nothing was cut off.
    stream_.expires_after(core_->options.linger_timeout);
    return stream_.async_shutdown([self = shared_from_this()](error_code) { self->stream_.close(); });
  }
  error_code ignored;
  if (!stream_.is_tls()) stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  if (!linger_) return stream_.close();
  // Closing with unread bytes would reset the connection, and the client might never see the answer.
  buffer_.clear();
  stream_.expires_after(core_->options.linger_timeout);
  Linger();
}

void Connection::Linger() { stream_.async_read_some(buffer_.prepare(kReadBytes), Bind(&Connection::OnLingered)); }

void Connection::OnLingered(error_code error, size_t bytes) {
  lingered_bytes_ += bytes;
  if (error || lingered_bytes_ > kLingerBytesMax || core_->draining()) return stream_.close();
  Linger();
}

}  // namespace tutti::gateway
