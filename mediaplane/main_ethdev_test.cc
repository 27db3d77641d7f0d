// The binary with net_af_packet on one end of a veth pair, callers on the
// kernel's end of it, all in a network namespace of its own.

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/testing/process.h"
#include "mediaplane/main_testing.h"

namespace tutti::mediaplane {
namespace {

bool Run(const std::string& command) {
  return std::system(("PATH=$PATH:/usr/sbin:/sbin; " + command + " >/dev/null").c_str()) == 0;
}

bool MakeNetwork() {
  return unshare(CLONE_NEWNET) == 0 && Run("ip link set lo up") &&
         Run("ip link add media0 type veth peer name peer0") && Run("ip addr add 198.18.0.2/24 dev peer0") &&
         // Else the kernel leaves UDP checksums to a device that is none.
         Run("ethtool -K peer0 tx off") && Run("ip link set media0 up") && Run("ip link set peer0 up");
}

TEST(MainEthdevTest, TwoCallersHearEachOtherOverADpdkDevice) {
  if (!MakeNetwork()) GTEST_SKIP() << "needs root, ip and ethtool to make a veth pair in a network namespace";
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
