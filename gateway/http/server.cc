#include "gateway/http/server.h"

#include <boost/asio/dispatch.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "gateway/http/connection.h"
#include "gateway/http/server_core.h"

namespace tutti::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Until a socket is tried again when there are no file descriptors left.
constexpr std::chrono::milliseconds kAcceptPause(100);

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
