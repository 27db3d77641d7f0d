#include "common/rpc/client.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/server.h"
#include "common/tls/test_authority.h"
#include "gtest/gtest.h"
#include "tutti/control/v1/conference.grpc.pb.h"

namespace tutti {
namespace {

namespace pb = ::tutti::control::v1;

constexpr char kGet[] = "/tutti.control.v1.ConferenceService/GetConference";

// Answers with its name; a Get of "die" never.
class Replica final : public pb::ConferenceService::CallbackService {
 public:
  explicit Replica(std::string name, std::shared_ptr<const Tls> tls = nullptr, bool client_certificates = false)
      : name_(std::move(name)) {
    RpcServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = {this};
    options.tls = std::move(tls);
    options.client_certificates = client_certificates;
    auto server = StartRpcServer(options);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  ~Replica() override { Die(); }

  // As a process that is killed: its connections end, its port is closed.
  void Die() {
    if (server_.server == nullptr) return;
    server_.server->Shutdown(std::chrono::system_clock::now());
    server_.server->Wait();
    server_.server.reset();
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", server_.port); }
  int asked() const { return asked_; }

 private:
  grpc::ServerUnaryReactor* GetConference(grpc::CallbackServerContext* context, const pb::GetConferenceRequest* request,
                                          pb::Conference* response) override {
    ++asked_;
    auto* reactor = context->DefaultReactor();
    response->set_name(name_);
    reactor->Finish(request->id() == name_ ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "dying") : grpc::Status::OK);
    return reactor;
  }

  const std::string name_;
  std::atomic<int> asked_ = 0;
  RpcServer server_;
};

struct Outcome {
  grpc::Status status;
  std::string name;
};

Outcome Get(grpc::Channel& channel, const std::string& id = "") {
  const auto stub = pb::ConferenceService::NewStub(std::shared_ptr<grpc::Channel>(&channel, [](grpc::Channel*) {}));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  pb::GetConferenceRequest request;
  request.set_id(id);
  pb::Conference response;
  Outcome outcome;
  outcome.status = stub->GetConference(&context, request, &response);
  outcome.name = response.name();
  return outcome;
}

// Until both have answered: the channel is connected to both.
bool Reaches(grpc::Channel& channel, const Replica& a, const Replica& b) {
  for (int i = 0; i < 1000; ++i) {
    if (a.asked() > 0 && b.asked() > 0) return true;
    if (!Get(channel).status.ok()) return false;
  }
  return false;
}

TEST(ClientTest, SpreadsOverReplicasAndLeavesTheDead) {
  Replica a("a");
  Replica b("b");
  const auto channel = MakeReplicasChannel({.addresses = {a.address(), b.address()}}).value();
  ASSERT_TRUE(Reaches(*channel, a, b));
  a.Die();
  // Those that were on their way to it may fail, and tell of its death.
  int failed = 0;
  for (int i = 0; i < 100; ++i) failed += Get(*channel).name == "b" ? 0 : 1;
  EXPECT_LE(failed, 2);
  const int asked = b.asked();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Get(*channel).name, "b");
  EXPECT_EQ(b.asked(), asked + 20);
}

TEST(ClientTest, MakesAgainWhatMayBeMadeTwice) {
  Replica a("a");
  Replica b("b");
  const auto once = MakeReplicasChannel({.addresses = {a.address(), b.address()}}).value();
  ASSERT_TRUE(Reaches(*once, a, b));
  bool refused = false;
  for (int i = 0; i < 4; ++i) refused |= Get(*once, "a").status.error_code() == grpc::StatusCode::UNAVAILABLE;
  EXPECT_TRUE(refused);
  const auto again = MakeReplicasChannel({.addresses = {a.address(), b.address()}, .retried_methods = {kGet}}).value();
  for (int i = 0; i < 20; ++i) {
    const Outcome outcome = Get(*again, "a");
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    EXPECT_EQ(outcome.name, "b");
  }
}

TEST(ClientTest, TellsWhenItCantUseTheAddresses) {
  EXPECT_EQ(MakeReplicasChannel({}).status().message(), "there is no address to connect to");
  for (const char* other : {"localhost:1", "[::1]:1", "127.0.0.1", "::1:1x"}) {
    EXPECT_EQ(MakeReplicasChannel({.addresses = {"127.0.0.1:1", other}}).status().message(),
              absl::StrCat("several addresses are all IPv4:PORT or all [IPv6]:PORT, and '", other, "' is not"));
  }
  EXPECT_TRUE(MakeReplicasChannel({.addresses = {"localhost:1"}}).ok());
  EXPECT_TRUE(MakeReplicasChannel({.addresses = {"[::1]:1", "[fe80::1]:1"}}).ok());
}

class TlsClientTest : public ::testing::Test {
 protected:
  static grpc::StatusCode Ask(const Replica& replica, std::shared_ptr<const Tls> tls) {
    return Get(*MakeRpcChannel(replica.address(), std::move(tls))).status.error_code();
  }

  const TestAuthority authority_;
  const TestAuthority stranger_;
  const std::shared_ptr<const Tls> mine_ = authority_.Issue("IP:127.0.0.1");
};

TEST_F(TlsClientTest, ServersAreVerified) {
  const Replica replica("a", mine_);
  EXPECT_EQ(Ask(replica, mine_), grpc::StatusCode::OK);
  EXPECT_EQ(Ask(replica, nullptr), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Ask(replica, stranger_.Issue("IP:127.0.0.1")), grpc::StatusCode::UNAVAILABLE);
  const Replica elsewhere("b", authority_.Issue("IP:192.0.2.1,DNS:localhost"));
  EXPECT_EQ(Ask(elsewhere, mine_), grpc::StatusCode::UNAVAILABLE);
  const Replica plain("c");
  EXPECT_EQ(Ask(plain, mine_), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsClientTest, ClientsAreVerifiedWhereTheyMustBe) {
  const Replica replica("a", mine_, /*client_certificates=*/true);
  EXPECT_EQ(Ask(replica, authority_.Issue("DNS:anybody")), grpc::StatusCode::OK);
  auto nameless = std::make_shared<Tls>();
  nameless->ca = authority_.ca();
  EXPECT_EQ(Ask(replica, nameless), grpc::StatusCode::UNAVAILABLE);
  auto forger = std::make_shared<Tls>(*stranger_.Issue("DNS:anybody"));
  forger->ca = authority_.ca();
  EXPECT_EQ(Ask(replica, forger), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsClientTest, EveryReplicaIsVerified) {
  Replica a("a", mine_);
  Replica b("b", authority_.Issue("IP:127.0.0.1"));
  const std::vector<std::string> addresses = {a.address(), b.address()};
  const auto channel = MakeReplicasChannel({.addresses = addresses, .tls = mine_}).value();
  EXPECT_TRUE(Reaches(*channel, a, b));
  for (const auto& tls : {stranger_.Issue("IP:127.0.0.1"), std::shared_ptr<const Tls>()}) {
    const auto other = MakeReplicasChannel({.addresses = addresses, .tls = tls}).value();
    EXPECT_EQ(Get(*other).status.error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  const Replica c("c", authority_.Issue("IP:192.0.2.1,DNS:127.0.0.1"));
  const auto elsewhere = MakeReplicasChannel({.addresses = {c.address(), c.address()}, .tls = mine_}).value();
  EXPECT_EQ(Get(*elsewhere).status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(c.asked(), 0);
}

}  // namespace
}  // namespace tutti
