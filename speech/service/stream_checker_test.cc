#include "speech/service/stream_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/status.h"
#include "speech/recognizer/recording_sink.h"

namespace tutti::speech {
namespace {

v1::RecognizeRequest HeadOf(const std::string& language) {
  v1::RecognizeRequest request;
  request.mutable_head()->set_language(language);
  return request;
}

class StreamCheckerTest : public testing::Test {
 protected:
  StreamCheckerTest() { EXPECT_TRUE(checker_.Check(HeadOf("en-US")).ok()); }

  void Allow(const v1::RecognizeRequest& message) {
    const absl::Status status = checker_.Check(message);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  void Refuse(const v1::RecognizeRequest& message, const std::string& why) {
    const absl::Status status = checker_.Check(message);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << message.ShortDebugString();
    EXPECT_EQ(GetErrorDetail(status).reason, "INVALID_REQUEST_PARAMETER");
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(why));
  }

  StreamChecker checker_;
};

TEST_F(StreamCheckerTest, UtterancesOfSpeakersMayOverlap) {
  Allow(BeginOf(0, "a"));
  Allow(BeginOf(5, "b", 8000));
  Allow(SamplesOf(0, "xx"));
  Allow(SamplesOf(5, ""));
  EXPECT_THAT(checker_.open(), testing::ElementsAre(0, 5));
  EXPECT_EQ(checker_.sample_rate_hz(5), 8000);
  Allow(EndOf(0));
  Allow(BeginOf(6, "a"));
  Allow(EndOf(5));
  Allow(EndOf(6));
  EXPECT_THAT(checker_.open(), testing::IsEmpty());
}

TEST_F(StreamCheckerTest, TheHeadIsFirstAndOnlyOnce) {
  EXPECT_TRUE(checker_.has_head());
  Refuse(HeadOf("en-US"), "second head");
  StreamChecker fresh;
  EXPECT_FALSE(fresh.Check(BeginOf(1, "a")).ok());
  EXPECT_FALSE(fresh.Check(HeadOf("")).ok());
  EXPECT_FALSE(fresh.Check(HeadOf("no tag")).ok());
  EXPECT_FALSE(fresh.has_head());
}

TEST_F(StreamCheckerTest, RefusesWhatIsOutOfOrder) {
  Refuse({}, "empty");
  Refuse(SamplesOf(1, "xx"), "not open");
  Refuse(EndOf(1), "not open");
  Allow(BeginOf(2, "a"));
  Refuse(BeginOf(2, "b"), "does not rise");
  Refuse(BeginOf(1, "b"), "does not rise");
  Refuse(BeginOf(3, "a"), "same speaker");
  Allow(EndOf(2));
  Refuse(SamplesOf(2, "xx"), "not open");
}

TEST_F(StreamCheckerTest, RefusesWhatIsOutOfBounds) {
  Refuse(BeginOf(1, std::string(65, 'a')), "64 bytes");
  Refuse(BeginOf(1, "a", 44100), "44100");
  Allow(BeginOf(1, std::string(64, 'a')));
  Refuse(SamplesOf(1, "x"), "half a sample");
  Refuse(SamplesOf(1, std::string(65 * 1024, 'x')), "bytes of samples");
}

TEST_F(StreamCheckerTest, AnUtteranceLastsAMinuteAtMost) {
  Allow(BeginOf(1, "a", 8000));
  for (int second = 0; second < 60; ++second) Allow(SamplesOf(1, std::string(16'000, 'x')));
  Refuse(SamplesOf(1, "xx"), "longer than 60 s");
}

TEST_F(StreamCheckerTest, SoManySpeakAtATime) {
  for (uint64_t id = 1; id <= StreamChecker::kOpenMax; ++id) Allow(BeginOf(id, std::to_string(id)));
  const absl::Status status = checker_.Check(BeginOf(1000, "one more"));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(GetErrorDetail(status).reason, "SPEECH_BUSY");
}

}  // namespace
}  // namespace tutti::speech
