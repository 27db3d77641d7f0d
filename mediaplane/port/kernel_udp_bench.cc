// What an echo of 172-byte packets costs on loopback, a packet a leg and tick:
// through the port, against bare calls on the same sockets. Counted is the
// thread's CPU time of receive and send, without the callers'.

#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <rte_mempool.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "mediaplane/port/address.h"
#include "mediaplane/port/eal.h"
#include "mediaplane/port/kernel_udp.h"

namespace tutti::mediaplane {
namespace {

constexpr unsigned kLegs = 200;
constexpr unsigned kBytes = 172;
constexpr unsigned kBatch = 32;

double ThreadCpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::abort();
}

rte_mempool* Pool() {
  static rte_mempool* const pool = [] {
    const unsigned packets = PacketsFor(1, 0);
    OrDie(Eal::Start({.memory_mb = MemoryMbFor(packets)})).release();
    return OrDie(CreatePacketPool("bench", packets)).release();
  }();
  return pool;
}

// Callers, each with a socket of its own, and the legs that they talk to.
struct Setup {
  explicit Setup(bool kernel_timestamps) {
    endpoints = OrDie(KernelUdpEndpoints::Create({.addresses = {*ParseSocketAddress("127.0.0.1", 0)},
                                                  .port_start = static_cast<uint64_t>(getpid()),
                                                  .phases = 1,
                                                  .legs_max = kLegs,
                                                  .pool = Pool(),
                                                  .kernel_timestamps = kernel_timestamps}));
    for (LegSlot leg = 0; leg < kLegs; ++leg) {
      const int fd = socket(AF_INET, SOCK_DGRAM, 0);
      sockaddr_storage local;
      socklen_t bytes = ToSockaddr(*ParseSocketAddress("127.0.0.1", 0), &local);
      if (bind(fd, reinterpret_cast<sockaddr*>(&local), bytes) != 0) std::abort();
      getsockname(fd, reinterpret_cast<sockaddr*>(&local), &bytes);
      legs.push_back(OrDie(endpoints->Open(leg, FromSockaddr(local), true)));
      bytes = ToSockaddr(legs.back().rtp, &local);
      if (connect(fd, reinterpret_cast<sockaddr*>(&local), bytes) != 0) std::abort();
      callers.push_back(fd);
    }
  }
  ~Setup() {
    for (const Endpoint& leg : legs) endpoints->Close(leg);
    for (const int fd : callers) close(fd);
  }

  void CallersSend() {
    const char packet[kBytes] = {};
    for (const int fd : callers) {
      if (send(fd, packet, kBytes, 0) != kBytes) std::abort();
    }
  }
  void CallersReceive(benchmark::State& state) {
    char packet[kBytes];
    for (const int fd : callers) {
      if (recv(fd, packet, kBytes, MSG_DONTWAIT) != kBytes) state.SkipWithError("an echo is missing");
    }
  }

  std::unique_ptr<KernelUdpEndpoints> endpoints;
  std::vector<Endpoint> legs;
  std::vector<int> callers;
};

void BM_Port(benchmark::State& state) {
  (void)RegisterWorkerThread();
  Setup setup(state.range(0) != 0);
  Port& port = setup.endpoints->port(0);
  for (const Endpoint& leg : setup.legs) port.Attach(leg, 0);
  std::array<rte_mbuf*, kBatch> packets;
  for (auto _ : state) {
    setup.CallersSend();
    const double start = ThreadCpuSeconds();
    unsigned got = kBatch;
    while (got == kBatch) {
      got = port.Receive(0, packets);
      port.Send({packets.data(), got});
    }
    state.SetIterationTime(ThreadCpuSeconds() - start);
    setup.CallersReceive(state);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kLegs);
}
BENCHMARK(BM_Port)->ArgName("kernel_timestamps")->Arg(0)->Arg(1)->UseManualTime();

void BM_BareEcho(benchmark::State& state) {
  Setup setup(/*kernel_timestamps=*/false);
  char data[kBytes];
  sockaddr_storage remote;
  iovec part = {.iov_base = data, .iov_len = sizeof(data)};
  mmsghdr header = {};
  header.msg_hdr.msg_iov = &part;
  header.msg_hdr.msg_iovlen = 1;
  header.msg_hdr.msg_name = &remote;
  for (auto _ : state) {
    setup.CallersSend();
    const double start = ThreadCpuSeconds();
    for (const Endpoint& leg : setup.legs) {
      header.msg_hdr.msg_namelen = sizeof(remote);
      part.iov_len = sizeof(data);
      if (recvmmsg(leg.rtp_fd, &header, 1, MSG_DONTWAIT, nullptr) != 1) state.SkipWithError("nothing came");
      part.iov_len = header.msg_len;
      if (sendmmsg(leg.rtp_fd, &header, 1, MSG_DONTWAIT) != 1) state.SkipWithError("nothing sent");
    }
    state.SetIterationTime(ThreadCpuSeconds() - start);
    setup.CallersReceive(state);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kLegs);
}
BENCHMARK(BM_BareEcho)->UseManualTime();

}  // namespace
}  // namespace tutti::mediaplane

BENCHMARK_MAIN();
