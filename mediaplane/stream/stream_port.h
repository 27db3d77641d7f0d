#ifndef MEDIAPLANE_STREAM_STREAM_PORT_H_
#define MEDIAPLANE_STREAM_STREAM_PORT_H_

#include <memory>
#include <vector>

#include "mediaplane/audio/format.h"
#include "mediaplane/port/port.h"
#include "mediaplane/port/port_clock.h"
#include "mediaplane/stream/audio_line.h"

namespace tutti::mediaplane {

// The far end of a leg whose samples go by a line in memory, not by a network: the
// remote address to give it. No offer can name port 0.
SocketAddress StreamAddress(MixRate rate);
bool IsStreamAddress(const SocketAddress& address);

// What the leg negotiated with its line: L16 of its rate.
constexpr uint8_t kStreamPayloadType = 96;

struct StreamPortOptions {
  unsigned workers = 1;
  unsigned phases = 4;
  // Workers poll: see EngineOptions.
  bool polling = false;
  unsigned legs_max = 0;
  rte_mempool* pool = nullptr;  // not owned
  // As the workers' threads have it.
  PortClock clock = SystemPortClock;
};

// One worker's way to its legs with lines, before its way to the network, which is
// all of it while it has no such leg.
//
// What is said on a line is cut into packets of 20 ms, one for each tick of the
// leg, as if it had come 5 ms before: the jitter buffer adds nothing. Where
// nothing is said a comfort-noise packet says so once. See Port for the threads.
class StreamPort final : public Port {
 public:
  StreamPort(Port& network, const StreamPortOptions& options);

  void Attach(const Endpoint& endpoint, unsigned phase) override;
  void Detach(LegSlot leg) override;
  unsigned Receive(unsigned phase, std::span<rte_mbuf*> packets) override;
  void Send(std::span<rte_mbuf*> packets) override;
  // The network's.
  const PortCounters& counters() const override { return network_.counters(); }

 private:
  struct Leg {
    AudioLine* line = nullptr;  // null: not here, or of the network
    unsigned phase = 0;
  };

  unsigned ReceiveStreams(unsigned phase, std::span<rte_mbuf*> packets);
  // False when the packets did not suffice for all of the phase's legs.
  bool ReceivePhase(unsigned phase, int64_t now_ns, std::span<rte_mbuf*> packets, unsigned& filled);
  rte_mbuf* NextPacket(LegSlot leg, AudioLine& line, int64_t tick_ns);
  void Deliver(rte_mbuf* packet);

  Port& network_;
  const StreamPortOptions options_;
  const int64_t slot_ns_;
  std::vector<Leg> legs_;                     // [leg]
  std::vector<std::vector<LegSlot>> phases_;  // [phase], with room for all legs
  unsigned attached_ = 0;
  int64_t last_slot_ = 0;  // polling: the last one that was served
};

// Lines in memory, and a network for all other legs.
class StreamEndpoints final : public Endpoints {
 public:
  // The network has a port for each worker, and outlives this.
  StreamEndpoints(Endpoints& network, const StreamPortOptions& options);

  // A line where `remote` is a StreamAddress; else the network's.
  absl::StatusOr<Endpoint> Open(LegSlot leg, const SocketAddress& remote, bool rtcp_mux) override;
  void Close(const Endpoint& endpoint) override;
  Port& port(unsigned worker) override { return *ports_[worker]; }
  uint64_t ports_skipped() const override { return network_.ports_skipped(); }

  // The leg's, from its Open to its Close; null: it has none. On the control thread.
  std::shared_ptr<AudioLine> line(LegSlot leg) const { return lines_[leg]; }

  const std::shared_ptr<StreamCounters>& counters() const { return counters_; }

 private:
  Endpoints& network_;
  const std::shared_ptr<StreamCounters> counters_ = std::make_shared<StreamCounters>();
  std::vector<std::shared_ptr<AudioLine>> lines_;  // [leg]
  std::vector<std::unique_ptr<StreamPort>> ports_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_STREAM_STREAM_PORT_H_
