#include "speech/recognizer/decoder_pool.h"

#include <gtest/gtest.h>

#include "common/clock/fake_clock.h"
#include "common/status/status.h"
#include "speech/recognizer/fake_decoder.h"
#include "speech/recognizer/recording_sink.h"

namespace tutti::speech {
namespace {

class DecoderPoolTest : public testing::Test {
 protected:
  DecoderPoolTest() { options_.name = "fake"; }

  void StartPool(int decoders) {
    options_.decoders_max = decoders;
    pool_ = std::make_unique<DecoderPool>(options_, fakes_.Factory(), clock_, metrics_);
  }

  std::unique_ptr<RecognitionStream> Open(const std::shared_ptr<RecordingSink>& sink, bool interim = false) {
    v1::RecognizeHead head;
    head.set_interim(interim);
    return pool_->Start(head, sink);
  }

  // A whole utterance; whether there is room for more.
  static bool Say(RecognitionStream& stream, uint64_t id, const std::string& speaker, size_t samples) {
    EXPECT_TRUE(stream.Send(BeginOf(id, speaker)).ok());
    EXPECT_TRUE(stream.Send(SamplesOf(id, std::string(samples * 2, 'x'))).ok());
    return *stream.Send(EndOf(id));
  }

  FakeClock clock_;
  prometheus::Registry registry_;
  SpeechMetrics metrics_{registry_};
  FakeDecoders fakes_;
  DecoderPool::Options options_;
  std::unique_ptr<DecoderPool> pool_;
  const std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
};

TEST_F(DecoderPoolTest, EachUtteranceHasOneFinalTextInTheOrderOfItsSpeaker) {
  StartPool(2);
  EXPECT_TRUE(pool_->AwaitFirst().ok());
  const auto stream = Open(sink_);
  for (uint64_t id = 1; id <= 20; ++id) Say(*stream, id, id % 2 == 0 ? "even" : "odd", id);
  if (!stream->Finish()) {
    EXPECT_TRUE(sink_->AwaitEnd().ok());
  }
  const auto finals = sink_->AwaitFinals(20);
  ASSERT_EQ(finals.size(), 20u);
  uint64_t last[2] = {0, 0};
  for (const auto& text : finals) {
    EXPECT_GT(text.utterance_id(), last[text.utterance_id() % 2]);
    last[text.utterance_id() % 2] = text.utterance_id();
    EXPECT_EQ(text.text().substr(0, text.text().find(' ')), std::to_string(text.utterance_id()));
    EXPECT_EQ(text.confidence(), 0.5F);
  }
}

TEST_F(DecoderPoolTest, AStrangersFirstUtteranceIsDecodedAgainWithWhatWasLearned) {
  StartPool(1);
  const auto stream = Open(sink_);
  Say(*stream, 1, "a", 10);
  Say(*stream, 2, "a", 20);
  Say(*stream, 3, "b", 30);
  const auto finals = sink_->AwaitFinals(3);
  for (const auto& text : finals) {
    const char* const expected[] = {"", "10 after 10", "20 after 10", "30 after 30"};
    EXPECT_EQ(text.text(), expected[text.utterance_id()]);
  }
}

TEST_F(DecoderPoolTest, AnUtteranceWithoutSamplesIsAnsweredByNothing) {
  StartPool(1);
  const auto stream = Open(sink_);
  Say(*stream, 7, "a", 0);
  const auto finals = sink_->AwaitFinals(1);
  EXPECT_EQ(finals[0].utterance_id(), 7u);
  EXPECT_EQ(finals[0].text(), "");
}

TEST_F(DecoderPoolTest, EightKilohertzAreDoubled) {
  StartPool(1);
  const auto stream = Open(sink_);
  ASSERT_TRUE(stream->Send(BeginOf(1, "a", 8000)).ok());
  ASSERT_TRUE(stream->Send(SamplesOf(1, std::string(2 * 8000, 'x'))).ok());
  ASSERT_TRUE(stream->Send(EndOf(1)).ok());
  EXPECT_EQ(sink_->AwaitFinals(1)[0].text(), "16000 after 16000");
}

TEST_F(DecoderPoolTest, WhatIsSpokenNowHasEarlyTextsOnRequest) {
  StartPool(1);
  const auto stream = Open(sink_, true);
  ASSERT_TRUE(stream->Send(BeginOf(1, "a")).ok());
  ASSERT_TRUE(stream->Send(SamplesOf(1, std::string(2 * 6000, 'x'))).ok());
  EXPECT_EQ(sink_->AwaitInterim().text(), "so far 6000");
  EXPECT_EQ(sink_->finals(), 0u);
  ASSERT_TRUE(stream->Send(EndOf(1)).ok());
  EXPECT_EQ(sink_->AwaitFinals(1)[0].queued_ms(), 0);
}

TEST_F(DecoderPoolTest, WhoHasEndedGoesBeforeWhoStillSpeaks) {
  StartPool(1);
  const auto live = Open(sink_, true);
  ASSERT_TRUE(live->Send(BeginOf(1, "a")).ok());
  ASSERT_TRUE(live->Send(SamplesOf(1, std::string(2 * 6000, 'x'))).ok());
  sink_->AwaitInterim();
  // The only decoder waits for more of it, and leaves it for another stream.
  const auto other_sink = std::make_shared<RecordingSink>();
  const auto other = Open(other_sink);
  Say(*other, 1, "b", 5);
  EXPECT_EQ(other_sink->AwaitFinals(1)[0].text(), "5 after 5");
  // It is decoded as a whole at its end.
  ASSERT_TRUE(live->Send(SamplesOf(1, std::string(2 * 100, 'x'))).ok());
  ASSERT_TRUE(live->Send(EndOf(1)).ok());
  EXPECT_EQ(sink_->AwaitFinals(1)[0].text(), "6100 after 6100");
}

TEST_F(DecoderPoolTest, TellsHowLongAnUtteranceWaited) {
  StartPool(1);
  fakes_.Hold();
  const auto stream = Open(sink_);
  Say(*stream, 1, "a", 10);
  fakes_.AwaitHeld(1);
  Say(*stream, 2, "b", 10);
  EXPECT_EQ(pool_->waiting(), 1);
  clock_.Advance(absl::Milliseconds(1500));
  EXPECT_EQ(pool_->oldest_age(), absl::Milliseconds(1500));
  fakes_.Release();
  const auto finals = sink_->AwaitFinals(2);
  EXPECT_EQ(finals[1].queued_ms(), 1500);
  EXPECT_EQ(pool_->waiting(), 0);
}

TEST_F(DecoderPoolTest, AFullStreamHasRoomAgainWhenItIsAnswered) {
  options_.queue.ended_max = 2;
  StartPool(1);
  fakes_.Hold();
  const auto stream = Open(sink_);
  EXPECT_TRUE(Say(*stream, 1, "a", 10));
  EXPECT_TRUE(Say(*stream, 2, "a", 10));
  EXPECT_FALSE(Say(*stream, 3, "a", 10));
  fakes_.Release();
  sink_->AwaitRoom();
  Say(*stream, 4, "a", 10);
  EXPECT_EQ(sink_->AwaitFinals(4).size(), 4u);
}

TEST_F(DecoderPoolTest, AllStreamsTogetherKeepSoMuchAndNoMore) {
  options_.bytes_max = 1000;
  StartPool(1);
  fakes_.Hold();
  const auto stream = Open(sink_);
  const auto other = Open(std::make_shared<RecordingSink>());
  Say(*other, 1, "b", 300);
  ASSERT_TRUE(stream->Send(BeginOf(1, "a")).ok());
  ASSERT_TRUE(stream->Send(SamplesOf(1, std::string(400, 'x'))).ok());
  const auto refused = stream->Send(SamplesOf(1, std::string(2, 'x')));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(GetErrorDetail(refused.status()).reason, "SPEECH_BUSY");
  EXPECT_EQ(pool_->bytes(), 1000u);
  fakes_.Release();
}

TEST_F(DecoderPoolTest, ADecoderThatFailsIsReplacedAndTheUtteranceTriedOnceMore) {
  StartPool(1);
  fakes_.FailEnds(1);
  const auto stream = Open(sink_);
  Say(*stream, 1, "a", 10);
  EXPECT_EQ(sink_->AwaitFinals(1)[0].text(), "10 after 10");
  // Twice: it is given up, and the next one is understood.
  fakes_.FailEnds(2);
  Say(*stream, 2, "a", 20);
  Say(*stream, 3, "a", 30);
  const auto finals = sink_->AwaitFinals(3);
  EXPECT_EQ(finals[1].utterance_id(), 2u);
  EXPECT_EQ(finals[1].text(), "");
  EXPECT_EQ(finals[2].text(), "30 after 10");
}

TEST_F(DecoderPoolTest, AStreamIsBrokenWhereNoDecoderCanBeMadeAndTheNextOneTriesAgain) {
  fakes_.FailMakes(2);
  StartPool(1);
  EXPECT_EQ(GetErrorDetail(pool_->AwaitFirst()).reason, "PROVIDER_UNAVAILABLE");
  const auto stream = Open(sink_);
  Say(*stream, 1, "a", 10);
  const absl::Status end = sink_->AwaitEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(GetErrorDetail(end).reason, "PROVIDER_UNAVAILABLE");
  EXPECT_FALSE(pool_->available());
  EXPECT_TRUE(*stream->Send(BeginOf(2, "a"))) << "nothing more is done with it";
  const auto next_sink = std::make_shared<RecordingSink>();
  const auto next = Open(next_sink);
  Say(*next, 1, "a", 10);
  EXPECT_EQ(next_sink->AwaitFinals(1)[0].text(), "10 after 10");
  EXPECT_TRUE(pool_->available());
}

TEST_F(DecoderPoolTest, AStreamThatGoesIsForgottenWhileItsUtteranceIsDecoded) {
  StartPool(1);
  fakes_.Hold();
  auto stream = Open(sink_);
  Say(*stream, 1, "a", 10);
  Say(*stream, 2, "a", 10);
  fakes_.AwaitHeld(1);
  stream.reset();
  EXPECT_EQ(pool_->bytes(), 0u);
  fakes_.Release();
  const auto next_sink = std::make_shared<RecordingSink>();
  const auto next = Open(next_sink);
  Say(*next, 1, "a", 5);
  next_sink->AwaitFinals(1);
  EXPECT_EQ(sink_->finals(), 0u);
}

TEST_F(DecoderPoolTest, NothingIsLeftToAnswerAtOnceOrLater) {
  StartPool(1);
  const auto idle = Open(sink_);
  EXPECT_TRUE(idle->Finish());
  fakes_.Hold();
  const auto busy = Open(sink_);
  Say(*busy, 1, "a", 10);
  EXPECT_FALSE(busy->Finish());
  fakes_.Release();
  EXPECT_TRUE(sink_->AwaitEnd().ok());
  EXPECT_EQ(sink_->finals(), 1u);
}

}  // namespace
}  // namespace tutti::speech
