#include "mediaplane/transcription/transcription.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "mediaplane/transcription/fake_recognizer.h"

namespace tutti::mediaplane {
namespace {

using media::v1::TranscriptionState;

constexpr int kRateHz = 8'000;
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kStartNs = 1'000 * kSecondNs;

class TranscriptionTest : public testing::Test {
 protected:
  void SetUp() override {
    Transcription::Listener listener;
    listener.on_change = [this](const TranscriptionState& state) { states_.push_back(state); };
    listener.on_text = [this](const media::v1::TranscriptMade& made) {
      texts_.push_back(made.leg_id() + ": " + made.text());
      made_ = made;
    };
    listener.on_interim = [this](const media::v1::TranscriptInterim& interim) { interims_.push_back(interim.text()); };
    transcription_ = std::make_unique<Transcription>(
        Transcription::Options{"id", "en-US", "best"}, recognizer_, metrics_, [this] { return now_ns_; }, listener);
    transcription_->Start();
    recognizer_.last().Drain();
  }

  // A second of speech that ends now.
  void Say(uint64_t id, const std::string& leg) {
    transcription_->Hear(UtteranceBegun{id, leg, kRateHz, now_ns_ - kSecondNs, Wall(now_ns_ - kSecondNs)});
    transcription_->Hear(UtteranceHeard{id, std::vector<int16_t>(kRateHz)});
    transcription_->Hear(UtteranceEnded{id, now_ns_});
    recognizer_.last().Drain();
  }
  static absl::Time Wall(int64_t ns) { return absl::FromUnixSeconds(1'700'000'000) + absl::Nanoseconds(ns); }
  void Pass(int64_t seconds) {
    // As often as the thread looks.
    for (int64_t i = 0; i < 2 * seconds; ++i) {
      now_ns_ += kSecondNs / 2;
      transcription_->Poll();
    }
  }
  TranscriptionState State() const { return states_.empty() ? TranscriptionState() : states_.back(); }
  using Words = std::vector<std::string>;

  FakeRecognizer recognizer_;
  prometheus::Registry registry_;
  TranscriptionMetrics metrics_{registry_};
  int64_t now_ns_ = kStartNs;
  std::vector<TranscriptionState> states_;
  Words texts_;
  Words interims_;
  media::v1::TranscriptMade made_;
  std::unique_ptr<Transcription> transcription_;
};

TEST_F(TranscriptionTest, SpeechBecomesText) {
  const auto& head = recognizer_.last().written[0].head();
  EXPECT_EQ(head.language(), "en-US");
  EXPECT_EQ(head.provider(), "best");
  EXPECT_TRUE(head.interim());
  Say(1, "ann");
  EXPECT_EQ(recognizer_.last().written.size(), 1u) << "not before the server has taken it";
  recognizer_.last().Started();
  EXPECT_EQ(State().provider(), "fake");
  EXPECT_FALSE(State().degraded());
  EXPECT_EQ(recognizer_.last().Written(), (Words{"head en-US", "begin 1", "samples 1", "end 1"}));
  recognizer_.last().Text(1, "good", false);
  recognizer_.last().Text(1, " good morning\n");
  EXPECT_EQ(interims_, Words{"good"});
  EXPECT_EQ(texts_, Words{"ann: good morning"});
  EXPECT_EQ(made_.transcription_id(), "id");
  EXPECT_EQ(made_.tm_begin().seconds(), 1'700'000'000 + 999);
  EXPECT_EQ(made_.duration_ms(), 1'000);
  EXPECT_FLOAT_EQ(made_.confidence(), 0.5F);
  EXPECT_EQ(recognizer_.last().nexts, 3);
  Say(2, "ann");
  recognizer_.last().Text(2, " ");
  EXPECT_EQ(texts_.size(), 1u) << "nothing was understood";
  EXPECT_EQ(states_.size(), 1u);
}

TEST_F(TranscriptionTest, ATextIsCutBetweenCharacters) {
  recognizer_.last().Started();
  Say(1, "ann");
  std::string text(8'191, 'a');
  recognizer_.last().Text(1, text + "\xC3\xA4" + "b");
  EXPECT_EQ(made_.text(), text);
}

TEST_F(TranscriptionTest, AStreamThatBreaksIsOpenedAgainAndNothingIsLost) {
  recognizer_.last().Started();
  Say(1, "ann");
  recognizer_.last().Text(1, "one");
  Say(2, "ann");
  Say(3, "bob");
  recognizer_.last().End(absl::UnavailableError("killed"));
  EXPECT_TRUE(State().degraded());
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_RUNNING);
  EXPECT_EQ(recognizer_.streams.size(), 1u);
  Say(4, "bob");
  Pass(1);
  ASSERT_EQ(recognizer_.streams.size(), 2u);
  recognizer_.last().Drain();
  recognizer_.last().Started();
  EXPECT_FALSE(State().degraded());
  EXPECT_EQ(recognizer_.last().Written(), (Words{"head en-US", "begin 2", "samples 2", "end 2", "begin 3", "samples 3",
                                                 "end 3", "begin 4", "samples 4", "end 4"}));
  recognizer_.last().Text(4, "four");
  recognizer_.last().Text(3, "three");
  recognizer_.last().Text(2, "two");
  EXPECT_EQ(texts_, (Words{"ann: one", "bob: three", "bob: four", "ann: two"}));
  EXPECT_EQ(State().utterances_lost(), 0);
  // What the old one still has to say is not listened to.
  recognizer_.streams[0]->Text(2, "again");
  recognizer_.streams[0]->End(absl::OkStatus());
  EXPECT_EQ(texts_.size(), 4u);
  EXPECT_EQ(recognizer_.streams.size(), 2u);
}

TEST_F(TranscriptionTest, OneThatIsAwayIsTriedLessAndLessOften) {
  for (int i = 0; i < 20; ++i) {
    recognizer_.last().End(absl::UnavailableError("refused"));
    const size_t before = recognizer_.streams.size();
    int64_t waited = 0;
    while (recognizer_.streams.size() == before) {
      now_ns_ += kSecondNs / 8;
      waited += kSecondNs / 8;
      transcription_->Poll();
    }
    EXPECT_LE(waited, Transcription::kBackOffMaxNs);
    if (i == 0) {
      EXPECT_LE(waited, kSecondNs / 2);
    }
    if (i > 10) {
      EXPECT_EQ(waited, Transcription::kBackOffMaxNs);
    }
  }
  EXPECT_TRUE(State().degraded());
  EXPECT_EQ(states_.size(), 1u) << "told once";
}

TEST_F(TranscriptionTest, WhatFindsNoRoomIsLostAndSaid) {
  recognizer_.last().End(absl::UnavailableError("refused"));
  for (uint64_t id = 1; id <= 31; ++id) Say(id, "ann");
  EXPECT_EQ(State().utterances_lost(), 1);
  Pass(1);
  recognizer_.last().Drain();
  recognizer_.last().Started();
  for (uint64_t id = 1; id <= 30; ++id) recognizer_.last().Text(id, "text");
  EXPECT_EQ(texts_.size(), 30u);
  EXPECT_TRUE(State().degraded()) << "for good";
}

TEST_F(TranscriptionTest, ALateOneIsDegradedUntilItIsInTimeAgain) {
  recognizer_.last().Started();
  Say(1, "ann");
  Pass(10);
  EXPECT_FALSE(State().degraded());
  Pass(1);
  EXPECT_TRUE(State().degraded());
  recognizer_.last().Text(1, "late");
  EXPECT_TRUE(State().degraded());
  Say(2, "ann");
  recognizer_.last().Text(2, "in time");
  EXPECT_FALSE(State().degraded());
  EXPECT_EQ(texts_, (Words{"ann: late", "ann: in time"}));
}

TEST_F(TranscriptionTest, OneThatSaysNothingIsGivenUp) {
  Pass(11);
  EXPECT_TRUE(recognizer_.streams[0]->cancelled) << "it did not start";
  Pass(1);
  ASSERT_EQ(recognizer_.streams.size(), 2u);
  recognizer_.last().Drain();
  recognizer_.last().Started();
  Pass(600);
  EXPECT_FALSE(recognizer_.last().cancelled) << "nobody spoke";
  Say(1, "ann");
  Pass(61);
  EXPECT_TRUE(recognizer_.streams[1]->cancelled);
  Pass(1);
  EXPECT_EQ(recognizer_.streams.size(), 3u);
}

TEST_F(TranscriptionTest, ARefusalEndsIt) {
  recognizer_.last().End(Error(absl::StatusCode::kInvalidArgument, "LANGUAGE_NOT_SUPPORTED", "no"));
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_FAILED);
  EXPECT_TRUE(transcription_->is_over());
  Pass(60);
  Say(1, "ann");
  transcription_->Stop();
  EXPECT_EQ(recognizer_.streams.size(), 1u);
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_FAILED);
}

TEST_F(TranscriptionTest, ABusyServerIsNoRefusal) {
  recognizer_.last().End(Error(absl::StatusCode::kResourceExhausted, "SPEECH_BUSY", "later"));
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_RUNNING);
  EXPECT_TRUE(State().degraded());
}

TEST_F(TranscriptionTest, AfterItsStopTheLastTextsCome) {
  recognizer_.last().Started();
  Say(1, "ann");
  transcription_->Stop();
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_FINISHING);
  EXPECT_TRUE(recognizer_.last().half_closed);
  Pass(5);
  recognizer_.last().Text(1, "bye");
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_FINISHING);
  recognizer_.last().End(absl::OkStatus());
  EXPECT_EQ(texts_, Words{"ann: bye"});
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_ENDED);
  EXPECT_EQ(State().utterances_lost(), 0);
  EXPECT_FALSE(State().degraded());
}

TEST_F(TranscriptionTest, AfterItsStopAStreamThatBreaksIsOpenedAgain) {
  recognizer_.last().Started();
  Say(1, "ann");
  transcription_->Stop();
  recognizer_.last().End(absl::UnavailableError("killed"));
  Pass(1);
  ASSERT_EQ(recognizer_.streams.size(), 2u);
  recognizer_.last().Drain();
  recognizer_.last().Started();
  EXPECT_TRUE(recognizer_.last().half_closed);
  recognizer_.last().Text(1, "bye");
  recognizer_.last().End(absl::OkStatus());
  EXPECT_EQ(texts_, Words{"ann: bye"});
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_ENDED);
}

TEST_F(TranscriptionTest, ItsEndIsNotWaitedForForEver) {
  recognizer_.last().Started();
  Say(1, "ann");
  Say(2, "bob");
  recognizer_.last().Text(2, "two");
  transcription_->Stop();
  Pass(29);
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_FINISHING);
  Pass(1);
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_ENDED);
  EXPECT_EQ(State().utterances_lost(), 1);
  EXPECT_TRUE(State().degraded());
  EXPECT_TRUE(recognizer_.last().cancelled);
}

TEST_F(TranscriptionTest, WithoutAnythingToWaitForItEndsAtOnce) {
  recognizer_.last().End(absl::UnavailableError("refused"));
  transcription_->Stop();
  EXPECT_EQ(State().status(), TranscriptionState::STATUS_ENDED);
}

TEST_F(TranscriptionTest, ItsEndCancelsItsStream) {
  const auto stream = recognizer_.streams[0];
  transcription_.reset();
  EXPECT_TRUE(stream->cancelled);
  // What comes late finds nobody.
  stream->Started();
  stream->End(absl::CancelledError(""));
}

}  // namespace
}  // namespace tutti::mediaplane
