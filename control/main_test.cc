// The whole process as an operator starts it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "common/testing/process.h"
#include "grpcpp/grpcpp.h"
#include "tutti/control/v1/conference.grpc.pb.h"

namespace tutti::control {
namespace {

using ::testing::HasSubstr;

constexpr char kBinary[] = "control/control";

class MainTest : public ::testing::Test {
 protected:
  MainTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tutti_main_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~MainTest() override { std::filesystem::remove_all(folder_); }

  std::vector<std::string> Flags(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> flags = {"--control.grpc_listen=" + grpc_, "--control.metrics_listen=" + metrics_,
                                      "--data_dir=" + folder_ + "/data",
                                      // Nobody there: control works all the same.
                                      "--mediaplane.grpc_listen=127.0.0.1:1"};
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  }

  std::unique_ptr<v1::ConferenceService::Stub> Connect() const {
    const auto channel = MakeRpcChannel(grpc_);
    EXPECT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(30)));
    return v1::ConferenceService::NewStub(channel);
  }

  std::string Create() const {
    grpc::ClientContext context;
    v1::CreateConferenceRequest request;
    request.mutable_conference()->set_name("kept");
    v1::Conference conference;
    const grpc::Status status = Connect()->CreateConference(&context, request, &conference);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return conference.id();
  }

  const std::string grpc_ = absl::StrCat("127.0.0.1:", FreeTcpPort());
  const std::string metrics_ = absl::StrCat("127.0.0.1:", FreeTcpPort());
  std::string folder_;
};

TEST_F(MainTest, WhatWasAnsweredOutlivesAKill) {
  auto process = std::make_unique<Process>(kBinary, Flags());
  const std::string id = Create();
  process->Signal(SIGKILL);
  EXPECT_EQ(process->Wait(), 256 + SIGKILL);
  process = std::make_unique<Process>(kBinary, Flags());
  grpc::ClientContext context;
  v1::GetConferenceRequest request;
  request.set_id(id);
  v1::Conference conference;
  const grpc::Status status = Connect()->GetConference(&context, request, &conference);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(conference.name(), "kept");
  EXPECT_EQ(conference.status(), v1::Conference::STATUS_PROGRESSING);
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 0);
  EXPECT_THAT(process->errors(), HasSubstr("listening"));
}

TEST_F(MainTest, WhatIsTakenIsOneSentence) {
  Process running(kBinary, Flags());
  Connect();
  Process same_file(kBinary, Flags({"--control.grpc_listen=127.0.0.1:0", "--control.metrics_listen=127.0.0.1:0"}));
  EXPECT_EQ(same_file.Wait(), 1);
  EXPECT_THAT(same_file.errors(), HasSubstr("control: "));
  EXPECT_THAT(same_file.errors(), HasSubstr("tutti.db"));
  Process grpc_taken(kBinary, Flags({"--data_dir=" + folder_ + "/a", "--control.metrics_listen=127.0.0.1:0"}));
  EXPECT_EQ(grpc_taken.Wait(), 1);
  EXPECT_THAT(grpc_taken.errors(), HasSubstr("can't listen for gRPC on " + grpc_));
  Process metrics_taken(kBinary, Flags({"--data_dir=" + folder_ + "/b", "--control.grpc_listen=127.0.0.1:0"}));
  EXPECT_EQ(metrics_taken.Wait(), 1);
  EXPECT_THAT(metrics_taken.errors(), HasSubstr("can't serve /metrics on " + metrics_));
  running.Signal(SIGINT);
  EXPECT_EQ(running.Wait(), 0);
}

TEST_F(MainTest, ABrokenConfigurationIsOneSentence) {
  std::ofstream(folder_ + "/file") << "no folder";
  std::filesystem::create_directory(folder_ + "/garbage");
  std::ofstream(folder_ + "/garbage/tutti.db") << std::string(8192, 'x');
  const std::pair<std::string, std::string> cases[] = {
      {"--control.grpc_listen=0.0.0.0:1", "--insecure_listen"},
      {"--control.grpc_lsten=127.0.0.1:1", "grpc_lsten"},
      {"--control.event_retention_hours=0", "control.event_retention_hours"},
      {"--data_dir=" + folder_ + "/file", folder_ + "/file"},
      {"--data_dir=" + folder_ + "/garbage", "tutti.db"},
  };
  for (const auto& [flag, message] : cases) {
    Process process(kBinary, Flags({flag}));
    EXPECT_NE(process.Wait(), 0) << flag;
    EXPECT_THAT(process.errors(), HasSubstr(message)) << flag;
  }
}

}  // namespace
}  // namespace tutti::control
