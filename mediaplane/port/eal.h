#ifndef MEDIAPLANE_PORT_EAL_H_
#define MEDIAPLANE_PORT_EAL_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

struct EalOptions {
  // Memory for all mempools and rings of the process; MemoryMbFor() reckons it.
  unsigned memory_mb = 64;
  // Off: ordinary pages, so that any user can run it. On: the caller has set
  // aside hugepages (a NIC's DMA needs them).
  bool hugepages = false;
  // Looks for devices on the PCI bus (a NIC bound to vfio-pci).
  bool pci = false;
  // Devices without hardware: "net_af_packet0,iface=eth1".
  std::vector<std::string> vdevs = {};
  // Tells apart the hugepage files of several processes.
  std::string file_prefix = "tutti";
};

// DPDK's environment: its memory, mempools and rings serve the kernel-UDP port
// too. A process can have one, once. The thread that calls Start keeps the CPUs
// it may run on, and no thread is added.
class Eal {
 public:
  // INVALID_ARGUMENT with DPDK's own words when a device or option is refused,
  // FAILED_PRECONDITION when this process had one before.
  static absl::StatusOr<std::unique_ptr<Eal>> Start(const EalOptions& options);

  // Frees it all: ports, pools and rings must be gone.
  ~Eal();

  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

 private:
  Eal() = default;
};

// Gives a worker thread a DPDK id, and so its own cache in every mempool. Called
// by the thread itself at its start; allocates.
absl::Status RegisterWorkerThread();
void UnregisterWorkerThread();

struct MempoolDeleter {
  void operator()(rte_mempool* pool) const;
};
using PacketPool = std::unique_ptr<rte_mempool, MempoolDeleter>;

// mbufs that a node of so many workers needs: those that a round of every
// worker holds, what waits in rings between workers, a device's descriptors,
// and what rests in the workers' mempool caches.
unsigned PacketsFor(unsigned workers, unsigned descriptors_per_worker);

// EalOptions::memory_mb for that many mbufs and the rings beside them.
unsigned MemoryMbFor(unsigned packets);

// mbufs of kPacketDataBytesMax bytes with a PacketMeta. RESOURCE_EXHAUSTED when
// EalOptions::memory_mb does not hold them.
absl::StatusOr<PacketPool> CreatePacketPool(const std::string& name, unsigned packets);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_EAL_H_
