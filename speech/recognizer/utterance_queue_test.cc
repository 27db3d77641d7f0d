#include "speech/recognizer/utterance_queue.h"

#include <gtest/gtest.h>

namespace tutti::speech {
namespace {

constexpr absl::Time kNow = absl::UnixEpoch();

class UtteranceQueueTest : public testing::Test {
 protected:
  // An utterance of `bytes`, which ends `at` seconds after kNow.
  void Say(UtteranceQueue::StreamId stream, uint64_t id, const std::string& speaker, int at = 0, size_t bytes = 320) {
    queue_.Begin(stream, id, speaker, 16000);
    queue_.Append(stream, id, std::string(bytes, 'x'));
    queue_.End(stream, id, kNow + absl::Seconds(at));
  }

  // Takes the next one and answers it; 0: none.
  uint64_t Next() {
    const auto utterance = queue_.TakeEnded();
    if (utterance == nullptr) return 0;
    queue_.Answer(*utterance);
    return utterance->id;
  }

  UtteranceQueue queue_{{.ended_bytes_max = 1000, .ended_max = 5, .speakers_max = 2}};
};

TEST_F(UtteranceQueueTest, ASpeakersUtterancesComeInTheirOrderAndOneAtATime) {
  const auto stream = queue_.Open();
  Say(stream, 1, "a");
  Say(stream, 2, "a");
  Say(stream, 3, "b", 1);
  const auto first = queue_.TakeEnded();
  ASSERT_EQ(first->id, 1u);
  EXPECT_EQ(queue_.TakeEnded()->id, 3u);
  EXPECT_EQ(queue_.TakeEnded(), nullptr);
  EXPECT_FALSE(queue_.HasEnded());
  queue_.Answer(*first);
  EXPECT_TRUE(queue_.HasEnded());
  EXPECT_EQ(queue_.TakeEnded()->id, 2u);
}

TEST_F(UtteranceQueueTest, WhoEndedFirstOfAStreamIsNext) {
  const auto stream = queue_.Open();
  Say(stream, 1, "a", 5);
  Say(stream, 2, "b", 3);
  EXPECT_EQ(Next(), 2u);
  EXPECT_EQ(Next(), 1u);
}

TEST_F(UtteranceQueueTest, StreamsTakeTurns) {
  const auto busy = queue_.Open();
  const auto quiet = queue_.Open();
  for (uint64_t id = 1; id <= 4; ++id) Say(busy, id, "a");
  Say(quiet, 11, "a", 9);
  Say(quiet, 12, "a", 9);
  EXPECT_EQ(Next(), 1u);
  EXPECT_EQ(Next(), 11u);
  EXPECT_EQ(Next(), 2u);
  EXPECT_EQ(Next(), 12u);
  EXPECT_EQ(Next(), 3u);
  EXPECT_EQ(Next(), 4u);
  EXPECT_EQ(Next(), 0u);
}

TEST_F(UtteranceQueueTest, WhatStillComesIsTakenOnceAndThenWaitsForItsEnd) {
  const auto stream = queue_.Open();
  queue_.Begin(stream, 1, "a", 16000);
  EXPECT_EQ(queue_.TakeLive(), nullptr) << "it has no sample";
  queue_.Append(stream, 1, "xx");
  const auto live = queue_.TakeLive();
  ASSERT_EQ(live->id, 1u);
  EXPECT_EQ(queue_.TakeLive(), nullptr) << "it is taken";
  live->given_up = true;
  queue_.PutBack(*live);
  EXPECT_EQ(queue_.TakeLive(), nullptr) << "it was given up";
  EXPECT_EQ(queue_.TakeEnded(), nullptr);
  queue_.End(stream, 1, kNow);
  EXPECT_EQ(queue_.TakeEnded()->id, 1u);
}

TEST_F(UtteranceQueueTest, IsFullByBytesAndByCount) {
  const auto stream = queue_.Open();
  Say(stream, 1, "a", 0, 1000);
  EXPECT_FALSE(queue_.full(stream));
  Say(stream, 2, "a", 0, 2);
  EXPECT_TRUE(queue_.full(stream));
  EXPECT_EQ(Next(), 1u);
  EXPECT_FALSE(queue_.full(stream));
  for (uint64_t id = 3; id <= 6; ++id) Say(stream, id, "a", 0, 2);
  EXPECT_FALSE(queue_.full(stream));
  Say(stream, 7, "a", 0, 2);
  EXPECT_TRUE(queue_.full(stream));
  const auto other = queue_.Open();
  EXPECT_FALSE(queue_.full(other));
}

TEST_F(UtteranceQueueTest, TellsHowManyWaitAndSinceWhen) {
  const auto stream = queue_.Open();
  EXPECT_EQ(queue_.oldest(kNow), kNow);
  Say(stream, 1, "a", 1);
  Say(stream, 2, "a", 2);
  EXPECT_EQ(queue_.waiting(), 2);
  EXPECT_EQ(queue_.oldest(kNow + absl::Seconds(9)), kNow + absl::Seconds(1));
  const auto taken = queue_.TakeEnded();
  EXPECT_EQ(queue_.waiting(), 1);
  EXPECT_EQ(queue_.oldest(kNow + absl::Seconds(9)), kNow + absl::Seconds(2));
  EXPECT_EQ(queue_.unanswered(stream), 2u);
  queue_.Answer(*taken);
  EXPECT_EQ(queue_.unanswered(stream), 1u);
}

TEST_F(UtteranceQueueTest, AClosedStreamIsForgottenAlsoWhenADecoderHasItsUtterance) {
  const auto stream = queue_.Open();
  Say(stream, 1, "a", 0, 100);
  Say(stream, 2, "b", 0, 100);
  EXPECT_EQ(queue_.bytes(), 200u);
  const auto taken = queue_.TakeEnded();
  queue_.Close(stream);
  EXPECT_EQ(queue_.bytes(), 0u);
  EXPECT_FALSE(queue_.IsOpen(stream));
  EXPECT_EQ(queue_.TakeEnded(), nullptr);
  EXPECT_EQ(queue_.profile(*taken), nullptr);
  queue_.PutBack(*taken);
  queue_.Answer(*taken);
  EXPECT_EQ(queue_.bytes(), 0u);
}

TEST_F(UtteranceQueueTest, KeepsAProfileASpeakerAndSoManySpeakers) {
  const auto stream = queue_.Open();
  Say(stream, 1, "a");
  const auto first = queue_.TakeEnded();
  *queue_.profile(*first) = {1.0F};
  queue_.Answer(*first);
  Say(stream, 2, "a");
  EXPECT_EQ(*queue_.profile(*queue_.TakeEnded()), SpeakerProfile{1.0F});
  Say(stream, 3, "b");
  EXPECT_TRUE(queue_.profile(*queue_.TakeEnded())->empty());
  // The third speaker takes the place of one that is silent, and there is none.
  Say(stream, 4, "c");
  EXPECT_EQ(queue_.unanswered(stream), 3u);
}

TEST_F(UtteranceQueueTest, SamplesAreLittleEndian) {
  const auto stream = queue_.Open();
  queue_.Begin(stream, 1, "a", 8000);
  queue_.Append(stream, 1, std::string("\x01\x00\xFF\xFF", 4));
  queue_.Append(stream, 1, std::string("\x00\x80", 2));
  queue_.End(stream, 1, kNow);
  const auto utterance = queue_.TakeEnded();
  EXPECT_EQ(utterance->samples, (std::vector<int16_t>{1, -1, -32768}));
  EXPECT_EQ(utterance->sample_rate_hz, 8000);
}

}  // namespace
}  // namespace tutti::speech
