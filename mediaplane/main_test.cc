#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/testing/process.h"
#include "mediaplane/main_testing.h"

namespace tutti::mediaplane {
namespace {

class MainTest : public testing::Test {
 protected:
  MainTest() : grpc_(absl::StrCat("127.0.0.1:", FreeTcpPort())), metrics_(absl::StrCat("127.0.0.1:", FreeTcpPort())) {}

  std::vector<std::string> Flags(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> flags = {"--mediaplane.grpc_listen=" + grpc_, "--mediaplane.metrics_listen=" + metrics_};
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  }

  const std::string grpc_;
  const std::string metrics_;
};

TEST_F(MainTest, TwoCallersHearEachOtherAndNotThemselves) {
  Process process(kBinary, Flags({"--mediaplane.workers=2"}));
  const auto stub = Connect(grpc_);
  PutBridge(*stub, 101);
  Caller first(503), second(811);
  first.CallTo(PutLeg(*stub, 1, 1, 101, first).answer());
  second.CallTo(PutLeg(*stub, 2, 1, 101, second).answer());

  grpc::ClientContext watch_context;
  auto watch = stub->Watch(&watch_context, {});
  media::v1::WatchResponse message;
  ASSERT_TRUE(watch->Read(&message));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(watch->Read(&message));
    EXPECT_TRUE(message.event().has_leg_joined()) << message.DebugString();
  }

  ExpectToHearEachOther(first, second);

  {
    grpc::ClientContext context;
    media::v1::GetLegRequest request;
    request.set_leg_id(Id(1));
    media::v1::LegState state;
    ASSERT_TRUE(stub->GetLeg(&context, request, &state).ok());
    EXPECT_EQ(state.bridge_id(), Id(101));
    EXPECT_EQ(state.statistics().codec(), "PCMU/8000");
    EXPECT_GT(state.statistics().packets_received(), 40);
    EXPECT_GT(state.statistics().packets_sent(), 40);
    EXPECT_EQ(state.statistics().packets_dropped(), 0);
  }
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_THAT(process.errors(), testing::HasSubstr("listening"));
}

TEST_F(MainTest, InterruptEndsItCleanly) {
  Process process(kBinary, Flags());
  Connect(grpc_);
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 0);
}

TEST_F(MainTest, APortInUseIsOneSentence) {
  Process running(kBinary, Flags());
  Connect(grpc_);
  const std::string other = "--data_dir=" + testing::TempDir() + "/other";
  Process grpc_taken(kBinary, {other, "--mediaplane.grpc_listen=" + grpc_, "--mediaplane.metrics_listen=127.0.0.1:0"});
  EXPECT_EQ(grpc_taken.Wait(), 1);
  EXPECT_THAT(grpc_taken.errors(), testing::HasSubstr("can't listen for gRPC on " + grpc_));
  Process metrics_taken(kBinary,
                        {other, "--mediaplane.grpc_listen=127.0.0.1:0", "--mediaplane.metrics_listen=" + metrics_});
  EXPECT_EQ(metrics_taken.Wait(), 1);
  EXPECT_THAT(metrics_taken.errors(), testing::HasSubstr("can't serve /metrics on " + metrics_));
}

TEST_F(MainTest, AFolderOfRecordingsInUseIsOneSentence) {
  Process running(kBinary, Flags());
  Connect(grpc_);
  Process second(kBinary, {"--mediaplane.grpc_listen=127.0.0.1:0", "--mediaplane.metrics_listen=127.0.0.1:0"});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.errors(), testing::HasSubstr("another process uses the folder .tutti/recordings"));
}

TEST_F(MainTest, ABrokenConfigurationIsOneSentence) {
  const std::pair<std::string, std::string> cases[] = {
      {"--mediaplane.workers=99", "mediaplane.workers"},
      {"--mediaplane.rtp_address=192.0.2.1", "192.0.2.1"},
      {"--mediaplane.grpc_listen=0.0.0.0:1", "--insecure_listen"},
      {"--mediaplane.wrkers=1", "mediaplane.wrkers"},
  };
  for (const auto& [flag, message] : cases) {
    Process process(kBinary, Flags({flag}));
    EXPECT_NE(process.Wait(), 0) << flag;
    EXPECT_THAT(process.errors(), testing::HasSubstr(message));
  }
}

}  // namespace
}  // namespace tutti::mediaplane
