#include "gateway/pages/control_probe.h"

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/metrics/metrics.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/status/status.h"
#include "grpcpp/health_check_service_interface.h"
#include "gtest/gtest.h"

namespace tutti::gateway {
namespace {

absl::Status Check(const std::string& address) {
  ControlProbe probe(MakeRpcChannel(address), absl::Minutes(5));
  absl::Status answer;
  absl::Notification done;
  probe.Check([&](absl::Status status) {
    answer = std::move(status);
    done.Notify();
  });
  done.WaitForNotification();
  return answer;
}

TEST(ControlProbe, AsksTheHealthService) {
  Metrics metrics;
  const auto server = StartRpcServer({.listen = "127.0.0.1:0", .services = {}, .metrics = &metrics});
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string address = absl::StrCat("127.0.0.1:", server->port);
  EXPECT_TRUE(Check(address).ok());
  server->server->GetHealthCheckService()->SetServingStatus(false);
  EXPECT_EQ(GetErrorDetail(Check(address)).reason, "CONTROL_UNAVAILABLE");
}

TEST(ControlProbe, NobodyThereIsUnavailable) { EXPECT_EQ(Check("127.0.0.1:1").code(), absl::StatusCode::kUnavailable); }

}  // namespace
}  // namespace tutti::gateway
