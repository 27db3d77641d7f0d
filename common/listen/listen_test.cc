#include "common/listen/listen.h"

#include "gtest/gtest.h"

namespace tutti {
namespace {

constexpr Listener kAll[] = {Listener::kApi, Listener::kInternal, Listener::kMetrics};

config::v1::Config With(bool tls, bool key, bool insecure = false) {
  config::v1::Config config;
  if (tls) config.mutable_tls();
  if (key) config.add_api_key();
  config.set_insecure_listen(insecure);
  return config;
}

TEST(CheckListenAddressTest, LoopbackIsFree) {
  for (const char* address : {"127.0.0.1:8080", "127.9.9.9:0", "[::1]:65535", "localhost:1"}) {
    for (const Listener listener : kAll) EXPECT_TRUE(CheckListenAddress(address, listener, {}).ok()) << address;
  }
}

TEST(CheckListenAddressTest, OtherAddressesNeedWhatTheListenerNeeds) {
  for (const char* address : {"0.0.0.0:8080", "[::]:1", "192.0.2.1:1", "example.org:1", "127.evil.example:1"}) {
    const auto check = [&](Listener listener, const config::v1::Config& config) {
      return CheckListenAddress(address, listener, config).code();
    };
    for (const Listener listener : kAll) {
      EXPECT_EQ(check(listener, {}), absl::StatusCode::kFailedPrecondition) << address;
      EXPECT_EQ(check(listener, With(false, true)), absl::StatusCode::kFailedPrecondition) << address;
      EXPECT_EQ(check(listener, With(false, false, true)), absl::StatusCode::kOk) << address;
    }
    EXPECT_EQ(check(Listener::kApi, With(true, false)), absl::StatusCode::kFailedPrecondition) << address;
    EXPECT_EQ(check(Listener::kApi, With(true, true)), absl::StatusCode::kOk) << address;
    EXPECT_EQ(check(Listener::kInternal, With(true, false)), absl::StatusCode::kOk) << address;
    EXPECT_EQ(check(Listener::kMetrics, With(true, true)), absl::StatusCode::kFailedPrecondition) << address;
  }
}

TEST(CheckListenAddressTest, SaysWhatIsMissing) {
  EXPECT_EQ(CheckListenAddress("0.0.0.0:1", Listener::kApi, {}).message(),
            "listening on 0.0.0.0:1 would be open to others: that needs tls and api_key in the configuration, or "
            "--insecure_listen where the network is safe");
}

TEST(CheckListenAddressTest, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"", "127.0.0.1", ":8080", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x"}) {
    EXPECT_EQ(CheckListenAddress(address, Listener::kApi, With(true, true, true)).code(),
              absl::StatusCode::kInvalidArgument)
        << address;
  }
}

}  // namespace
}  // namespace tutti
