#ifndef CONTROL_STORE_POSTGRES_WAKEUP_H_
#define CONTROL_STORE_POSTGRES_WAKEUP_H_

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "control/store/postgres_pool.h"

namespace tutti::control {

// Tells other replicas that there are news in the data base, and hears of theirs,
// by NOTIFY and LISTEN on a connection and a thread of its own. Many commits make
// one NOTIFY, since that takes a lock of the whole server. A hint only: what is
// sent while a connection is broken is lost.
class PostgresWakeup {
 public:
  // `connector` outlives it. `on_news` is called on the thread, and after each
  // new connection; it must not block. May be empty.
  PostgresWakeup(PostgresConnector& connector, std::function<void()> on_news);
  ~PostgresWakeup();
  PostgresWakeup(const PostgresWakeup&) = delete;
  PostgresWakeup& operator=(const PostgresWakeup&) = delete;

  // After a commit. Thread-safe; does not block.
  void TellOthers();

 private:
  void Run();
  absl::Status Connect();
  // Waits for news, own or others', and deals with them.
  absl::Status Serve();

  PostgresConnector& connector_;
  const std::function<void()> on_news_;
  // An eventfd.
  const int event_;
  std::atomic<bool> has_news_{false};
  std::atomic<bool> ending_{false};
  // The thread's.
  std::unique_ptr<sql::PostgresConnection> connection_;
  std::thread thread_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_POSTGRES_WAKEUP_H_
