// The binary with net_af_packet on one end of a veth pair, callers on the
// kernel's end of it, all in a network namespace of its own.

#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/testing/process.h"
#include "common/testing/veth.h"
#include "mediaplane/main_testing.h"

namespace tutti::mediaplane {
namespace {

TEST(MainEthdevTest, TwoCallersHearEachOtherOverADpdkDevice) {
  ASSERT_TRUE(MakeVethPair());
  const std::string grpc = absl::StrCat("127.0.0.1:", FreeTcpPort());
  Process process("mediaplane/mediaplane",
                  {"--mediaplane.grpc_listen=" + grpc, "--mediaplane.metrics_listen=127.0.0.1:0",
                   "--mediaplane.ethdev_address=198.18.0.1/24", "--mediaplane.rtp_peer_allow=198.18.0.0/15",
                   "--mediaplane.ethdev_vdev=net_af_packet0,iface=media0,blocksz=65536,framesz=2048,framecnt=2048"});
  const auto stub = Connect(grpc);
  PutBridge(*stub, 101);
  Caller first(503, "198.18.0.2"), second(811, "198.18.0.2");
  const auto answer = PutLeg(*stub, 1, 1, 101, first).answer();
  EXPECT_EQ(answer.sections(0).address(), "198.18.0.1");
  first.CallTo(answer);
  second.CallTo(PutLeg(*stub, 2, 1, 101, second).answer());
  ExpectToHearEachOther(first, second);
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0) << process.errors();
}

}  // namespace
}  // namespace tutti::mediaplane
