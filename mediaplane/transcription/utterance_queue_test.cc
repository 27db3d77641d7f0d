#include "mediaplane/transcription/utterance_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tutti::mediaplane {
namespace {

constexpr int kRateHz = 8'000;

class UtteranceQueueTest : public testing::Test {
 protected:
  void Begin(uint64_t id, const std::string& leg) { queue_.Add(UtteranceBegun{id, leg, kRateHz, 0, {}}); }
  void Samples(uint64_t id, int64_t ms) {
    for (; ms > 0; ms -= 100) queue_.Add(UtteranceHeard{id, std::vector<int16_t>(kRateHz / 10, int16_t{0x1234})});
  }
  void End(uint64_t id, int64_t end_ns = 1) { queue_.Add(UtteranceEnded{id, end_ns}); }
  void Whole(uint64_t id, const std::string& leg, int64_t ms = 1'000) {
    Begin(id, leg);
    Samples(id, ms);
    End(id, static_cast<int64_t>(id));
  }
  // What there is to send, in short.
  std::string Send() {
    std::string all;
    while (const auto request = queue_.Next()) {
      if (request->has_begin()) all += "(" + std::to_string(request->begin().utterance_id());
      if (request->has_samples()) all += ".";
      if (request->has_end()) all += std::to_string(request->end().utterance_id()) + ")";
    }
    return all;
  }
  void Answer(uint64_t id, const std::string& text) {
    speech::v1::RecognizedText answer;
    answer.set_utterance_id(id);
    answer.set_text(text);
    answer.set_final(true);
    queue_.Answer(answer);
  }
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    for (const auto& utterance : queue_.TakeAnswered()) told.push_back(utterance.text->text());
    return told;
  }
  using Texts = std::vector<std::string>;

  UtteranceQueue queue_;
};

TEST_F(UtteranceQueueTest, SendsWhatComesAsItComes) {
  Begin(1, "a");
  EXPECT_EQ(Send(), "(1");
  Samples(1, 100);
  const auto request = queue_.Next();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->samples().samples().size(), 1'600u);
  EXPECT_EQ(request->samples().samples().substr(0, 2), "\x34\x12") << "little endian";
  EXPECT_EQ(Send(), "");
  Samples(1, 3'000);
  EXPECT_EQ(Send(), "..") << "at most 32 000 bytes each";
  End(1);
  EXPECT_EQ(Send(), "1)");
  EXPECT_EQ(queue_.sent(), 1);
}

TEST_F(UtteranceQueueTest, OfOneLegOneAfterTheOtherOfSeveralAtOnce) {
  Begin(1, "a");
  Samples(1, 100);
  Whole(2, "b");
  Begin(3, "b");
  Begin(4, "a");
  EXPECT_EQ(Send(), "(1.(2.2)(3");
  End(1);
  EXPECT_EQ(Send(), "1)(4");
}

TEST_F(UtteranceQueueTest, NotTooManyAreOpenAtOnce) {
  for (int leg = 1; leg <= UtteranceQueue::kOpenMax + 1; ++leg) Begin(static_cast<uint64_t>(leg), std::to_string(leg));
  const std::string begun = Send();
  EXPECT_EQ(std::count(begun.begin(), begun.end(), '('), UtteranceQueue::kOpenMax);
  End(1);
  EXPECT_EQ(Send(), "1)(33");
}

TEST_F(UtteranceQueueTest, TextsAreToldInTheOrderOfTheLegsSpeech) {
  Whole(1, "a");
  Whole(2, "b");
  Whole(3, "a");
  Send();
  Answer(3, "three");
  EXPECT_EQ(Told(), Texts());
  Answer(2, "two");
  EXPECT_EQ(Told(), Texts{"two"});
  Answer(1, "one");
  EXPECT_EQ(Told(), (Texts{"one", "three"}));
  EXPECT_TRUE(queue_.empty());
  Answer(1, "again");
  Answer(9, "never heard");
  EXPECT_EQ(Told(), Texts());
}

TEST_F(UtteranceQueueTest, ATextBeforeTheEndIsNotBelieved) {
  Begin(1, "a");
  Samples(1, 1'000);
  Send();
  Answer(1, "too early");
  EXPECT_EQ(Told(), Texts());
  End(1);
  Send();
  Answer(1, "in time");
  EXPECT_EQ(Told(), Texts{"in time"});
}

TEST_F(UtteranceQueueTest, WhatHasNoTextIsSentAgain) {
  Whole(1, "a");
  Whole(2, "a");
  Begin(3, "b");
  Samples(3, 500);
  Send();
  Answer(2, "two");
  queue_.Rewind();
  EXPECT_EQ(Send(), "(1.1)(3.");
  Answer(1, "one");
  EXPECT_EQ(Told(), (Texts{"one", "two"}));
  EXPECT_EQ(queue_.sent(), 5);
  EXPECT_EQ(queue_.lost(), 0);
}

TEST_F(UtteranceQueueTest, OneThatBreaksEveryStreamIsGivenUp) {
  Whole(1, "a");
  for (int i = 0; i < UtteranceQueue::kStreamsMax; ++i) {
    EXPECT_EQ(queue_.lost(), 0);
    EXPECT_EQ(Send(), "(1.1)");
    queue_.Rewind();
  }
  EXPECT_EQ(queue_.lost(), 1);
  EXPECT_TRUE(queue_.empty());
  // One that was not sent has broken nothing.
  Whole(2, "a");
  for (int i = 0; i < 10; ++i) queue_.Rewind();
  EXPECT_EQ(queue_.lost(), 1);
}

TEST_F(UtteranceQueueTest, ALegHasItsBoundAndLosesWholeUtterances) {
  for (uint64_t id = 1; id <= 3; ++id) Whole(id, "a", 10'000);
  EXPECT_EQ(queue_.lost(), 0);
  Begin(4, "a");
  Samples(4, 100);
  EXPECT_EQ(queue_.lost(), 1);
  Samples(4, 100);
  End(4);
  Whole(5, "b", 10'000);
  EXPECT_EQ(queue_.lost(), 1);
  EXPECT_EQ(Send(), "(1.....1)(2.....2)(3.....3)(5.....5)");
  Answer(1, "one");
  EXPECT_EQ(Told(), Texts{"one"});
  Whole(6, "a", 10'000);
  EXPECT_EQ(queue_.lost(), 1) << "there is room again";
}

TEST_F(UtteranceQueueTest, OneThatIsDroppedOnItsWayStillEndsThere) {
  Whole(1, "a", 15'000);
  Begin(2, "a");
  Samples(2, 1'000);
  Send();
  Samples(2, 15'000);
  EXPECT_EQ(queue_.lost(), 1);
  EXPECT_EQ(Send(), "2)");
  Answer(2, "half of it");
  Answer(1, "one");
  EXPECT_EQ(Told(), Texts{"one"});
  EXPECT_TRUE(queue_.empty());
}

TEST_F(UtteranceQueueTest, AllTogetherHaveABound) {
  for (uint64_t id = 1; id <= 20; ++id) Whole(id, std::to_string(id), 15'000);
  EXPECT_EQ(queue_.lost(), 0);
  Whole(21, "21", 100);
  EXPECT_EQ(queue_.lost(), 1);
  Send();
  Answer(1, "one");
  Told();
  Whole(22, "22", 15'000);
  EXPECT_EQ(queue_.lost(), 1);
}

TEST_F(UtteranceQueueTest, WhatIsLeftIsLostAtTheEnd) {
  Whole(1, "a");
  Whole(2, "a");
  Begin(3, "b");
  Send();
  Answer(2, "two");
  EXPECT_EQ(queue_.oldest_end_ns(), 1);
  queue_.DropAll();
  EXPECT_EQ(queue_.lost(), 2);
  EXPECT_EQ(Told(), Texts{"two"});
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.oldest_end_ns(), 0);
}

TEST_F(UtteranceQueueTest, OneOfNobodyIsLost) {
  Whole(1, "");
  EXPECT_EQ(Send(), "");
  EXPECT_EQ(queue_.lost(), 1);
}

}  // namespace
}  // namespace tutti::mediaplane
