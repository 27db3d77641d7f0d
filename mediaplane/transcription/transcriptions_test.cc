#include "mediaplane/transcription/transcriptions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/clock/fake_clock.h"
#include "common/status/status.h"
#include "mediaplane/transcription/fake_recognizer.h"

namespace tutti::mediaplane {
namespace {

using media::v1::NodeEvent;
using media::v1::PutTranscriptionRequest;
using media::v1::TranscriptionState;

constexpr BridgeSlot kBridge = 3;
constexpr Presence kAnn = {{5, 1}, 1};
constexpr Presence kBob = {{6, 1}, 2};

PortTime TestPortClock() { return {1'000'000'000'000, 0}; }

class TranscriptionsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ring_.Allocate(1'023));
    ASSERT_EQ(names_.Add({"ann", ""}), kAnn.id);
    ASSERT_EQ(names_.Add({"bob", ""}), kBob.id);
    Transcriptions::Parts parts;
    parts.hub = &hub_;
    parts.names = &names_;
    parts.clock = &clock_;
    parts.metrics = &metrics_;
    parts.port_clock = TestPortClock;
    parts.make_recognizer = [this](Transcriptions::Post post) {
      post_speech_ = std::move(post);
      auto recognizer = std::make_unique<FakeRecognizer>();
      recognizer_ = recognizer.get();
      return recognizer;
    };
    parts.post = [this](std::function<void()> task) { control_.Post(std::move(task)); };
    parts.tell = [this](NodeEvent event) {
      absl::MutexLock lock(&mutex_);
      events_.push_back(std::move(event));
    };
    parts.tell_live = [this](media::v1::LiveEvent event) {
      absl::MutexLock lock(&mutex_);
      interims_.push_back(event.transcript_interim().text());
    };
    transcriptions_ = std::make_unique<Transcriptions>(std::move(parts));
  }
  void TearDown() override {
    control_.Run([this] { transcriptions_->Close(); });
  }

  static PutTranscriptionRequest Request(const std::string& id, int64_t revision,
                                         PutTranscriptionRequest::Wanted wanted = PutTranscriptionRequest::WANTED_RUN) {
    PutTranscriptionRequest request;
    request.set_transcription_id(id);
    request.set_revision(revision);
    request.set_bridge_id("room");
    request.set_wanted(wanted);
    request.set_language("en-US");
    return request;
  }
  absl::StatusOr<TranscriptionState> Begin(const std::string& id) {
    absl::StatusOr<TranscriptionState> state;
    control_.Run([&] { state = transcriptions_->Begin(Request(id, 1), kBridge); });
    return state;
  }
  TranscriptionState Stop(const std::string& id) {
    TranscriptionState state;
    control_.Run([&] { state = transcriptions_->Change(Request(id, 2, PutTranscriptionRequest::WANTED_STOP)); });
    return state;
  }
  // On the speech's thread, once it has done what was asked before.
  void Speech(const std::function<void(FakeRecognizer&)>& what) {
    absl::Notification done;
    post_speech_([&] {
      what(*recognizer_);
      done.Notify();
    });
    done.WaitForNotification();
    // What it has told.
    control_.Run([] {});
  }

  // Ticks in which a leg speaks (loudly), or nobody does.
  void Ticks(int count, const Presence* speaker) {
    for (int i = 0; i < count; ++i, tick_ns_ += kTickNs) {
      if (speaker != nullptr) Put(TapMessage::Kind::kLeg, *speaker, 8'000);
      Put(TapMessage::Kind::kTick, {}, 0);
    }
    hub_.Drain();
  }
  void Put(TapMessage::Kind kind, const Presence& who, int16_t amplitude) {
    TapMessage message;
    message.kind = kind;
    message.rate = MixRate::k8000;
    message.ends_tick = kind == TapMessage::Kind::kTick;
    message.tap = tap_;
    message.bridge = kBridge;
    message.who = who;
    message.tick_ns = tick_ns_;
    for (size_t i = 0; i < message.samples.size(); ++i) {
      message.samples[i] = static_cast<int16_t>(i % 2 == 0 ? amplitude : -amplitude);
    }
    ASSERT_TRUE(ring_.Put(message));
  }
  // In short: "running fake", "ended", "ann: text".
  std::vector<std::string> Events() {
    absl::MutexLock lock(&mutex_);
    std::vector<std::string> all;
    for (const NodeEvent& event : events_) {
      if (event.has_transcript_made()) {
        all.push_back(event.transcript_made().leg_id() + ": " + event.transcript_made().text());
      } else {
        const TranscriptionState& state = event.transcription_changed().transcription();
        std::string text = TranscriptionState::Status_Name(state.status()).substr(sizeof("STATUS_") - 1);
        text += " r" + std::to_string(state.revision());
        if (state.degraded()) text += " degraded";
        all.push_back(text);
      }
    }
    return all;
  }
  using Words = std::vector<std::string>;

  FakeClock clock_;
  prometheus::Registry registry_;
  TranscriptionMetrics metrics_{registry_};
  TapRing ring_;
  uint32_t tap_ = 0;
  LegNames names_;
  TapHub hub_{[this](BridgeSlot, const BridgeTap& tap) {
                tap_ = tap.id;
                return absl::OkStatus();
              },
              {&ring_}};
  int64_t tick_ns_ = 998'000'000'000;
  absl::Mutex mutex_;
  std::vector<NodeEvent> events_ ABSL_GUARDED_BY(mutex_);
  Words interims_ ABSL_GUARDED_BY(mutex_);
  FakeRecognizer* recognizer_ = nullptr;
  Transcriptions::Post post_speech_;
  ControlThread control_{[] { return absl::InfiniteDuration(); }};
  std::unique_ptr<Transcriptions> transcriptions_;
};

TEST_F(TranscriptionsTest, WhatALegSaysBecomesItsText) {
  const auto begun = Begin("t");
  ASSERT_TRUE(begun.ok()) << begun.status();
  EXPECT_EQ(begun->status(), TranscriptionState::STATUS_RUNNING);
  Speech([](FakeRecognizer& recognizer) {
    recognizer.last().Drain();
    recognizer.last().Started();
  });
  const int64_t begin_ns = tick_ns_;
  Ticks(50, &kAnn);
  Ticks(40, nullptr);
  Ticks(25, &kBob);
  Ticks(40, nullptr);
  Speech([](FakeRecognizer& recognizer) {
    recognizer.last().Drain();
    EXPECT_EQ(recognizer.last().Written(),
              (Words{"head en-US", "begin 1", "samples 1", "end 1", "begin 2", "samples 2", "end 2"}));
    EXPECT_EQ(recognizer.last().BytesOf(1), 80u * 160 * 2) << "a second, and the hang-over";
    recognizer.last().Text(1, "hel", false);
    recognizer.last().Text(2, "hi");
    recognizer.last().Text(1, "hello");
  });
  EXPECT_EQ(Events(), (Words{"RUNNING r1", "bob: hi", "ann: hello"}));
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(interims_, Words{"hel"});
  const auto& made = events_.back().transcript_made();
  EXPECT_EQ(made.transcription_id(), "t");
  EXPECT_EQ(made.duration_ms(), 1'000);
  const absl::Time spoken = clock_.Now() - absl::Nanoseconds(TestPortClock().monotonic_ns - begin_ns);
  EXPECT_EQ(made.tm_begin().seconds() * 1'000'000 + made.tm_begin().nanos() / 1'000, absl::ToUnixMicros(spoken));
}

TEST_F(TranscriptionsTest, AStopTakesWhatWasSaidUntilThen) {
  ASSERT_TRUE(Begin("t").ok());
  Speech([](FakeRecognizer& recognizer) {
    recognizer.last().Drain();
    recognizer.last().Started();
  });
  Ticks(50, &kAnn);
  const TranscriptionState stopped = Stop("t");
  EXPECT_EQ(stopped.status(), TranscriptionState::STATUS_FINISHING);
  EXPECT_EQ(stopped.revision(), 2);
  EXPECT_EQ(tap_, 0u) << "nobody listens any more";
  Speech([](FakeRecognizer& recognizer) {
    recognizer.last().Drain();
    EXPECT_TRUE(recognizer.last().half_closed);
    recognizer.last().Text(1, "bye");
    recognizer.last().End(absl::OkStatus());
  });
  EXPECT_EQ(Events(), (Words{"RUNNING r1", "FINISHING r2", "ann: bye", "ENDED r2"}));
  // It is remembered, and not begun again.
  const TranscriptionState* state = nullptr;
  control_.Run([&] { state = transcriptions_->Find("t"); });
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(state->status(), TranscriptionState::STATUS_ENDED);
  control_.Run([&] { EXPECT_TRUE(transcriptions_->Snapshot().empty()); });
  clock_.Advance(absl::Minutes(10));
  control_.Run([&] {
    transcriptions_->Poll();
    EXPECT_EQ(transcriptions_->Find("t"), nullptr);
  });
}

TEST_F(TranscriptionsTest, WithItsBridgeItStops) {
  ASSERT_TRUE(Begin("t").ok());
  ASSERT_TRUE(Begin("u").ok());
  Speech([](FakeRecognizer& recognizer) {
    for (const auto& stream : recognizer.streams) {
      stream->Drain();
      stream->Started();
    }
  });
  control_.Run([&] {
    EXPECT_EQ(transcriptions_->Snapshot().size(), 2u);
    transcriptions_->OnBridgeRemoved("other");
    EXPECT_NE(tap_, 0u);
    transcriptions_->OnBridgeRemoved("room");
  });
  EXPECT_EQ(tap_, 0u);
  Speech([](FakeRecognizer& recognizer) {
    for (const auto& stream : recognizer.streams) stream->End(absl::OkStatus());
  });
  EXPECT_EQ(Events(), (Words{"RUNNING r1", "RUNNING r1", "FINISHING r1", "FINISHING r1", "ENDED r1", "ENDED r1"}));
}

TEST_F(TranscriptionsTest, ARefusalIsToldAndEndsTheListening) {
  ASSERT_TRUE(Begin("t").ok());
  Speech([](FakeRecognizer& recognizer) {
    recognizer.last().End(Error(absl::StatusCode::kInvalidArgument, "LANGUAGE_NOT_SUPPORTED", "no"));
  });
  EXPECT_EQ(Events(), Words{"FAILED r1"});
  EXPECT_EQ(tap_, 0u);
  Ticks(50, &kAnn);
  EXPECT_EQ(Stop("t").status(), TranscriptionState::STATUS_FAILED);
}

TEST_F(TranscriptionsTest, OneThatIsStoppedBeforeItIsKnownNeverBegins) {
  EXPECT_EQ(Stop("t").status(), TranscriptionState::STATUS_ENDED);
  const TranscriptionState* state = nullptr;
  control_.Run([&] { state = transcriptions_->Find("t"); });
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(state->revision(), 2);
}

TEST_F(TranscriptionsTest, ThereIsABound) {
  for (size_t i = 0; i < Transcriptions::kMax; ++i) ASSERT_TRUE(Begin(std::to_string(i)).ok());
  EXPECT_EQ(GetErrorDetail(Begin("one more").status()).reason, "MEDIA_NODE_BUSY");
  Stop("0");
  Speech([](FakeRecognizer&) {});
  EXPECT_TRUE(Begin("one more").ok());
}

TEST_F(TranscriptionsTest, ALegInAnothersPlaceIsAnother) {
  ASSERT_TRUE(Begin("t").ok());
  Ticks(50, &kAnn);
  const Presence carl{{kAnn.leg.leg, kAnn.leg.generation + 1}, names_.Add({"carl", ""})};
  Ticks(50, &carl);
  Stop("t");
  Speech([](FakeRecognizer& recognizer) {
    recognizer.last().Drain();
    recognizer.last().Started();
    Words speakers;
    for (const auto& request : recognizer.last().written) {
      if (request.has_begin()) speakers.push_back(request.begin().speaker_id());
    }
    EXPECT_EQ(speakers, (Words{"ann", "carl"}));
  });
}

}  // namespace
}  // namespace tutti::mediaplane
