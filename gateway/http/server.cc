// The only file that includes Beast (with stream.h): it takes most of a minute to compile.
#include "gateway/http/server.h"

#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/status/status.h"
#include "gateway/http/error_response.h"
#include "gateway/http/stream.h"
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
// Until a socket is tried again when there are no file descriptors left.
constexpr std::chrono::milliseconds kAcceptPause(100);
// In the metrics: the client went before it had its answer.
constexpr int kClientGone = 499;
constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";

absl::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

class Connection;

}  // namespace

// What the connections share. It lives as long as the last of them, so that a
// late reply finds it.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  ServerCore(const ServerOptions& options, Handler& handler, Clock& clock, IdGenerator& ids, HttpMetrics& metrics)
      : options(options),
        handler(handler),
        clock(clock),
        ids(ids),
        metrics(metrics),
        work_(asio::make_work_guard(io_)),
        acceptor_(asio::make_strand(io_)),
        pause_(acceptor_.get_executor()) {}

  absl::Status Listen();
  void Run();
  bool Stop(absl::Duration patience);
  int port() const { return port_; }
  bool draining() const { return draining_; }
  // Null: plain text.
  asio::ssl::context* tls() { return tls_.has_value() ? &*tls_ : nullptr; }

  // Runs `task` on a connection's strand; not after the server has stopped.
  template <typename Executor, typename Task>
  void Post(const Executor& executor, Task task) {
    absl::MutexLock lock(&mutex_);
    if (!stopped_) asio::post(executor, std::move(task));
  }

  void Enter(Connection* connection);
  void Leave(Connection* connection);

  const ServerOptions options;
  Handler& handler;
  Clock& clock;
  IdGenerator& ids;
  HttpMetrics& metrics;

 private:
  void Accept();
  void OnAccept(error_code error, tcp::socket socket);
  void CloseAll(bool idle_only);

  std::optional<asio::ssl::context> tls_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::vector<std::thread> threads_;
  std::atomic<bool> draining_ = false;
  int port_ = 0;

  absl::Mutex mutex_;
  std::unordered_set<Connection*> connections_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

namespace {

// One client's connection; all of it on its strand, but the reply.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerCore> core, tcp::socket socket)
      : core_(std::move(core)), stream_(std::move(socket), core_->tls()) {
    core_->metrics.ConnectionOpened();
    core_->Enter(this);
  }
  ~Connection() {
    EndRequest(kClientGone);
    core_->metrics.ConnectionClosed();
    core_->Leave(this);
  }

  auto executor() { return stream_.get_executor(); }

  void Begin() {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    if (!stream_.is_tls()) return AwaitRequest();
    // Ended by a drain as if it were idle.
    idle_ = true;
    stream_.expires_after(core_->options.handshake_timeout);
    stream_.async_handshake(beast::bind_front_handler(&Connection::OnHandshake, shared_from_this()));
  }

  void Refuse() {
    // A handshake would be more work than the answer is worth.
    if (stream_.is_tls()) return stream_.close();
    request_id_ = core_->ids.Next();
    keep_alive_ = false;
    Send(ErrorResponse(Error(absl::StatusCode::kUnavailable, "TOO_MANY_CONNECTIONS",
                             "The gateway has as many connections as it takes; try again."),
                       request_id_));
  }

  void Close(bool idle_only) {
    if (!handed_over_ && (!idle_only || idle_)) stream_.close();
  }

 private:
  using Parser = http::request_parser<http::string_body>;

  auto Bind(void (Connection::*method)(error_code, size_t)) {
    return beast::bind_front_handler(method, shared_from_this());
  }

  void OnHandshake(error_code error) {
    idle_ = false;
    if (!error) return AwaitRequest();
    if (error != asio::error::operation_aborted) core_->metrics.HandshakeFailed();
    stream_.close();
  }

  void AwaitRequest() {
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

  void OnFirstBytes(error_code error, size_t bytes) {
    idle_ = false;
    if (error) return stream_.close();
    buffer_.commit(bytes);
    ReadHeader();
  }

  void ReadHeader() {
    // For the whole request: slow dripping doesn't prolong it.
    stream_.expires_after(core_->options.request_timeout);
    http::async_read_header(stream_, buffer_, *parser_, Bind(&Connection::OnHeader));
  }

  void OnHeader(error_code error, size_t) {
    if (error == http::error::end_of_stream) return stream_.close();
    BeginRequest();
    if (error) return OnReadError(error);
    const auto& header = parser_->get();
    keep_alive_ = header.keep_alive();
    request_.method = std::string(View(header.method_string()));
    head_ = header.method() == http::verb::head;
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

  void OnContinued(error_code error, size_t) {
    if (error) return stream_.close();
    ReadBody();
  }

  // Host, Origin and target.
  absl::Status Check() {
    const auto& header = parser_->get();
    if (header.count(http::field::host) > 1) {
      return Error(absl::StatusCode::kInvalidArgument, "HOST_INVALID", "The request has more than one Host header.");
    }
    std::string host(View(header[http::field::host]));
    TUTTI_ASSIGN_OR_RETURN(request_.target, NormalizeTarget(std::string(View(header.target())), host));
    if (!host.empty() || header.version() >= 11) TUTTI_RETURN_IF_ERROR(CheckHost(core_->options.access, host));
    return CheckOrigin(core_->options.access, std::string(View(header[http::field::origin])), host);
  }

  void ReadBody() { http::async_read(stream_, buffer_, *parser_, Bind(&Connection::OnBody)); }

  void OnBody(error_code error, size_t) {
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

  void OnReadError(error_code error) {
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
  void RefuseRequest(int status, const absl::Status& why) {
    keep_alive_ = false;
    linger_ = true;
    method_ = request_.method;
    Send(ErrorResponse(status, why, request_id_));
  }

  void BeginRequest() {
    request_id_ = core_->ids.Next();
    began_ = core_->clock.Now();
    in_request_ = true;
    request_bytes_ = 0;
    route_ = "none";
    core_->metrics.RequestBegan();
  }

  void EndRequest(int status) {
    if (!in_request_) return;
    in_request_ = false;
    core_->metrics.RequestEnded(route_, method_, status, core_->clock.Now() - began_, request_bytes_);
  }

  void HandOver(const std::function<void(std::unique_ptr<Upgraded>)>& taker) {
    EndRequest(101);
    handed_over_ = true;
    // The server lives as long as what is posted to it.
    const auto post = [core = core_, executor = stream_.get_executor()](std::function<void()> task) {
      core->Post(executor, std::move(task));
    };
    taker(std::make_unique<Upgraded>(Upgraded{post, std::move(stream_), std::move(buffer_)}));
  }

  void Send(Response response) {
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
    response_->keep_alive(keep_alive_);
    if (has_body) response_->content_length(response.body.size());
    if (has_body && !head_) response_->body() = std::move(response.body);
    serializer_.emplace(*response_);
    stream_.expires_after(core_->options.write_timeout);
    // A header alone for HEAD: its length says what GET would give.
    if (head_) {
      http::async_write_header(stream_, *serializer_, Bind(&Connection::OnSent));
    } else {
      http::async_write(stream_, *serializer_, Bind(&Connection::OnSent));
    }
  }

  void OnSent(error_code error, size_t) {
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

  void Linger() { stream_.async_read_some(buffer_.prepare(kReadBytes), Bind(&Connection::OnLingered)); }

  void OnLingered(error_code error, size_t bytes) {
    lingered_bytes_ += bytes;
    if (error || lingered_bytes_ > kLingerBytesMax || core_->draining()) return stream_.close();
    Linger();
  }

  const std::shared_ptr<ServerCore> core_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<http::response<http::string_body>> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;

  Request request_;
  std::string request_id_;
  std::string method_;
  std::string route_ = "none";
  absl::Time began_;
  size_t request_bytes_ = 0;
  size_t lingered_bytes_ = 0;
  // Between a request's header and its answer's end.
  bool in_request_ = false;
  bool idle_ = false;
  bool head_ = false;
  bool keep_alive_ = true;
  bool linger_ = false;
  bool handed_over_ = false;
};

}  // namespace

void ServerCore::Enter(Connection* connection) {
  absl::MutexLock lock(&mutex_);
  connections_.insert(connection);
}

void ServerCore::Leave(Connection* connection) {
  absl::MutexLock lock(&mutex_);
  connections_.erase(connection);
}

absl::Status ServerCore::Listen() {
  error_code error;
  if (options.tls != nullptr) error = UseCertificate(*options.tls, tls_.emplace(asio::ssl::context::tls_server));
  if (error) return absl::InvalidArgumentError(absl::StrCat("can't use the TLS certificate: ", error.message()));
  const size_t colon = options.listen.rfind(':');
  std::string host = options.listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  int port = -1;
  const auto address = asio::ip::make_address(host, error);
  if (error || colon == std::string::npos || !absl::SimpleAtoi(options.listen.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("can't listen for HTTP on ", options.listen, ": no address:port"));
  }
  const tcp::endpoint endpoint(address, static_cast<uint16_t>(port));
  acceptor_.open(endpoint.protocol(), error);
  // Past connections in TIME_WAIT don't hinder a restart; a second listener is still refused.
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("can't listen for HTTP on ", options.listen, ": the port is taken or not allowed"));
  }
  port_ = acceptor_.local_endpoint(error).port();
  return absl::OkStatus();
}

void ServerCore::Run() {
  asio::dispatch(acceptor_.get_executor(), [this] { Accept(); });
  for (int i = 0; i < options.threads; ++i) {
    threads_.emplace_back([this] { io_.run(); });
  }
}

void ServerCore::Accept() {
  if (draining_) return;
  acceptor_.async_accept(asio::make_strand(io_),
                         [this](error_code error, tcp::socket socket) { OnAccept(error, std::move(socket)); });
}

void ServerCore::OnAccept(error_code error, tcp::socket socket) {
  if (draining_) return;
  if (error) {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](error_code) { Accept(); });
    return;
  }
  bool full;
  {
    absl::MutexLock lock(&mutex_);
    full = static_cast<int>(connections_.size()) >= options.connections_max;
  }
  if (full) metrics.ConnectionRefused();
  auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket));
  asio::dispatch(connection->executor(), [connection, full] { full ? connection->Refuse() : connection->Begin(); });
  Accept();
}

void ServerCore::CloseAll(bool idle_only) {
  // Let go of outside the lock: the last owner of a connection takes it.
  std::vector<std::shared_ptr<Connection>> alive;
  {
    absl::MutexLock lock(&mutex_);
    for (Connection* connection : connections_) {
      if (auto owned = connection->weak_from_this().lock()) alive.push_back(std::move(owned));
    }
  }
  for (const auto& connection : alive) {
    asio::post(connection->executor(), [connection, idle_only] { connection->Close(idle_only); });
  }
}

bool ServerCore::Stop(absl::Duration patience) {
  if (draining_.exchange(true)) return true;
  asio::post(acceptor_.get_executor(), [this] {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  });
  CloseAll(/*idle_only=*/true);
  bool done;
  {
    const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return connections_.empty(); };
    absl::MutexLock lock(&mutex_);
    done = mutex_.AwaitWithTimeout(absl::Condition(&none), patience);
  }
  CloseAll(/*idle_only=*/false);
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  // The threads end when the closed sockets have told everyone.
  work_.reset();
  for (std::thread& thread : threads_) thread.join();
  return done;
}

Server::Server(std::shared_ptr<ServerCore> core) : core_(std::move(core)) {}

Server::~Server() { Stop(absl::ZeroDuration()); }

int Server::port() const { return core_->port(); }

bool Server::Stop(absl::Duration patience) { return core_->Stop(patience); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, Handler& handler, Clock& clock,
                                                      IdGenerator& ids, HttpMetrics& metrics) {
  auto core = std::make_shared<ServerCore>(options, handler, clock, ids, metrics);
  TUTTI_RETURN_IF_ERROR(core->Listen());
  core->Run();
  return std::unique_ptr<Server>(new Server(std::move(core)));
}

}  // namespace tutti::gateway
