#include "control/service/authenticator.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kKey[] = "0123456789abcdef";
constexpr char kCustomer[] = "0198f2d0-0000-7000-8000-00000000000a";

TEST(ParseBearerTest, TakesTheKey) {
  EXPECT_EQ(ParseBearer("Bearer abc"), "abc");
  EXPECT_EQ(ParseBearer("bEARER   a.b-c_d~e+f/g="), "a.b-c_d~e+f/g=");
  EXPECT_EQ(ParseBearer(absl::StrCat("Bearer ", std::string(256, 'x')))->size(), 256u);
}

TEST(ParseBearerTest, TakesNothingElse) {
  for (const std::string& text :
       {std::string(), std::string("Bearer"), std::string("Bearer "), std::string("Bearer    "),
        std::string(" Bearer x"), std::string("Basic dXNlcg=="), std::string("Bearerx y"), std::string("Bearer\tx"),
        std::string("Bearer x y"), std::string("Bearer x "), std::string("Bearer \xc3\xa9"),
        std::string("Bearer a\0b", 10), std::string("Bearer ").append(257, 'x')}) {
    EXPECT_FALSE(ParseBearer(text).has_value()) << text;
  }
}

config::v1::Config With(const std::vector<std::pair<std::string, std::string>>& keys) {
  config::v1::Config config;
  for (const auto& [key, customer] : keys) {
    auto* added = config.add_api_key();
    added->set_key(key);
    added->set_customer_id(customer);
  }
  return config;
}

TEST(AuthenticatorTest, TakesGoodKeys) {
  EXPECT_TRUE(Authenticator::Make({}).ok());
  // Two of one customer, so that one can be replaced by the other.
  EXPECT_TRUE(Authenticator::Make(With({{kKey, kCustomer}, {std::string(256, 'x'), kCustomer}})).ok());
}

TEST(AuthenticatorTest, RefusesOthersWithoutShowingThem) {
  const std::pair<config::v1::Config, const char*> cases[] = {
      {With({{"tooshort-secret", kCustomer}}), "api_key number 1: a key has 16 to 256"},
      {With({{std::string(257, 'x'), kCustomer}}), "16 to 256"},
      {With({{"with a space-secret", kCustomer}}), "without spaces"},
      {With({{"not-ascii-secret\xc3\xa9", kCustomer}}), "ASCII"},
      {With({{kKey, kCustomer}, {"another-secret-key", "me"}}), "api_key number 2: customer_id is no UUID"},
      {With({{kKey, ""}}), "customer_id is no UUID"},
      {With({{kKey, kCustomer}, {kKey, kCustomer}}), "api_key number 2 is the same as one before it"},
  };
  for (const auto& [config, what] : cases) {
    const absl::Status status = Authenticator::Make(config).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(what));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(kKey)));
  }
}

}  // namespace
}  // namespace tutti::control
