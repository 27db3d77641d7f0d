#include "control/webhook/signature.h"

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

// The example of the specification's own libraries.
TEST(SignatureTest, IsThatOfStandardWebhooks) {
  std::string key;
  ASSERT_TRUE(absl::Base64Unescape("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key));
  EXPECT_EQ(SignWebhook(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

}  // namespace
}  // namespace tutti::control
