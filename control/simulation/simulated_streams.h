#ifndef CONTROL_SIMULATION_SIMULATED_STREAMS_H_
#define CONTROL_SIMULATION_SIMULATED_STREAMS_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "control/media/node_client.h"
#include "control/simulation/node_line.h"

namespace tutti::control::simulation {

// A Watch over the network. Messages are on the way one at a time, so they stay in
// order.
class SimulatedWatch final : public control::NodeClient::Stream, public std::enable_shared_from_this<SimulatedWatch> {
 public:
  SimulatedWatch(std::shared_ptr<NodeLine> line, const media::v1::WatchRequest& request,
                 control::NodeClient::WatchHandler handler)
      : line_(std::move(line)), request_(request), handler_(std::move(handler)) {}

  // Once.
  void Start();
  void Next() override;
  void Cancel() override { EndSoon(absl::CancelledError("cancelled")); }

 private:
  // The request is at the node.
  void Arrive();
  void Pump();
  void Send(const media::v1::WatchResponse& message);
  void Keepalive();
  void EndSoon(const absl::Status& status);

  const std::shared_ptr<NodeLine> line_;
  const media::v1::WatchRequest request_;
  const control::NodeClient::WatchHandler handler_;
  std::shared_ptr<std::function<void()>> on_change_;
  std::string epoch_;
  int64_t next_ = 0;
  bool wants_ = false;
  bool is_sending_ = false;
  bool is_over_ = false;
};

// A WatchLive over the network: what happens while it is not there is lost.
class SimulatedLiveWatch final : public control::NodeClient::Stream,
                                 public std::enable_shared_from_this<SimulatedLiveWatch> {
 public:
  SimulatedLiveWatch(std::shared_ptr<NodeLine> line, control::NodeClient::LiveHandler handler)
      : line_(std::move(line)), handler_(std::move(handler)) {}

  // Once.
  void Start();
  void Next() override;
  void Cancel() override { EndSoon(absl::CancelledError("cancelled")); }

 private:
  void Arrive();
  void Pump();
  void Keepalive();
  void EndSoon(const absl::Status& status);

  const std::shared_ptr<NodeLine> line_;
  const control::NodeClient::LiveHandler handler_;
  std::shared_ptr<std::function<void(const media::v1::LiveEvent&)>> on_event_;
  std::string epoch_;
  std::deque<media::v1::WatchLiveResponse> waiting_;
  bool wants_ = false;
  bool is_sending_ = false;
  bool is_over_ = false;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_SIMULATED_STREAMS_H_
