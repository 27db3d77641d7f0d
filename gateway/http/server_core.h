#ifndef GATEWAY_HTTP_SERVER_CORE_H_
#define GATEWAY_HTTP_SERVER_CORE_H_

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "gateway/http/server.h"

namespace tutti::gateway {

class Connection;

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
        work_(boost::asio::make_work_guard(io_)),
        acceptor_(boost::asio::make_strand(io_)),
        pause_(acceptor_.get_executor()) {}

  absl::Status Listen();
  void Run();
  bool Stop(absl::Duration patience);
  int port() const { return port_; }
  bool draining() const { return draining_; }
  // Null: plain text.
  boost::asio::ssl::context* tls() { return tls_.has_value() ? &*tls_ : nullptr; }

  // Runs `task` on a connection's strand; not after the server has stopped.
  template <typename Executor, typename Task>
  void Post(const Executor& executor, Task task) {
    absl::MutexLock lock(&mutex_);
    if (!stopped_) boost::asio::post(executor, std::move(task));
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
  void OnAccept(boost::system::error_code error, boost::asio::ip::tcp::socket socket);
  void CloseAll(bool idle_only);

  std::optional<boost::asio::ssl::context> tls_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::vector<std::thread> threads_;
  std::atomic<bool> draining_ = false;
  int port_ = 0;

  absl::Mutex mutex_;
  std::unordered_set<Connection*> connections_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_SERVER_CORE_H_
