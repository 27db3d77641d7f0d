#include "control/core/token.h"

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

}  // namespace
}  // namespace tutti::control
