#include "control/core/token.h"

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

TEST(TokenSignerTest, OpensOnlyItsOwnInTheirScope) {
  const TokenSigner signer("0123456789abcdef");
  const std::string token = signer.Sign("list/a", "payload");
  EXPECT_EQ(signer.Open("list/a", token), "payload");
  EXPECT_EQ(signer.Open("list/b", token), std::nullopt);
  EXPECT_EQ(TokenSigner("another secret..").Open("list/a", token), std::nullopt);
  EXPECT_EQ(signer.Open("list/a", ""), std::nullopt);
  EXPECT_EQ(signer.Open("list/a", "%%%"), std::nullopt);
  EXPECT_EQ(signer.Open("list/a", std::string(100'000, 'a')), std::nullopt);
  for (size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    // The last character may have bits that stand for nothing.
    const bool last = i + 1 == token.size();
    EXPECT_EQ(signer.Open("list/a", forged).value_or(last ? "payload" : "none"), last ? "payload" : "none") << i;
  }
}

TEST(TokenSignerTest, ShowsNothingOfWhatItCarries) {
  const TokenSigner signer("0123456789abcdef");
  std::string payload(100, 'x');
  for (const std::string& text : {payload, std::string("1"), std::string()}) {
    EXPECT_EQ(signer.Open("s", signer.Sign("s", text)), text);
  }
  std::string bytes;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(signer.Sign("s", payload), &bytes));
  EXPECT_EQ(bytes.find("xx"), std::string::npos);
  // Neighbours have nothing in common.
  payload.back() = 'y';
  std::string other;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(signer.Sign("s", payload), &other));
  EXPECT_NE(bytes.substr(16, 8), other.substr(16, 8));
}

}  // namespace
}  // namespace tutti::control
