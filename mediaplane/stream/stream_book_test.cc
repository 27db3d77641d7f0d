#include "mediaplane/stream/stream_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::mediaplane {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Token(int n) { return absl::StrCat(std::string(40, 'x'), n); }

class StreamBookTest : public ::testing::Test {
 protected:
  using Kind = StreamBook::Target::Kind;

  void Offer(int token, const StreamBook::Target& target) {
    ASSERT_TRUE(book_.CheckOffer(Token(token)).ok());
    book_.Offer(Token(token), target, std::make_shared<AudioLine>(MixRate::k8000, true, counters_), now_);
  }
  absl::StatusOr<StreamBook::Stream> Claim(int token) {
    return book_.Claim(Token(token), now_, [this] { ++ended_; });
  }
  static std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

  const StreamBook::Target leg_{Kind::kLeg, "a"};
  const StreamBook::Target bridge_{Kind::kBridge, "a"};
  std::shared_ptr<StreamCounters> counters_ = std::make_shared<StreamCounters>();
  absl::Time now_ = absl::UnixEpoch();
  int ended_ = 0;
  StreamBook book_{3};
};

TEST_F(StreamBookTest, ATokenHoldsOnce) {
  Offer(1, leg_);
  EXPECT_EQ(Reason(Claim(2).status()), "STREAM_TOKEN_INVALID");
  const auto stream = Claim(1);
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(stream->target, leg_);
  EXPECT_NE(stream->line, nullptr);
  EXPECT_EQ(Claim(1).status().code(), absl::StatusCode::kUnauthenticated);
  StreamBook::Stream released;
  EXPECT_TRUE(book_.Release(stream->ticket, released));
  EXPECT_EQ(released.target, leg_);
  EXPECT_FALSE(book_.Release(stream->ticket, released));
  EXPECT_EQ(Reason(Claim(1).status()), "STREAM_TOKEN_INVALID");
  EXPECT_EQ(book_.size(), 0u);
}

TEST_F(StreamBookTest, ATokenHoldsTenSeconds) {
  Offer(1, leg_);
  Offer(2, bridge_);
  now_ += absl::Seconds(9);
  EXPECT_THAT(book_.Expire(now_), IsEmpty());
  ASSERT_TRUE(Claim(2).ok());
  now_ += absl::Seconds(1);
  EXPECT_FALSE(Claim(1).ok());
  EXPECT_THAT(book_.Expire(now_), ElementsAre(leg_));
  EXPECT_EQ(book_.size(), 1u);
}

TEST_F(StreamBookTest, WhatIsGoneEndsItsStreamsAndTokens) {
  Offer(1, bridge_);
  Offer(2, bridge_);
  Offer(3, leg_);
  const auto stream = Claim(1);
  ASSERT_TRUE(stream.ok());
  const auto forgotten = book_.Forget(bridge_);
  ASSERT_EQ(forgotten.size(), 1u);
  EXPECT_EQ(forgotten[0].ticket, stream->ticket);
  EXPECT_EQ(ended_, 1);
  EXPECT_FALSE(Claim(2).ok());
  EXPECT_TRUE(Claim(3).ok());
  EXPECT_EQ(ended_, 1);
}

TEST_F(StreamBookTest, ThereAreNoMoreThanSo) {
  for (int i = 0; i < 3; ++i) Offer(i, bridge_);
  ASSERT_TRUE(Claim(0).ok());
  EXPECT_EQ(Reason(book_.CheckOffer(Token(3))), "MEDIA_NODE_BUSY");
  book_.Expire(now_ + absl::Seconds(10));
  EXPECT_TRUE(book_.CheckOffer(Token(3)).ok());
}

TEST_F(StreamBookTest, WhatCannotBeATokenIsRefused) {
  Offer(1, leg_);
  EXPECT_TRUE(book_.Knows(Token(1), leg_));
  EXPECT_FALSE(book_.Knows(Token(1), bridge_));
  EXPECT_FALSE(book_.Knows(Token(2), leg_));
  for (const std::string& token :
       {std::string(), std::string(31, 'x'), std::string(129, 'x'), std::string(40, ' '), Token(1)}) {
    EXPECT_EQ(Reason(book_.CheckOffer(token)), "INVALID_REQUEST_PARAMETER") << token;
  }
}

}  // namespace
}  // namespace tutti::mediaplane
