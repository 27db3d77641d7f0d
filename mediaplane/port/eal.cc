#include "mediaplane/port/eal.h"

#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_mempool.h>
#include <sched.h>
#include <stdlib.h>

#include <atomic>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "common/status/status.h"

namespace tutti::mediaplane {
namespace {

constexpr unsigned kMempoolCache = 256;
constexpr unsigned kPacketsPerWorker = 4096;

static_assert(kPacketPrivateBytes % RTE_MBUF_PRIV_ALIGN == 0);

// DPDK's log of its start, for the error message.
class CapturedLog {
 public:
  CapturedLog() : stream_(open_memstream(&text_, &size_)) {
    if (stream_ != nullptr) rte_openlog_stream(stream_);
  }
  ~CapturedLog() {
    rte_openlog_stream(nullptr);
    if (stream_ != nullptr) fclose(stream_);
    free(text_);
  }

  std::string text() {
    if (stream_ == nullptr || fflush(stream_) != 0) return "";
    std::string text(text_, size_);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    for (char& c : text) {
      if (c == '\n') c = ';';
    }
    return text;
  }

 private:
  char* text_ = nullptr;
  size_t size_ = 0;
  FILE* stream_;
};

int FirstCpu(const cpu_set_t& cpus) {
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &cpus)) return cpu;
  }
  return 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Eal>> Eal::Start(const EalOptions& options) {
  static std::atomic<bool> started = false;
  if (started.exchange(true)) {
    return Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID", "DPDK was started in this process before");
  }
  // DPDK pins the calling thread to its main lcore's CPU, and every thread made
  // later would inherit that.
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus);

  std::vector<std::string> arguments = {"tutti",
                                        absl::StrFormat("--lcores=0@%d", FirstCpu(cpus)),
                                        absl::StrFormat("-m%u", options.memory_mb),
                                        "--file-prefix=" + options.file_prefix,
                                        "--no-telemetry",
                                        "--no-shconf",
                                        "--log-level=*:warning"};
  if (!options.hugepages) arguments.push_back("--no-huge");
  if (!options.pci) arguments.push_back("--no-pci");
  for (const std::string& vdev : options.vdevs) arguments.push_back("--vdev=" + vdev);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  CapturedLog log;
  const int result = rte_eal_init(static_cast<int>(arguments.size()), argv.data());
  pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
  if (result < 0) {
    return Error(absl::StatusCode::kInvalidArgument, "DPDK_START_FAILED",
                 absl::StrFormat("DPDK does not start: %s (%s)", rte_strerror(rte_errno), log.text()));
  }
  return std::unique_ptr<Eal>(new Eal);
}

Eal::~Eal() { rte_eal_cleanup(); }

absl::Status RegisterWorkerThread() {
  if (rte_thread_register() == 0) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "DPDK_START_FAILED",
               absl::StrFormat("DPDK has no id for another thread: %s", rte_strerror(rte_errno)));
}

void UnregisterWorkerThread() { rte_thread_unregister(); }

void MempoolDeleter::operator()(rte_mempool* pool) const { rte_mempool_free(pool); }

unsigned PacketsFor(unsigned workers, unsigned descriptors_per_worker) {
  return (workers + 1) * (kPacketsPerWorker + descriptors_per_worker);
}

unsigned MemoryMbFor(unsigned packets) {
  // The mbuf and its data, a mempool object's header, the pool's ring, and
  // alignment: rounded up to 2 560 bytes.
  constexpr unsigned kBytesPerPacket = 2560;
  constexpr unsigned kOtherMb = 32;
  return kOtherMb + static_cast<unsigned>(uint64_t{packets} * kBytesPerPacket >> 20);
}

absl::StatusOr<PacketPool> CreatePacketPool(const std::string& name, unsigned packets) {
  rte_mempool* pool = rte_pktmbuf_pool_create(name.c_str(), packets, kMempoolCache, kPacketPrivateBytes,
                                              RTE_PKTMBUF_HEADROOM + kPacketDataBytesMax, SOCKET_ID_ANY);
  if (pool == nullptr) {
    return Error(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY",
                 absl::StrFormat("no pool of %u packets: %s (the node needs %u MB of packet memory)", packets,
                                 rte_strerror(rte_errno), MemoryMbFor(packets)));
  }
  return PacketPool(pool);
}

}  // namespace tutti::mediaplane
