#include <string>
#include <vector>

#include "control/core/core_fixture.h"
#include "control/rules/times.h"

namespace tutti::control {
namespace {

using C = v1::Conference;
using T = v1::Transcribe;
using State = media::v1::TranscriptionState;
using Types = std::vector<std::string>;

class TranscribesTest : public CoreFixture {
 protected:
  void SetUp() override {
    options_.transcripts_max = 5;
    options_.list_recognizers = [this](const CoreOptions::RecognizersDone& done) { done(recognizers_); };
    CoreFixture::SetUp();
    room_ = CreateConference()->id();
  }

  template <typename Answer>
  absl::StatusOr<Answer> Ask(const std::function<void(Done<Answer>)>& ask) {
    absl::StatusOr<Answer> answer = absl::UnknownError("not answered");
    ask([&](absl::StatusOr<Answer> got) { answer = std::move(got); });
    Settle();
    return answer;
  }
  absl::StatusOr<C> Start(const std::string& language = "en-US", const std::string& provider = "") {
    v1::StartTranscribeRequest request;
    request.set_id(room_);
    request.set_language(language);
    request.set_provider(provider);
    return Ask<C>([&](auto done) { core_->transcribes().Start(principal_, request, done); });
  }
  absl::StatusOr<C> Stop() {
    return Ask<C>([&](auto done) { core_->transcribes().StopOf(principal_, room_, done); });
  }
  absl::StatusOr<T> StopOne(const std::string& id) {
    return Ask<T>([&](auto done) { core_->transcribes().Stop(principal_, id, done); });
  }
  absl::StatusOr<T> Delete(const std::string& id) {
    return Ask<T>([&](auto done) { core_->transcribes().Delete(principal_, id, done); });
  }
  T Transcribe(const std::string& id) {
    auto transcribe = core_->transcribes().Get(principal_, id);
    EXPECT_TRUE(transcribe.ok()) << transcribe.status();
    return transcribe.ok() ? *transcribe : T();
  }
  std::string Begun() {
    auto room = Start();
    EXPECT_TRUE(room.ok()) << room.status();
    return room.ok() ? room->transcribe_id() : "";
  }
  media::v1::TranscriptMade Text(const std::string& id, const std::string& call, absl::Time at,
                                 const std::string& text) {
    media::v1::TranscriptMade made;
    made.set_transcription_id(id);
    made.set_leg_id(call);
    SetTime(*made.mutable_tm_begin(), at);
    made.set_duration_ms(800);
    made.set_text(text);
    made.set_confidence(0.5F);
    return made;
  }
  void Say(const std::string& id, const std::string& call, absl::Time at, const std::string& text) {
    node_.Say(Text(id, call, at, text));
    Settle();
  }
  std::vector<v1::Transcript> Texts(const std::string& id, int page_size = 100) {
    std::vector<v1::Transcript> texts;
    v1::ListTranscriptsRequest request;
    request.set_transcribe_id(id);
    request.set_page_size(page_size);
    do {
      auto list = core_->transcribes().ListTranscripts(principal_, request);
      EXPECT_TRUE(list.ok()) << list.status();
      if (!list.ok()) return texts;
      texts.insert(texts.end(), list->result().begin(), list->result().end());
      request.set_page_token(list->next_page_token());
    } while (!request.page_token().empty());
    return texts;
  }
  Types TranscribeEvents() {
    Types types;
    for (const std::string& type : EventTypes("conference:" + room_)) {
      if (type.rfind("transcri", 0) == 0) types.push_back(type);
    }
    return types;
  }
  void LoseNode() {
    core_->media_nodes().GiveUp(lease_, [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    RunSteps();
  }

  absl::StatusOr<std::vector<SpeechRecognizer>> recognizers_ =
      std::vector<SpeechRecognizer>{{"german", {"de-DE"}}, {"pocketsphinx", {"en-US"}}};
  std::string room_;
};

TEST_F(TranscribesTest, BeginsWithALanguage) {
  const C room = *Start("EN-us");
  const T transcribe = Transcribe(room.transcribe_id());
  EXPECT_EQ(transcribe.status(), T::STATUS_PROGRESSING);
  EXPECT_EQ(transcribe.reference_id(), room_);
  EXPECT_EQ(transcribe.provider(), "pocketsphinx");
  EXPECT_EQ(transcribe.language(), "en-US") << "as the provider has it";
  const auto& put = node_.transcription_puts.at(transcribe.id());
  EXPECT_EQ(put.bridge_id(), room_);
  EXPECT_EQ(put.provider(), "pocketsphinx");
  EXPECT_EQ(EventTypes("conference:" + room_),
            (Types{"conference_created", "transcribe_created", "conference_updated", "transcribe_progressing"}));
  CheckInvariants();
}

TEST_F(TranscribesTest, ALanguageThatNobodyRecognisesIsRefusedWithWhatThereIs) {
  EXPECT_EQ(ReasonOf(Start("").status()), "MISSING_REQUEST_PARAMETER");
  EXPECT_EQ(ReasonOf(Start(std::string(36, 'x')).status()), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(ReasonOf(Start("en_US").status()), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(ReasonOf(Start("en-GB").status()), "LANGUAGE_NOT_SUPPORTED") << "another region";
  const absl::Status refused = Start("fr-FR").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(refused), "LANGUAGE_NOT_SUPPORTED");
  EXPECT_EQ(GetErrorDetail(refused).details.at("supported"), "de-DE, en-US");
  EXPECT_EQ(GetErrorDetail(Start("en-US", "german").status()).details.at("supported"), "de-DE");
  EXPECT_EQ(ReasonOf(Start("en-US", "nobody").status()), "PROVIDER_NOT_FOUND");
  EXPECT_TRUE(Start("de-DE", "german").ok());
  ASSERT_TRUE(Stop().ok());
  recognizers_ = Error(absl::StatusCode::kUnavailable, "SPEECH_UNAVAILABLE", "away");
  EXPECT_EQ(ReasonOf(Start().status()), "SPEECH_UNAVAILABLE");
  EXPECT_EQ(Room(room_).transcribe_ids_size(), 1);
}

TEST_F(TranscribesTest, OneAtATimeAndAllInTheHistory) {
  const std::string first = Begun();
  EXPECT_EQ(ReasonOf(Start().status()), "TRANSCRIBE_ALREADY_ACTIVE");
  EXPECT_EQ(Stop()->transcribe_id(), "");
  EXPECT_EQ(ReasonOf(Stop().status()), "TRANSCRIBE_NOT_ACTIVE");
  EXPECT_EQ(ReasonOf(StopOne(first).status()), "TRANSCRIBE_NOT_ACTIVE");
  EXPECT_EQ(Transcribe(first).status(), T::STATUS_DONE);
  clock_.Advance(absl::Seconds(1));
  const std::string second = Begun();
  EXPECT_EQ(StopOne(second)->id(), second);
  EXPECT_EQ(Room(room_).transcribe_id(), "");
  const C room = Room(room_);
  EXPECT_EQ(Types(room.transcribe_ids().begin(), room.transcribe_ids().end()), (Types{first, second}));
  EXPECT_EQ(core_->transcribes().List(principal_, {})->result(0).id(), second);
  EXPECT_EQ(TranscribeEvents(), (Types{"transcribe_created", "transcribe_progressing", "transcribe_done",
                                       "transcribe_created", "transcribe_progressing", "transcribe_done"}));
  ASSERT_TRUE(DeleteConference(room_).ok());
  EXPECT_EQ(ReasonOf(Start().status()), "STATE_INVALID");
  CheckInvariants();
}

TEST_F(TranscribesTest, TextsAreInTheOrderOfTheirSpeechUnderTheirSpeakers) {
  const std::string id = Begun();
  const std::string alice = JoinedCall(room_).id();
  const std::string bob = JoinedCall(room_).id();
  const absl::Time now = clock_.Now();
  Say(id, alice, now + absl::Seconds(3), "third");
  Say(id, bob, now + absl::Seconds(2), "second");
  Say(id, alice, now + absl::Seconds(1), "first");
  Say(id, alice, now + absl::Seconds(4), "");
  for (const int page_size : {100, 1, 2}) {
    const auto texts = Texts(id, page_size);
    ASSERT_EQ(texts.size(), 3u);
    EXPECT_EQ(texts[0].message(), "first");
    EXPECT_EQ(texts[1].message(), "second");
    EXPECT_EQ(texts[2].message(), "third");
    EXPECT_EQ(texts[0].conferencecall_id(), Participant(alice).id());
    EXPECT_EQ(texts[1].conferencecall_id(), Participant(bob).id());
  }
  const v1::Transcript first = Texts(id)[0];
  EXPECT_EQ(first.tm_transcript(),
            absl::ToInt64Milliseconds(now + absl::Seconds(1) - FromTimestamp(Transcribe(id).tm_create())));
  EXPECT_EQ(first.duration(), 800);
  EXPECT_EQ(first.confidence(), 0.5);
  EXPECT_EQ(TranscribeEvents(), (Types{"transcribe_created", "transcribe_progressing", "transcript_created",
                                       "transcript_created", "transcript_created"}));
}

TEST_F(TranscribesTest, OneWhoWasInTheRoomTwiceSpokeAsTheOneThatItWasThen) {
  const std::string id = Begun();
  const std::string call = CreateCall({Join(room_), Sleep(1000), Join(room_)})->id();
  const std::string before = Participant(call).id();
  const absl::Time spoke_at = clock_.Now() + absl::Milliseconds(1);
  clock_.Advance(absl::Seconds(5));
  ASSERT_TRUE(Kick(before).ok());
  Pass(absl::Seconds(2));
  const std::string after = Participant(call).id();
  ASSERT_NE(before, after);
  Say(id, call, spoke_at, "early");
  Say(id, call, clock_.Now(), "late");
  const auto texts = Texts(id);
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts[0].conferencecall_id(), before);
  EXPECT_EQ(texts[1].conferencecall_id(), after);
}

TEST_F(TranscribesTest, EachTextIsThereOnce) {
  const std::string id = Begun();
  const std::string call = JoinedCall(room_).id();
  hold_events_ = true;
  node_.Say(Text(id, call, clock_.Now(), "one"));
  const std::vector<media::v1::NodeEvent> events(node_.events.begin(), node_.events.end());
  for (int i = 0; i < 2; ++i) {
    core_->media_nodes().HandleEvents(lease_, node_.epoch(), events,
                                      [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    RunSteps();
  }
  EXPECT_EQ(Texts(id).size(), 1u);
  EXPECT_EQ(TranscribeEvents().back(), "transcript_created");
}

TEST_F(TranscribesTest, LateTextsCountUntilItsEnd) {
  node_.ends_itself = false;
  const std::string id = Begun();
  const std::string call = JoinedCall(room_).id();
  ASSERT_TRUE(Stop().ok());
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_PROGRESSING);
  EXPECT_EQ(ReasonOf(Delete(id).status()), "STATE_INVALID");
  // Another one may begin already.
  EXPECT_NE(Begun(), "");
  Say(id, call, clock_.Now(), "late");
  node_.EndTranscription(id, State::STATUS_ENDED);
  Settle();
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_DONE);
  Say(id, call, clock_.Now(), "too late");
  EXPECT_EQ(Texts(id).size(), 1u);
  EXPECT_FALSE(Transcribe(id).degraded());
  CheckInvariants();
}

TEST_F(TranscribesTest, AReplyOvertakesNoText) {
  const std::string id = Begun();
  const std::string call = JoinedCall(room_).id();
  hold_events_ = true;
  node_.Say(Text(id, call, clock_.Now(), "one"));
  ASSERT_TRUE(Stop().ok());
  core_->media_commands().TranscriptionPut(node_.id(), node_.transcriptions.at(id), [](const absl::Status&) {});
  Settle();
  EXPECT_EQ(node_.transcriptions.at(id).status(), State::STATUS_ENDED);
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_PROGRESSING);
  hold_events_ = false;
  Settle();
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_DONE);
  EXPECT_EQ(Texts(id).size(), 1u);
}

TEST_F(TranscribesTest, OneThatTheNodeHasEndedUnheardIsDone) {
  const std::string id = Begun();
  clock_.Advance(absl::Seconds(1));
  node_.EndTranscription(id, State::STATUS_ENDED);
  Reconcile();
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_DONE);
  EXPECT_TRUE(Transcribe(id).degraded());
  EXPECT_EQ(Room(room_).transcribe_id(), "");
  CheckInvariants();
}

TEST_F(TranscribesTest, TheRoomsEndStopsIt) {
  const std::string id = Begun();
  JoinedCall(room_);
  ASSERT_TRUE(DeleteConference(room_).ok());
  EXPECT_EQ(Room(room_).transcribe_id(), "");
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_DONE);
  CheckInvariants();
}

TEST_F(TranscribesTest, LatenessPassesAndLossesStay) {
  const std::string id = Begun();
  node_.Degrade(id, true, 0);
  Settle();
  EXPECT_TRUE(Transcribe(id).degraded());
  node_.Degrade(id, true, 0);
  Settle();
  node_.Degrade(id, false, 0);
  Settle();
  EXPECT_FALSE(Transcribe(id).degraded());
  node_.Degrade(id, false, 1);
  Settle();
  node_.Degrade(id, false, 0);
  Settle();
  EXPECT_TRUE(Transcribe(id).degraded());
  ASSERT_TRUE(Stop().ok());
  EXPECT_EQ(TranscribeEvents(), (Types{"transcribe_created", "transcribe_progressing", "transcribe_updated",
                                       "transcribe_updated", "transcribe_updated", "transcribe_done"}))
      << "one a change";
}

TEST_F(TranscribesTest, OneThatRunsOutlivesABusyNode) {
  node_.ends_itself = false;
  const std::string id = Begun();
  hold_commands_ = true;
  ASSERT_TRUE(Stop().ok());
  ASSERT_FALSE(pending_.transcriptions.empty());
  core_->media_commands().TranscriptionRefused(node_.id(), id, pending_.transcriptions.back().revision,
                                               absl::ResourceExhaustedError("busy"), [](const absl::Status&) {});
  RunSteps();
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_PROGRESSING);
  EXPECT_EQ(node_.transcriptions.at(id).status(), State::STATUS_RUNNING);
  pending_ = {};
  hold_commands_ = false;
  Reconcile();
  EXPECT_EQ(node_.transcriptions.at(id).status(), State::STATUS_FINISHING) << "it was asked again";
}

TEST_F(TranscribesTest, LostEventsDegradeIt) {
  const std::string id = Begun();
  const std::string call = JoinedCall(room_).id();
  Reconcile();
  EXPECT_FALSE(Transcribe(id).degraded());
  node_.Say(Text(id, call, clock_.Now(), "lost"));
  Reconcile();
  EXPECT_TRUE(Transcribe(id).degraded());
  EXPECT_TRUE(Texts(id).empty());
  CheckInvariants();
}

TEST_F(TranscribesTest, ANewProcessOfTheNodeHasLostIt) {
  const std::string id = Begun();
  node_.Restart("epoch-2");
  Connect();
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_FAILED);
  EXPECT_EQ(Transcribe(id).failure_reason(), T::FAILURE_REASON_MEDIA_NODE_LOST);
  EXPECT_EQ(Room(room_).transcribe_id(), "");
  EXPECT_EQ(TranscribeEvents().back(), "transcribe_done");
  EXPECT_NE(Begun(), "");
  CheckInvariants();
}

TEST_F(TranscribesTest, ANodeOutOfReachIsToldToStopWhenItIsBack) {
  const std::string id = Begun();
  hold_commands_ = true;
  LoseNode();
  EXPECT_EQ(Transcribe(id).failure_reason(), T::FAILURE_REASON_MEDIA_NODE_LOST);
  pending_ = {};
  hold_commands_ = false;
  Connect();
  EXPECT_EQ(node_.transcriptions.at(id).status(), State::STATUS_ENDED);
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_FAILED);
  CheckInvariants();
}

TEST_F(TranscribesTest, RefusalsAndFailuresHaveTheirReasons) {
  node_.job_refusal = Error(absl::StatusCode::kInternal, "X", "no");
  const std::string refused = Start()->transcribe_id();
  EXPECT_EQ(Transcribe(refused).failure_reason(), T::FAILURE_REASON_MEDIA_FAILED);
  EXPECT_EQ(Room(room_).transcribe_id(), "");
  node_.job_refusal = Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "too many");
  const std::string one_too_many = Start()->transcribe_id();
  EXPECT_EQ(Transcribe(one_too_many).failure_reason(), T::FAILURE_REASON_MEDIA_NODE_BUSY);
  EXPECT_EQ(TranscribeEvents().back(), "transcribe_done");
  EXPECT_EQ(Room(room_).transcribe_id(), "");
  const std::string failed = Begun();
  node_.EndTranscription(failed, State::STATUS_FAILED);
  Settle();
  EXPECT_EQ(Transcribe(failed).failure_reason(), T::FAILURE_REASON_SPEECH_FAILED);
  EXPECT_EQ(Room(room_).transcribe_id(), "");
  CheckInvariants();
}

TEST_F(TranscribesTest, EveryStateHasItsDeadline) {
  hold_commands_ = true;
  const std::string late = Begun();
  Pass(absl::Seconds(31));
  EXPECT_EQ(Transcribe(late).failure_reason(), T::FAILURE_REASON_MEDIA_FAILED);
  hold_commands_ = false;
  Settle();
  node_.ends_itself = false;
  const std::string id = Begun();
  Pass(absl::Hours(24) + absl::Seconds(1));
  EXPECT_EQ(Room(room_).transcribe_id(), "");
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_PROGRESSING);
  Pass(absl::Seconds(61));
  EXPECT_EQ(Transcribe(id).status(), T::STATUS_DONE);
  EXPECT_TRUE(Transcribe(id).degraded());
  CheckInvariants();
}

TEST_F(TranscribesTest, TextsAreBounded) {
  const std::string id = Begun();
  const std::string call = JoinedCall(room_).id();
  Say(id, call, clock_.Now(), std::string(8'191, 'x') + "ü");
  EXPECT_EQ(Texts(id)[0].message(), std::string(8'191, 'x'));
  EXPECT_FALSE(Transcribe(id).degraded());
  for (int i = 0; i < 5; ++i) Say(id, call, clock_.Now(), "text");
  EXPECT_EQ(Texts(id).size(), 5u);
  EXPECT_TRUE(Transcribe(id).degraded());
}

TEST_F(TranscribesTest, DeleteAndRetentionTakeTheTextsAlong) {
  const std::string id = Begun();
  const std::string kept = [&] {
    const std::string call = JoinedCall(room_).id();
    Say(id, call, clock_.Now(), "text");
    return Stop().ok() ? Begun() : "";
  }();
  ASSERT_TRUE(Stop().ok());
  ASSERT_TRUE(Delete(id).ok());
  EXPECT_EQ(ReasonOf(core_->transcribes().Get(principal_, id).status()), "TRANSCRIBE_NOT_FOUND");
  v1::ListTranscriptsRequest request;
  EXPECT_EQ(ReasonOf(core_->transcribes().ListTranscripts(principal_, request).status()), "MISSING_REQUEST_PARAMETER");
  request.set_transcribe_id(id);
  EXPECT_EQ(ReasonOf(core_->transcribes().ListTranscripts(principal_, request).status()), "TRANSCRIBE_NOT_FOUND");
  clock_.Advance(absl::Hours(24 * 31));
  core_->upkeep().Purge([](const absl::StatusOr<int64_t>& rows) { EXPECT_TRUE(rows.ok()) << rows.status(); });
  Settle();
  EXPECT_EQ(ReasonOf(core_->transcribes().Get(principal_, kept).status()), "TRANSCRIBE_NOT_FOUND");
  EXPECT_EQ(Room(room_).transcribe_ids_size(), 2);
}

TEST_F(TranscribesTest, AnotherCustomersIsNotThere) {
  const std::string id = Begun();
  principal_.customer_id = "00000000-0000-7000-8000-0000000000ff";
  EXPECT_EQ(ReasonOf(Start().status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Stop().status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(StopOne(id).status()), "TRANSCRIBE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete(id).status()), "TRANSCRIBE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(core_->transcribes().Get(principal_, id).status()), "TRANSCRIBE_NOT_FOUND");
  v1::ListTranscriptsRequest request;
  request.set_transcribe_id(id);
  EXPECT_EQ(ReasonOf(core_->transcribes().ListTranscripts(principal_, request).status()), "TRANSCRIBE_NOT_FOUND");
  EXPECT_EQ(core_->transcribes().List(principal_, {})->result_size(), 0);
}

}  // namespace
}  // namespace tutti::control
