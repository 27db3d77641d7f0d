#include "control/store/postgres_wakeup.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr int kReconnectPauseMs = 500;
// Between two NOTIFYs.
constexpr int kCoalesceMs = 20;

}  // namespace

PostgresWakeup::PostgresWakeup(PostgresConnector& connector, std::function<void()> on_news)
    : connector_(connector), on_news_(std::move(on_news)), event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] { Run(); });
}

PostgresWakeup::~PostgresWakeup() {
  ending_ = true;
  eventfd_write(event_, 1);
  thread_.join();
  close(event_);
}

void PostgresWakeup::TellOthers() {
  if (!has_news_.exchange(true)) eventfd_write(event_, 1);
}

void PostgresWakeup::Run() {
  while (!ending_) {
    absl::Status status = connection_ == nullptr ? Connect() : Serve();
    if (status.ok()) continue;
    connection_ = nullptr;
    // The event may come at once, again and again.
    for (int i = 0; i < kReconnectPauseMs / kCoalesceMs && !ending_; ++i) poll(nullptr, 0, kCoalesceMs);
  }
}

absl::Status PostgresWakeup::Connect() {
  TUTTI_ASSIGN_OR_RETURN(connection_, connector_.Connect());
  TUTTI_RETURN_IF_ERROR(connection_->ExecuteScript("LISTEN tutti"));
  // What was said before is lost.
  if (on_news_) on_news_();
  return absl::OkStatus();
}

absl::Status PostgresWakeup::Serve() {
  pollfd fds[] = {{event_, POLLIN, 0}, {connection_->Socket(), POLLIN, 0}};
  poll(fds, 2, /*timeout=*/-1);
  eventfd_t ignored = 0;
  eventfd_read(event_, &ignored);
  if (ending_) return absl::OkStatus();
  if (has_news_.exchange(false)) {
    TUTTI_RETURN_IF_ERROR(connection_->ExecuteScript("NOTIFY tutti"));
    // More of the same goes out together.
    poll(nullptr, 0, kCoalesceMs);
  }
  TUTTI_ASSIGN_OR_RETURN(const bool from_others, connection_->TakeNotifications());
  if (from_others && on_news_) on_news_();
  return absl::OkStatus();
}

}  // namespace tutti::control
