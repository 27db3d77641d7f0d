#ifndef GATEWAY_WS_GRPC_EVENT_SOURCE_H_
#define GATEWAY_WS_GRPC_EVENT_SOURCE_H_

#include <memory>
#include <string>

#include "gateway/ws/event_source.h"
#include "gateway/ws/loop.h"
#include "grpcpp/channel.h"
#include "tutti/control/v1/event.grpc.pb.h"

namespace tutti::gateway::ws {

// Over gRPC. The loop is stopped before the source ends, which cancels what is
// open and waits for its end.
class GrpcEventSource final : public EventSource {
 public:
  GrpcEventSource(const std::shared_ptr<grpc::Channel>& channel, Loop& loop);
  ~GrpcEventSource() override;

  std::shared_ptr<Stream> Watch(const std::string& authorization, const Ids& ids,
                                const control::v1::WatchEventsRequest& request, Handler handler) override;

 private:
  class Open;
  class Reactor;

  Loop& loop_;
  const std::unique_ptr<control::v1::EventService::Stub> stub_;
  const std::shared_ptr<Open> open_;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_GRPC_EVENT_SOURCE_H_
