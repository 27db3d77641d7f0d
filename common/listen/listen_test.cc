#include "common/listen/listen.h"

#include "gtest/gtest.h"

namespace tutti {
namespace {

TEST(CheckListenAddressTest, LoopbackIsFree) {
  for (const char* address : {"127.0.0.1:8080", "127.9.9.9:0", "[::1]:65535", "localhost:1"}) {
    EXPECT_TRUE(CheckListenAddress(address, false).ok()) << address;
  }
}

TEST(CheckListenAddressTest, OtherAddressesNeedTheFlag) {
  for (const char* address : {"0.0.0.0:8080", "[::]:1", "192.0.2.1:1", "example.org:1"}) {
    EXPECT_EQ(CheckListenAddress(address, false).code(), absl::StatusCode::kFailedPrecondition) << address;
    EXPECT_TRUE(CheckListenAddress(address, true).ok()) << address;
  }
}

TEST(CheckListenAddressTest, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"", "127.0.0.1", ":8080", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x"}) {
    EXPECT_EQ(CheckListenAddress(address, true).code(), absl::StatusCode::kInvalidArgument) << address;
  }
}

}  // namespace
}  // namespace tutti
