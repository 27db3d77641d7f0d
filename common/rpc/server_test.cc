#include "common/rpc/server.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "gtest/gtest.h"
#include "tutti/control/v1/conference.grpc.pb.h"

namespace tutti {
namespace {

namespace pb = ::tutti::control::v1;

class Rooms final : public pb::ConferenceService::CallbackService {
  grpc::ServerUnaryReactor* GetConference(grpc::CallbackServerContext* context, const pb::GetConferenceRequest* request,
                                          pb::Conference* response) override {
    auto* reactor = context->DefaultReactor();
    response->set_id(request->id());
    reactor->Finish(request->id().empty() ? grpc::Status(grpc::StatusCode::NOT_FOUND, "none") : grpc::Status::OK);
    return reactor;
  }
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = StartRpcServer({"127.0.0.1:0", {&rooms_}, &metrics_});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    address_ = absl::StrCat("127.0.0.1:", server_.port);
    stub_ = pb::ConferenceService::NewStub(MakeRpcChannel(address_));
  }

  grpc::Status Get(const std::string& id) {
    grpc::ClientContext context;
    pb::GetConferenceRequest request;
    request.set_id(id);
    pb::Conference response;
    return stub_->GetConference(&context, request, &response);
  }

  // Requests counted so far, by code.
  std::map<std::string, double> Counted() {
    std::map<std::string, double> counted;
    for (const auto& family : metrics_.registry().Collect()) {
      if (family.name != "tutti_rpc_requests_total") continue;
      for (const auto& metric : family.metric) {
        for (const auto& label : metric.label) {
          if (label.name == "code") counted[label.value] += metric.counter.value;
        }
      }
    }
    return counted;
  }

  Rooms rooms_;
  Metrics metrics_;
  RpcServer server_;
  std::string address_;
  std::unique_ptr<pb::ConferenceService::Stub> stub_;
};

TEST_F(ServerTest, CountsEveryCallByItsCode) {
  EXPECT_TRUE(Get("a").ok());
  EXPECT_TRUE(Get("b").ok());
  EXPECT_EQ(Get("").error_code(), grpc::StatusCode::NOT_FOUND);
  // A call is counted when the server lets go of it, a moment after the client has its answer.
  server_.server->Shutdown();
  server_.server->Wait();
  server_.server.reset();
  const auto counted = Counted();
  EXPECT_EQ(counted.at("OK"), 2);
  EXPECT_EQ(counted.at("NOT_FOUND"), 1);
}

TEST_F(ServerTest, ATakenPortIsOneSentence) {
  const auto second = StartRpcServer({address_, {}, nullptr});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second.status().message(),
            absl::StrCat("can't listen for gRPC on ", address_, ": the port is taken or not allowed"));
}

}  // namespace
}  // namespace tutti
