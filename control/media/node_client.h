#ifndef CONTROL_MEDIA_NODE_CLIENT_H_
#define CONTROL_MEDIA_NODE_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "control/core/media.h"
#include "control/scheduler/task_queue.h"
#include "grpcpp/grpcpp.h"
#include "tutti/media/v1/media_plane.grpc.pb.h"

namespace tutti::control {

// The gRPC side of one media node: a deadline on every call, keepalive on the
// connection, answers on the task queue. It decides nothing.
//
// Calls may be made from any thread. The queue must be stopped before the
// client is destroyed; what is in flight then is cancelled, unanswered.
class NodeClient {
 public:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;

  struct WatchHandler {
    // Ask for the next one by Next().
    std::function<void(const media::v1::WatchResponse&)> on_message;
    // Last.
    std::function<void(absl::Status)> on_end;
  };

  // One Watch in progress.
  class Stream {
   public:
    virtual ~Stream() = default;
    virtual void Next() = 0;
    // on_end still comes.
    virtual void Cancel() = 0;
  };

  NodeClient(const std::string& address, TaskQueue& queue);
  ~NodeClient();

  void PutBridge(const media::v1::PutBridgeRequest& request, Done<media::v1::BridgeState> done);
  void RemoveBridge(const media::v1::RemoveBridgeRequest& request, Done<media::v1::BridgeState> done);
  void PutLeg(const media::v1::PutLegRequest& request, Done<media::v1::LegState> done);
  void RemoveLeg(const media::v1::RemoveLegRequest& request, Done<media::v1::LegState> done);
  void GetLeg(const media::v1::GetLegRequest& request, Done<media::v1::LegState> done);
  void GetNode(const media::v1::GetNodeRequest& request, Done<media::v1::NodeState> done);
  // Without requested_at.
  void Snapshot(Done<NodeSnapshot> done);

  // The first message comes without Next().
  std::shared_ptr<Stream> Watch(const media::v1::WatchRequest& request, WatchHandler handler);

 private:
  class Flights;
  class WatchReactor;
  class SnapshotReactor;

  template <typename Request, typename Reply>
  void Unary(void (media::v1::MediaPlane::StubInterface::async_interface::*method)(grpc::ClientContext*, const Request*,
                                                                                   Reply*,
                                                                                   std::function<void(grpc::Status)>),
             const Request& request, Done<Reply> done);

  TaskQueue& queue_;
  std::unique_ptr<media::v1::MediaPlane::Stub> stub_;
  std::shared_ptr<Flights> flights_;
};

}  // namespace tutti::control

#endif  // CONTROL_MEDIA_NODE_CLIENT_H_
