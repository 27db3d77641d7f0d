#include "mediaplane/port/eal.h"

#include <pthread.h>
#include <rte_lcore.h>

#include <thread>

#include "gtest/gtest.h"

namespace tutti::mediaplane {
namespace {

// One process has one EAL, so one test walks its life.
TEST(EalTest, Life) {
  cpu_set_t before;
  CPU_ZERO(&before);
  pthread_getaffinity_np(pthread_self(), sizeof(before), &before);
  const unsigned packets = PacketsFor(/*workers=*/2, /*descriptors_per_worker=*/1024);
  auto eal = Eal::Start({.memory_mb = MemoryMbFor(packets)});
  ASSERT_TRUE(eal.ok()) << eal.status();

  cpu_set_t after;
  CPU_ZERO(&after);
  pthread_getaffinity_np(pthread_self(), sizeof(after), &after);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));

  EXPECT_EQ(Eal::Start({}).status().code(), absl::StatusCode::kFailedPrecondition);

  auto pool = CreatePacketPool("packets", packets);
  ASSERT_TRUE(pool.ok()) << pool.status();
  rte_mbuf* packet = rte_pktmbuf_alloc(pool->get());
  ASSERT_NE(packet, nullptr);
  EXPECT_GE(rte_pktmbuf_tailroom(packet), kPacketDataBytesMax);
  Meta(packet).leg = 3;
  EXPECT_EQ(packet->priv_size, sizeof(PacketMeta));
  rte_pktmbuf_free(packet);

  const auto too_many = CreatePacketPool("too_many", 64 * packets);
  EXPECT_EQ(too_many.status().code(), absl::StatusCode::kResourceExhausted) << too_many.status();

  std::thread([] {
    EXPECT_EQ(rte_lcore_id(), LCORE_ID_ANY);
    EXPECT_TRUE(RegisterWorkerThread().ok());
    EXPECT_NE(rte_lcore_id(), LCORE_ID_ANY);
    UnregisterWorkerThread();
  }).join();
}

}  // namespace
}  // namespace tutti::mediaplane
