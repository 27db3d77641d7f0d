#include "mediaplane/engine/worker_thread.h"

#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/port/address.h"
#include "mediaplane/port/kernel_udp.h"
#include "mediaplane/port/testing.h"

namespace tutti::mediaplane {
namespace {

// Threads of this process that go before others.
int NicerThreads() {
  int nicer = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    nicer += getpriority(PRIO_PROCESS, static_cast<id_t>(std::stoi(thread.path().filename()))) < 0;
  }
  return nicer;
}

// Real threads, real sockets, real time: legs join, change their worker and leave.
TEST(WorkerThreadTest, TwoThreadsServeLegsOverKernelUdp) {
  KernelUdpOptions udp;
  udp.addresses = {Address("127.0.0.1", 0)};
  udp.first_port = 31'000;
  udp.last_port = 31'999;
  udp.workers = 2;
  udp.legs_max = 16;
  udp.pool = TestPool();
  auto endpoints = KernelUdpEndpoints::Create(udp);
  ASSERT_TRUE(endpoints.ok()) << endpoints.status();
  EngineOptions options;
  options.workers = 2;
  options.legs_max = 16;
  options.bridges_max = 4;
  options.packets = TestPool();
  uint64_t random = 1;
  options.random = [&random] { return random *= 6364136223846793005u; };
  auto engine = Engine::Create(options, **endpoints);
  ASSERT_TRUE(engine.ok()) << engine.status();
  WorkerThread one((*engine)->worker(0), -1);
  WorkerThread two((*engine)->worker(1), -1);

  std::vector<EngineEvent> events;
  const auto wait_for = [&](const auto& done) {
    // Ends a test that hangs; passing never waits for it.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      (*engine)->Poll(events);
      std::this_thread::yield();
    }
    return done();
  };
  // Where it may be so: with CAP_SYS_NICE, or by RLIMIT_NICE.
  bool allowed = false;
  std::thread([&allowed] { allowed = setpriority(PRIO_PROCESS, 0, WorkerThread::kNiceness) == 0; }).join();
  EXPECT_TRUE(wait_for([&] { return NicerThreads() == (allowed ? 2 : 0); }));

  const BridgeSlot bridges[] = {*(*engine)->AddBridge(), *(*engine)->AddBridge()};
  // Each leg's far end is the other leg's socket: both hear RTP.
  LegMedia media;
  media.remote_rtp = media.remote_rtcp = Address("127.0.0.1", 9);
  std::vector<AddedLeg> legs;
  for (int i = 0; i < 4; ++i) {
    auto leg = (*engine)->AddLeg(media, true, bridges[i % 2], 1);
    ASSERT_TRUE(leg.ok()) << leg.status();
    legs.push_back(*leg);
  }
  for (int i = 0; i < 4; ++i) {
    media.remote_rtp = media.remote_rtcp = legs[static_cast<size_t>(i ^ 1)].endpoint.rtp;
    ASSERT_TRUE((*engine)->UpdateLeg(legs[static_cast<size_t>(i)].leg, media).ok());
  }
  EXPECT_TRUE(wait_for([&] { return !(*engine)->pending(); }));
  for (int round = 0; round < 6; ++round) {
    for (const AddedLeg& leg : legs) {
      ASSERT_TRUE((*engine)->SetLegBridge(leg.leg, bridges[(round + leg.leg) % 2], static_cast<uint64_t>(round)).ok());
    }
    EXPECT_TRUE(wait_for([&] { return !(*engine)->pending(); }));
  }
  EXPECT_TRUE(wait_for([&] {
    for (const AddedLeg& leg : legs) {
      if ((*engine)->GetLeg(leg.leg)->figures.packets_received < 5) return false;
    }
    return true;
  }));
  for (const AddedLeg& leg : legs) ASSERT_TRUE((*engine)->RemoveLeg(leg.leg, 1).ok());
  EXPECT_TRUE(wait_for([&] { return !(*engine)->pending(); }));
  EXPECT_EQ((*engine)->leg_count(), 0u);
}

}  // namespace
}  // namespace tutti::mediaplane
