// Who may call, and what the customers see of each other.

#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/rpc/client.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "control/server/server_fixture.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/empty.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "tutti/control/v1/flow.pb.h"
#include "tutti/control/v1/recording.grpc.pb.h"
#include "tutti/control/v1/transcribe.grpc.pb.h"

namespace tutti::control {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using Headers = std::multimap<std::string, std::string>;

constexpr char kKeyA[] = "key-of-customer-a";
constexpr char kKeyB[] = "key-of-customer-b";
constexpr char kCustomerA[] = "0198f2d0-0000-7000-8000-00000000000a";
constexpr char kCustomerB[] = "0198f2d0-0000-7000-8000-00000000000b";

std::string Bearer(const std::string& key) { return absl::StrCat("Bearer ", key); }

// Every method of tutti.control.v1 that this server has.
std::vector<const MethodDescriptor*> Methods() {
  std::vector<const MethodDescriptor*> methods;
  for (const auto* file :
       {v1::Call::descriptor()->file(), v1::Conference::descriptor()->file(), v1::Conferencecall::descriptor()->file(),
        v1::Event::descriptor()->file(), v1::Flow::descriptor()->file(), v1::Recording::descriptor()->file(),
        v1::Transcribe::descriptor()->file(), v1::Webhook::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) methods.push_back(file->service(s)->method(m));
    }
  }
  return methods;
}

class CustomersTest : public ServerFixture {
 protected:
  void SetUp() override {
    config::v1::Config config;
    for (const auto& [key, customer] : {std::pair(kKeyA, kCustomerA), std::pair(kKeyB, kCustomerB)}) {
      auto* added = config.add_api_key();
      added->set_key(key);
      added->set_customer_id(customer);
    }
    options_.authenticator = Authenticator::Make(config).value();
    StartControl();
    WaitForNode();
  }

  // The end of a call with an empty request, unary or not.
  absl::Status Call(const std::string& method, const Headers& metadata) {
    grpc::GenericStub stub(MakeRpcChannel(absl::StrCat("127.0.0.1:", control_->GrpcPort())));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(40));
    for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareCall(&context, method, &queue);
    void* tag;
    bool ok;
    call->StartCall(&tag);
    queue.Next(&tag, &ok);
    const grpc::Slice empty;
    call->WriteLast(grpc::ByteBuffer(&empty, 1), grpc::WriteOptions(), &tag);
    queue.Next(&tag, &ok);
    grpc::ByteBuffer answer;
    call->Read(&answer, &tag);
    queue.Next(&tag, &ok);
    grpc::Status status;
    call->Finish(&status, &tag);
    queue.Next(&tag, &ok);
    return FromGrpcStatus(status);
  }
};

TEST_F(CustomersTest, NoMethodWithoutAKey) {
  const auto methods = Methods();
  ASSERT_GE(methods.size(), 16u);
  for (const MethodDescriptor* method : methods) {
    const std::string path = absl::StrCat("/", method->service()->full_name(), "/", method->name());
    for (const Headers& metadata :
         {Headers{}, Headers{{"authorization", ""}}, Headers{{"authorization", kKeyA}},
          Headers{{"authorization", "Bearer"}}, Headers{{"authorization", Bearer("key-of-nobody-at-all")}},
          Headers{{"authorization", absl::StrCat("Basic ", kKeyA)}},
          Headers{{"authorization", absl::StrCat(Bearer(kKeyA), "x")}},
          Headers{{"authorization", Bearer(kKeyA)}, {"authorization", Bearer(kKeyA)}}}) {
      const absl::Status status = Call(path, metadata);
      EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << path << " " << status;
      EXPECT_EQ(GetErrorDetail(status).reason, "UNAUTHENTICATED");
      EXPECT_FALSE(absl::StrContains(status.message(), "key-of"));
    }
  }
  // Nothing was made by the way.
  EXPECT_TRUE(node_.Commands().empty());
}

TEST_F(CustomersTest, HealthIsOpen) { EXPECT_TRUE(Call("/grpc.health.v1.Health/Check", {}).ok()); }

TEST_F(CustomersTest, AKeySpeaksForItsCustomer) {
  const auto room = CreateConference({}, {{"authorization", Bearer(kKeyA)}});
  ASSERT_TRUE(room.ok()) << room.status();
  EXPECT_EQ(room->customer_id(), kCustomerA);
  EXPECT_EQ(CreateConference({}, {{"authorization", absl::StrCat("bearer ", kKeyB)}})->customer_id(), kCustomerB);
}

}  // namespace
}  // namespace tutti::control
