#include "gateway/media_stream/media_stream_server.h"

#include <utility>
#include <vector>

#include "common/status/status.h"
#include "gateway/http/error_response.h"
#include "gateway/media_stream/client.h"
#include "gateway/media_stream/stream_request.h"
#include "gateway/rest/control_call.h"

namespace tutti::gateway::media_stream {
namespace {

// More media nodes than this are connected to anew.
constexpr size_t kChannelsMax = 64;
// For connections that were cut off to be gone.
constexpr absl::Duration kAbortPatience = absl::Seconds(5);

}  // namespace

ws::SessionOptions MediaStreamServer::DefaultSession() {
  ws::SessionOptions session;
  session.binary = true;
  session.queue_frames_max = 100;
  session.socket_bytes = 16 * 1024;
  return session;
}

MediaStreamServer::MediaStreamServer(const std::shared_ptr<grpc::Channel>& control, Connect connect, ws::Loop& loop,
                                     IdGenerator& ids, MediaStreamMetrics& metrics, Handler& next,
                                     const Options& options)
    : control_(control::v1::ConferenceService::NewStub(control)),
      connect_(std::move(connect)),
      loop_(loop),
      ids_(ids),
      metrics_(metrics),
      next_(next),
      options_(options) {}

MediaStreamServer::~MediaStreamServer() = default;

void MediaStreamServer::Handle(Request request, Reply reply) {
  const auto conference_id = FindConference(request.Path());
  if (!conference_id.has_value()) return next_.Handle(std::move(request), std::move(reply));
  const auto refuse = [&](int http_status, const absl::Status& why, Header header = {}) {
    Response response = ErrorResponse(http_status, why, request.request_id);
    response.route = kRoute;
    if (!header.name.empty()) response.headers.push_back(std::move(header));
    reply(std::move(response));
  };
  if (request.method != "GET") {
    return refuse(405, Error(absl::StatusCode::kInvalidArgument, "METHOD_NOT_ALLOWED", "This path takes GET."),
                  {"Allow", "GET"});
  }
  if (!ws::IsUpgrade(request)) {
    return refuse(426, Error(absl::StatusCode::kInvalidArgument, "UPGRADE_REQUIRED", "This path is a WebSocket."),
                  {"Upgrade", "websocket"});
  }
  auto wanted = ParseStreamRequest(*conference_id, request.target);
  if (!wanted.ok()) return refuse(400, wanted.status());
  const auto client = std::make_shared<Client>(*this, request, reply, *std::move(wanted));
  if (!AddCredentials(request, client->context())) {
    return refuse(401, Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED",
                             "The Authorization header can't be one of ours."));
  }
  AddTrace(request, ids_, client->context());
  absl::Status why;
  if (!Enter(client, why)) return refuse(HttpStatus(why.code()), why);
  client->Start();
}

bool MediaStreamServer::Enter(const std::shared_ptr<Client>& client, absl::Status& why) {
  absl::MutexLock lock(&mutex_);
  if (stopped_) {
    why = Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "The gateway is ending; try again.");
  } else if (clients_.size() >= options_.clients_max) {
    why = Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_CLIENTS",
                "The gateway has as many media streams as it takes; try again.");
  } else {
    clients_.insert(client);
    return true;
  }
  return false;
}

void MediaStreamServer::Leave(const std::shared_ptr<Client>& client) {
  absl::MutexLock lock(&mutex_);
  clients_.erase(client);
}

std::shared_ptr<grpc::Channel> MediaStreamServer::ChannelTo(const std::string& address) {
  absl::MutexLock lock(&mutex_);
  if (const auto it = channels_.find(address); it != channels_.end()) return it->second;
  if (channels_.size() >= kChannelsMax) channels_.clear();
  return channels_[address] = connect_(address);
}

bool MediaStreamServer::Stop(absl::Duration patience) {
  const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return clients_.empty(); };
  const auto clients = [this] {
    absl::MutexLock lock(&mutex_);
    return std::vector<std::shared_ptr<Client>>(clients_.begin(), clients_.end());
  };
  {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(stopped_, true)) return true;
  }
  for (const auto& client : clients()) client->Close();
  bool closed;
  {
    absl::MutexLock lock(&mutex_);
    closed = mutex_.AwaitWithTimeout(absl::Condition(&none), patience);
  }
  for (const auto& client : clients()) client->Abort();
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&none), kAbortPatience);
  return closed;
}

}  // namespace tutti::gateway::media_stream
