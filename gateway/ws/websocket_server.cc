#include "gateway/ws/websocket_server.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/synchronization/notification.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "gateway/http/error_response.h"
#include "gateway/http/upgraded.h"

namespace tutti::gateway::ws {
namespace {

constexpr char kPath[] = "/v1/ws";
// No key is so long.
constexpr size_t kCredentialBytesMax = 1024;
// For connections that were cut off to be gone.
constexpr absl::Duration kAbortPatience = absl::Seconds(5);

// The one Authorization header, or empty; nothing: it can't be one of ours.
std::optional<std::string> FindAuthorization(const Request& request) {
  std::string value;
  int count = 0;
  for (const Header& header : request.headers) {
    if (!absl::EqualsIgnoreCase(header.name, "authorization")) continue;
    value = header.value;
    ++count;
  }
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return absl::ascii_isprint(c); });
  if (count > 1 || value.size() > kCredentialBytesMax || !printable) return std::nullopt;
  return value;
}

}  // namespace

struct WebSocketServer::Client {
  std::shared_ptr<Session> session;
  // The loop's; 0: not in the hub.
  Hub::ClientId id = 0;
};

WebSocketServer::WebSocketServer(ThreadLoop& loop, EventSource& source, Clock& clock, IdGenerator& ids,
                                 WsMetrics& metrics, Handler& next, const Options& options)
    : loop_(loop),
      metrics_(metrics),
      next_(next),
      options_(options),
      hub_(source, loop, clock, ids, metrics, options.limits) {}

WebSocketServer::~WebSocketServer() = default;

void WebSocketServer::Handle(Request request, Reply reply) {
  if (request.Path() != kPath) return next_.Handle(std::move(request), std::move(reply));
  const auto refuse = [](int status, const absl::Status& why, const std::string& request_id, Header header) {
    Response response = ErrorResponse(status, why, request_id);
    response.route = kPath;
    if (!header.name.empty()) response.headers.push_back(std::move(header));
    return response;
  };
  if (request.method != "GET") {
    return reply(refuse(405, Error(absl::StatusCode::kInvalidArgument, "METHOD_NOT_ALLOWED", "This path takes GET."),
                        request.request_id, {"Allow", "GET"}));
  }
  if (!IsUpgrade(request)) {
    return reply(refuse(426, Error(absl::StatusCode::kInvalidArgument, "UPGRADE_REQUIRED", "This path is a WebSocket."),
                        request.request_id, {"Upgrade", "websocket"}));
  }
  const auto authorization = FindAuthorization(request);
  if (!authorization.has_value()) {
    return reply(refuse(
        401,
        Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "The Authorization header can't be one of ours."),
        request.request_id, {}));
  }
  auto shared = std::make_shared<Request>(std::move(request));
  loop_.Post([this, refuse, shared, authorization = *authorization, reply = std::move(reply)] {
    hub_.Authorize(authorization, [this, refuse, shared, reply](const absl::Status& status) {
      if (!status.ok()) return reply(refuse(HttpStatus(status.code()), status, shared->request_id, {}));
      Response response;
      response.status = 101;
      response.route = kPath;
      response.upgrade = [this, shared](std::unique_ptr<Upgraded> upgraded) {
        OpenSession(std::move(upgraded), shared);
      };
      reply(std::move(response));
    });
  });
}

void WebSocketServer::OpenSession(std::unique_ptr<Upgraded> upgraded, const std::shared_ptr<Request>& request) {
  auto client = std::make_shared<Client>();
  const std::weak_ptr<Client> weak = client;
  Session::Handler handler;
  handler.on_open = [this, weak, request](const std::shared_ptr<Session>& session) {
    metrics_.ClientOpened();
    log::Info("a WebSocket client came", {{"request_id", request->request_id}});
    loop_.Post([this, weak, request, session] {
      if (const auto client = weak.lock()) {
        client->id = hub_.Add(*FindAuthorization(*request), request->request_id, session);
      }
    });
  };
  handler.on_frame = [this, weak](const std::string& text, bool) {
    loop_.Post([this, weak, text] {
      const auto client = weak.lock();
      if (client == nullptr) return;
      hub_.OnFrame(client->id, text);
      client->session->ReadNext();
    });
  };
  handler.on_drained = [this, weak] {
    loop_.Post([this, weak] {
      if (const auto client = weak.lock()) hub_.OnDrained(client->id);
    });
  };
  handler.on_end = [this, weak, request](CloseReason reason, bool was_open) {
    if (const auto client = weak.lock()) OnEnd(client, reason, was_open);
    if (was_open) {
      log::Info("a WebSocket client went", {{"request_id", request->request_id}, {"reason", CloseReasonWord(reason)}});
    }
  };
  client->session = Session::Make(std::move(upgraded), options_.session, std::move(handler));
  {
    absl::MutexLock lock(&mutex_);
    // Else it goes with its connection.
    if (stopped_) return;
    clients_.insert(client);
  }
  client->session->Open(*request);
}

void WebSocketServer::OnEnd(const std::shared_ptr<Client>& client, CloseReason reason, bool was_open) {
  if (was_open) metrics_.ClientClosed(reason);
  loop_.Post([this, client] { hub_.Remove(client->id); });
  absl::MutexLock lock(&mutex_);
  clients_.erase(client);
}

bool WebSocketServer::Stop(absl::Duration patience) {
  const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return clients_.empty(); };
  {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(stopped_, true)) return true;
  }
  loop_.Post([this] { hub_.CloseAll(); });
  bool closed;
  std::vector<std::shared_ptr<Client>> left;
  {
    absl::MutexLock lock(&mutex_);
    closed = mutex_.AwaitWithTimeout(absl::Condition(&none), patience);
    left.assign(clients_.begin(), clients_.end());
  }
  for (const auto& client : left) client->session->Abort();
  {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&none), kAbortPatience);
  }
  // The hub lets go of the sessions, whose timers would keep the HTTP server's threads.
  absl::Notification empty;
  loop_.Post([&] {
    hub_.RemoveAll();
    empty.Notify();
  });
  empty.WaitForNotification();
  loop_.Stop();
  return closed;
}

}  // namespace tutti::gateway::ws
