#include <string>
#include <vector>

#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

using C = v1::Conference;
using R = v1::Recording;
using State = media::v1::RecordingState;
using Types = std::vector<std::string>;

class CoreRecordingTest : public CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    room_ = CreateConference()->id();
  }

  absl::StatusOr<C> Start(v1::StartRecordingRequest request = {}) {
    if (request.id().empty()) request.set_id(room_);
    return Ask<C>([&](auto done) { core_->StartRecording(principal_, request, done); });
  }
  absl::StatusOr<C> Stop() {
    return Ask<C>([&](auto done) { core_->StopRecording(principal_, room_, done); });
  }
  absl::StatusOr<C> Pause(bool paused) {
    return Ask<C>([&](auto done) { core_->PauseRecording(principal_, room_, paused, done); });
  }
  absl::StatusOr<R> Delete(const std::string& id) {
    return Ask<R>([&](auto done) { core_->DeleteRecording(principal_, id, done); });
  }
  R Recording(const std::string& id) {
    auto recording = core_->GetRecording(principal_, id);
    EXPECT_TRUE(recording.ok()) << recording.status();
    return recording.ok() ? *recording : R();
  }
  // A recording that runs.
  std::string Recorded() {
    auto room = Start();
    EXPECT_TRUE(room.ok()) << room.status();
    return room.ok() ? room->recording_id() : "";
  }
  Types RecordingEvents() {
    Types types;
    for (const std::string& type : EventTypes("conference:" + room_)) {
      if (type.rfind("recording_", 0) == 0) types.push_back(type);
    }
    return types;
  }
  void LoseNode() {
    core_->NodeLost(lease_, [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    RunSteps();
  }

  template <typename T>
  absl::StatusOr<T> Ask(const std::function<void(Core::Done<T>)>& ask) {
    absl::StatusOr<T> answer = absl::UnknownError("not answered");
    ask([&](absl::StatusOr<T> got) { answer = std::move(got); });
    Settle();
    return answer;
  }

  std::string room_;
};

TEST_F(CoreRecordingTest, BeginsBeforeAnybodyHasJoined) {
  v1::StartRecordingRequest request;
  request.set_format(R::FORMAT_FLAC);
  request.set_rate(8000);
  request.set_duration(60);
  request.set_per_speaker(true);
  const C room = *Start(request);
  const R recording = Recording(room.recording_id());
  EXPECT_EQ(recording.status(), R::STATUS_RECORDING);
  EXPECT_EQ(recording.reference_id(), room_);
  EXPECT_EQ(recording.customer_id(), principal_.customer_id);
  EXPECT_TRUE(recording.has_tm_start());
  const auto& put = node_.recording_puts.at(recording.id());
  EXPECT_EQ(put.bridge_id(), room_);
  EXPECT_EQ(put.format(), media::v1::RECORDING_FORMAT_FLAC);
  EXPECT_EQ(put.sample_rate_hz(), 8000u);
  EXPECT_EQ(put.duration_ms_max(), 60'000);
  EXPECT_TRUE(put.per_speaker());
  EXPECT_EQ(EventTypes("conference:" + room_),
            (Types{"conference_created", "conference_updated", "recording_started"}));
  // Who joins later comes to where the recording is.
  JoinedCall(room_);
  EXPECT_EQ(node_.bridges.size(), 1u);
  CheckInvariants();
}

TEST_F(CoreRecordingTest, DefaultsAreWavAt16KhzForADay) {
  const R recording = Recording(Recorded());
  EXPECT_EQ(recording.format(), R::FORMAT_WAV);
  EXPECT_EQ(recording.rate(), 16'000);
  EXPECT_EQ(recording.duration_max(), 86'400);
  EXPECT_TRUE(beeps_.empty());
}

TEST_F(CoreRecordingTest, OneAtATimeAndAllInTheHistory) {
  const std::string first = Recorded();
  EXPECT_EQ(ReasonOf(Start().status()), "RECORDING_ALREADY_ACTIVE");
  const C stopped = *Stop();
  EXPECT_EQ(stopped.recording_id(), "");
  EXPECT_EQ(ReasonOf(Stop().status()), "RECORDING_NOT_ACTIVE");
  EXPECT_EQ(ReasonOf(Pause(true).status()), "RECORDING_NOT_ACTIVE");
  EXPECT_EQ(ReasonOf(Pause(false).status()), "RECORDING_NOT_ACTIVE");
  clock_.Advance(absl::Seconds(1));
  const std::string second = Recorded();
  const C room = Room(room_);
  EXPECT_EQ(room.recording_id(), second);
  EXPECT_EQ(Types(room.recording_ids().begin(), room.recording_ids().end()), (Types{first, second}));
  EXPECT_EQ(core_->ListConferences(principal_, {})->result(0).recording_ids_size(), 2);
  EXPECT_EQ(stopped.recording_ids(0), first) << "in every answer, as in the events";
  v1::ListRecordingsRequest list;
  list.set_conference_id(room_);
  list.set_page_size(1);
  const auto newest = *core_->ListRecordings(principal_, list);
  EXPECT_EQ(newest.result(0).id(), second);
  list.set_page_token(newest.next_page_token());
  const auto oldest = *core_->ListRecordings(principal_, list);
  EXPECT_EQ(oldest.result(0).id(), first);
  EXPECT_EQ(oldest.next_page_token(), "");
  list.clear_page_token();
  list.set_status(R::STATUS_ENDED);
  EXPECT_EQ(core_->ListRecordings(principal_, list)->result(0).id(), first);
  CheckInvariants();
}

TEST_F(CoreRecordingTest, StopLeavesFilesBehind) {
  node_.ends_itself = false;
  const std::string id = Recorded();
  ASSERT_TRUE(Stop().ok());
  EXPECT_EQ(Recording(id).status(), R::STATUS_STOPPING);
  EXPECT_EQ(Recording(id).files_size(), 0);
  // While its files are being finished another one may begin.
  const std::string next = Recorded();
  node_.FinishRecording(id);
  Settle();
  const R recording = Recording(id);
  EXPECT_EQ(recording.status(), R::STATUS_ENDED);
  EXPECT_EQ(recording.duration(), 10);
  ASSERT_EQ(recording.files_size(), 2);
  EXPECT_EQ(recording.files(0).id(), id);
  EXPECT_EQ(recording.files(0).kind(), v1::RecordingFile::KIND_MIXED);
  EXPECT_EQ(recording.files(0).store(), v1::RecordingFile::STORE_MEDIA_NODE);
  EXPECT_EQ(recording.size(), 320'044 + 56);
  EXPECT_EQ(recording.tm_end().seconds() - recording.tm_start().seconds(), 10);
  EXPECT_EQ(Room(room_).recording_id(), next);
  EXPECT_EQ(RecordingEvents(), (Types{"recording_started", "recording_started", "recording_finished"}));
  CheckInvariants();
}

TEST_F(CoreRecordingTest, PausesAndGoesOn) {
  const std::string id = Recorded();
  ASSERT_TRUE(Pause(true).ok());
  ASSERT_TRUE(Pause(true).ok());
  EXPECT_EQ(Recording(id).status(), R::STATUS_PAUSED);
  EXPECT_EQ(Room(room_).recording_id(), id);
  EXPECT_EQ(ReasonOf(Start().status()), "RECORDING_ALREADY_ACTIVE");
  ASSERT_TRUE(Pause(false).ok());
  ASSERT_TRUE(Pause(false).ok());
  EXPECT_EQ(Recording(id).status(), R::STATUS_RECORDING);
  ASSERT_TRUE(Pause(true).ok());
  ASSERT_TRUE(Stop().ok());
  EXPECT_EQ(RecordingEvents(), (Types{"recording_started", "recording_paused", "recording_resumed", "recording_paused",
                                      "recording_finished"}));
  CheckInvariants();
}

TEST_F(CoreRecordingTest, AReplyThatWasOvertakenDoesNotResumeIt) {
  const std::string id = Recorded();
  State old = node_.recordings.at(id);
  ASSERT_TRUE(Pause(true).ok());
  old.set_revision(node_.recordings.at(id).revision());
  core_->RecordingPut(node_.id(), old, [](const absl::Status&) {});
  Settle();
  EXPECT_EQ(Recording(id).status(), R::STATUS_PAUSED);
}

TEST_F(CoreRecordingTest, PausedBeforeItHasBegun) {
  hold_commands_ = true;
  const std::string id = Recorded();
  EXPECT_EQ(Recording(id).status(), R::STATUS_INITIATING);
  ASSERT_TRUE(Pause(true).ok());
  hold_commands_ = false;
  Settle();
  EXPECT_EQ(Recording(id).status(), R::STATUS_PAUSED);
  EXPECT_EQ(RecordingEvents().back(), "recording_paused");
  EXPECT_EQ(RecordingEvents().front(), "recording_started");
  CheckInvariants();
}

TEST_F(CoreRecordingTest, StoppedBeforeItHasBegun) {
  hold_commands_ = true;
  const std::string id = Recorded();
  ASSERT_TRUE(Stop().ok());
  EXPECT_EQ(Recording(id).status(), R::STATUS_STOPPING);
  hold_commands_ = false;
  Settle();
  EXPECT_EQ(Recording(id).status(), R::STATUS_ENDED);
  EXPECT_EQ(RecordingEvents(), (Types{"recording_started", "recording_finished"}));
  CheckInvariants();
}

TEST_F(CoreRecordingTest, ItsOwnEndFreesTheRoom) {
  const std::string id = Recorded();
  node_.FinishRecording(id);
  Settle();
  EXPECT_EQ(Recording(id).status(), R::STATUS_ENDED);
  EXPECT_EQ(Room(room_).recording_id(), "");
  EXPECT_EQ(EventTypes("conference:" + room_), (Types{"conference_created", "conference_updated", "recording_started",
                                                      "recording_finished", "conference_updated"}));
  EXPECT_NE(Recorded(), "");
  CheckInvariants();
}

TEST_F(CoreRecordingTest, AFailureHasItsReasonAndItsFiles) {
  const std::string id = Recorded();
  node_.FailRecording(id, State::FAILURE_DISK_FULL);
  Settle();
  const R recording = Recording(id);
  EXPECT_EQ(recording.status(), R::STATUS_FAILED);
  EXPECT_EQ(recording.failure_reason(), R::FAILURE_REASON_DISK_FULL);
  EXPECT_EQ(recording.files_size(), 2);
  EXPECT_EQ(Room(room_).recording_id(), "");
  EXPECT_EQ(RecordingEvents(), (Types{"recording_started", "recording_failed"}));
  CheckInvariants();
}

TEST_F(CoreRecordingTest, TheRoomsEndStopsIt) {
  node_.ends_itself = false;
  const std::string id = Recorded();
  JoinedCall(room_);
  ASSERT_TRUE(DeleteConference(room_).ok());
  EXPECT_EQ(Room(room_).status(), C::STATUS_TERMINATED);
  EXPECT_EQ(Room(room_).recording_id(), "");
  EXPECT_EQ(ReasonOf(Start().status()), "STATE_INVALID");
  if (Recording(id).status() == R::STATUS_STOPPING) node_.FinishRecording(id);
  Settle();
  EXPECT_EQ(Recording(id).status(), R::STATUS_ENDED);
  const Types types = EventTypes("conference:" + room_);
  EXPECT_EQ(types.back(), "recording_finished");
  EXPECT_EQ(Room(room_).recording_ids_size(), 1);
  CheckInvariants();
}

TEST_F(CoreRecordingTest, TheRoomsTimeoutStopsIt) {
  C asked;
  asked.set_timeout(60);
  room_ = CreateConference(asked)->id();
  const std::string id = Recorded();
  Pass(absl::Seconds(61));
  EXPECT_EQ(Room(room_).status(), C::STATUS_TERMINATED);
  EXPECT_EQ(Recording(id).status(), R::STATUS_ENDED);
  CheckInvariants();
}

TEST_F(CoreRecordingTest, ChecksWhatIsAsked) {
  const auto reason_of = [&](auto set) {
    v1::StartRecordingRequest request;
    set(request);
    return ReasonOf(Start(request).status());
  };
  EXPECT_EQ(reason_of([](auto& r) { r.set_id("x"); }), "INVALID_ID");
  EXPECT_EQ(reason_of([](auto& r) { r.set_id("00000000-0000-7000-8000-0000000000aa"); }), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(reason_of([](auto& r) { r.set_format(static_cast<R::Format>(9)); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](auto& r) { r.set_duration(-1); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](auto& r) { r.set_duration(86'401); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](auto& r) { r.set_rate(44'100); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(Room(room_).recording_ids_size(), 0);
}

TEST_F(CoreRecordingTest, AnotherCustomersIsNotThere) {
  const std::string id = Recorded();
  principal_.customer_id = "00000000-0000-7000-8000-0000000000ff";
  EXPECT_EQ(ReasonOf(Start().status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Stop().status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Pause(true).status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(core_->GetRecording(principal_, id).status()), "RECORDING_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete(id).status()), "RECORDING_NOT_FOUND");
  EXPECT_EQ(core_->ListRecordings(principal_, {})->result_size(), 0);
}

TEST_F(CoreRecordingTest, ABeepTellsTheRoom) {
  v1::StartRecordingRequest request;
  request.set_beep(true);
  const std::string id = Start(request)->recording_id();
  ASSERT_EQ(beeps_.size(), 1u);
  EXPECT_EQ(beeps_[0].bridge_id, room_);
  EXPECT_EQ(beeps_[0].operation_id, id);
  EXPECT_EQ(beeps_[0].sound, "beep");
}

TEST_F(CoreRecordingTest, ANewProcessOfTheNodeHasLostIt) {
  const std::string id = Recorded();
  node_.Restart("epoch-2");
  Connect();
  const R recording = Recording(id);
  EXPECT_EQ(recording.status(), R::STATUS_FAILED);
  EXPECT_EQ(recording.failure_reason(), R::FAILURE_REASON_MEDIA_NODE_LOST);
  // What was saved is told later and counts.
  EXPECT_EQ(recording.duration(), 10);
  EXPECT_EQ(recording.files_size(), 2);
  EXPECT_EQ(Room(room_).recording_id(), "");
  EXPECT_EQ(RecordingEvents(), (Types{"recording_started", "recording_failed"}));
  const std::string next = Recorded();
  EXPECT_EQ(Recording(next).status(), R::STATUS_RECORDING);
  CheckInvariants();
}

TEST_F(CoreRecordingTest, ANodeOutOfReachIsToldToStopWhenItIsBack) {
  const std::string id = Recorded();
  hold_commands_ = true;
  LoseNode();
  EXPECT_EQ(Recording(id).failure_reason(), R::FAILURE_REASON_MEDIA_NODE_LOST);
  EXPECT_EQ(Room(room_).recording_id(), "");
  EXPECT_EQ(node_.recordings.at(id).status(), State::STATUS_RECORDING);
  pending_ = {};
  hold_commands_ = false;
  Connect();
  EXPECT_EQ(node_.recordings.at(id).status(), State::STATUS_ENDED);
  EXPECT_EQ(Recording(id).status(), R::STATUS_FAILED);
  EXPECT_EQ(Recording(id).files_size(), 2);
  EXPECT_EQ(RecordingEvents(), (Types{"recording_started", "recording_failed"}));
  CheckInvariants();
}

TEST_F(CoreRecordingTest, WhatADeadProcessDidNotSendIsSentAgain) {
  hold_commands_ = true;
  const std::string id = Recorded();
  Restart();
  hold_commands_ = false;
  Settle();
  EXPECT_EQ(Recording(id).status(), R::STATUS_INITIATING);
  clock_.Advance(absl::Seconds(3));
  ASSERT_TRUE(core_->RepeatCommands().ok());
  // Its bridge's command is found by the reconcile.
  Connect();
  EXPECT_EQ(Recording(id).status(), R::STATUS_RECORDING);
  hold_commands_ = true;
  ASSERT_TRUE(Stop().ok());
  Restart();
  hold_commands_ = false;
  clock_.Advance(absl::Seconds(3));
  ASSERT_TRUE(core_->RepeatCommands().ok());
  Settle();
  EXPECT_EQ(Recording(id).status(), R::STATUS_ENDED);
  CheckInvariants();
}

TEST_F(CoreRecordingTest, ASnapshotTellsWhatEventsDidNot) {
  const std::string id = Recorded();
  hold_events_ = true;
  ASSERT_TRUE(Pause(true).ok());
  Reconcile();
  EXPECT_EQ(Recording(id).status(), R::STATUS_PAUSED);
  node_.FinishRecording(id);
  node_.events.clear();
  Reconcile();
  EXPECT_EQ(Recording(id).status(), R::STATUS_ENDED);
  EXPECT_EQ(RecordingEvents(), (Types{"recording_started", "recording_paused", "recording_finished"}));
  CheckInvariants();
}

TEST_F(CoreRecordingTest, ARecordingThatNobodyKnowsIsStoppedAfterAWhile) {
  State& stray = node_.recordings["00000000-0000-7000-8000-0000000000aa"];
  stray.set_recording_id("00000000-0000-7000-8000-0000000000aa");
  stray.set_revision(3);
  stray.set_status(State::STATUS_RECORDING);
  Reconcile();
  EXPECT_EQ(stray.status(), State::STATUS_RECORDING);
  Pass(absl::Seconds(31));
  Reconcile();
  EXPECT_EQ(stray.status(), State::STATUS_ENDED);
}

TEST_F(CoreRecordingTest, EveryStateHasItsDeadline) {
  hold_commands_ = true;
  const std::string late = Recorded();
  Pass(absl::Seconds(31));
  EXPECT_EQ(Recording(late).status(), R::STATUS_FAILED);
  EXPECT_EQ(Recording(late).failure_reason(), R::FAILURE_REASON_MEDIA_FAILED);
  EXPECT_EQ(Room(room_).recording_id(), "");
  hold_commands_ = false;
  Settle();

  node_.ends_itself = false;
  const std::string old = Recorded();
  ASSERT_TRUE(Pause(true).ok());
  Pass(absl::Hours(24) + absl::Minutes(2));
  EXPECT_EQ(Recording(old).status(), R::STATUS_STOPPING);
  EXPECT_EQ(Room(room_).recording_id(), "");
  Pass(absl::Hours(2) + absl::Seconds(1));
  EXPECT_EQ(Recording(old).status(), R::STATUS_FAILED);
  // Its files may come still.
  node_.FinishRecording(old);
  Settle();
  EXPECT_EQ(Recording(old).files_size(), 2);
  CheckInvariants();
}

TEST_F(CoreRecordingTest, ARefusalIsAFailure) {
  node_.job_refusal = Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "too many");
  const std::string id = Start()->recording_id();
  EXPECT_EQ(Recording(id).status(), R::STATUS_FAILED);
  EXPECT_EQ(Recording(id).failure_reason(), R::FAILURE_REASON_MEDIA_FAILED);
  EXPECT_EQ(Room(room_).recording_id(), "");
  EXPECT_NE(Recorded(), "");
  CheckInvariants();
}

TEST_F(CoreRecordingTest, OneThatWasRefusedAndBegunByALateCommandIsStoppedAndItsFilesAreKnown) {
  node_.job_refusal = Error(absl::StatusCode::kFailedPrecondition, "X", "no");
  const std::string id = Start()->recording_id();
  ASSERT_EQ(Recording(id).status(), R::STATUS_FAILED);
  media::v1::PutRecordingRequest late;
  late.set_recording_id(id);
  late.set_revision(1);
  late.set_bridge_id(room_);
  late.set_wanted(media::v1::PutRecordingRequest::WANTED_RECORD);
  ASSERT_TRUE(node_.Put(late).ok());
  node_.events.clear();
  Reconcile();
  EXPECT_EQ(node_.recordings.at(id).status(), State::STATUS_ENDED);
  EXPECT_EQ(Recording(id).files_size(), 2);
  EXPECT_EQ(RecordingEvents(), (Types{"recording_failed"}));
  CheckInvariants();
}

TEST_F(CoreRecordingTest, DeleteRemovesItWithItsFiles) {
  const std::string id = Recorded();
  EXPECT_EQ(ReasonOf(Delete(id).status()), "STATE_INVALID");
  ASSERT_TRUE(Stop().ok());
  EXPECT_EQ(core_->FindRecordingFile(id)->file.name(), id + ".wav");
  hold_commands_ = true;
  ASSERT_TRUE(Delete(id).ok());
  EXPECT_EQ(ReasonOf(core_->GetRecording(principal_, id).status()), "RECORDING_NOT_FOUND");
  EXPECT_EQ(ReasonOf(core_->FindRecordingFile(id).status()), "RECORDING_FILE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete(id).status()), "RECORDING_NOT_FOUND");
  EXPECT_EQ(core_->ListRecordings(principal_, {})->result_size(), 0);
  EXPECT_EQ(node_.recordings.size(), 1u);
  Restart();
  hold_commands_ = false;
  Connect();
  EXPECT_TRUE(node_.recordings.empty());
  EXPECT_EQ(Room(room_).recording_ids(0), id);
  EXPECT_TRUE(absl::IsNotFound(core_->ReadRecordingCommand({node_.id(), id}).status()));
}

TEST_F(CoreRecordingTest, ObjectsAreAskedToGoUntilTheyAreGone) {
  const std::string id = Recorded();
  ASSERT_TRUE(Stop().ok());
  node_.UploadRecording(id);
  Settle();
  EXPECT_EQ(Recording(id).files(0).store(), v1::RecordingFile::STORE_OBJECT_STORE);
  EXPECT_EQ(RecordingEvents(), (Types{"recording_started", "recording_finished"}));
  ASSERT_TRUE(Delete(id).ok());
  Pass(absl::Minutes(2));
  EXPECT_EQ(object_deletions_, (Types{id, id}));
  EXPECT_EQ(*core_->ReadObjectDeletion(id), (Types{id + ".wav", id + ".json"}));
  core_->ObjectsDeleted(id, [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  Settle();
  EXPECT_TRUE(absl::IsNotFound(core_->ReadObjectDeletion(id).status()));
  Pass(absl::Minutes(5));
  EXPECT_EQ(object_deletions_.size(), 2u);
}

TEST_F(CoreRecordingTest, AFileIsFoundByItsId) {
  const std::string id = Recorded();
  EXPECT_EQ(core_->FindRecordingFile(id)->status, R::STATUS_RECORDING);
  EXPECT_EQ(core_->FindRecordingFile(id)->file.id(), "");
  ASSERT_TRUE(Stop().ok());
  const std::string markers = Recording(id).files(1).id();
  const auto found = *core_->FindRecordingFile(markers);
  EXPECT_EQ(found.recording_id, id);
  EXPECT_EQ(found.customer_id, principal_.customer_id);
  EXPECT_EQ(found.node_id, node_.id());
  EXPECT_EQ(found.file.name(), id + ".json");
  EXPECT_EQ(ReasonOf(core_->FindRecordingFile("00000000-0000-7000-8000-0000000000aa").status()),
            "RECORDING_FILE_NOT_FOUND");
}

TEST_F(CoreRecordingTest, RetentionRemovesItWithItsFiles) {
  const std::string id = Recorded();
  ASSERT_TRUE(Stop().ok());
  const auto purge = [&] {
    core_->Purge([](const absl::StatusOr<int64_t>& rows) { EXPECT_TRUE(rows.ok()) << rows.status(); });
    Settle();
  };
  clock_.Advance(absl::Hours(24 * 30) - absl::Minutes(1));
  purge();
  EXPECT_EQ(Recording(id).status(), R::STATUS_ENDED);
  clock_.Advance(absl::Minutes(2));
  purge();
  EXPECT_EQ(ReasonOf(core_->GetRecording(principal_, id).status()), "RECORDING_NOT_FOUND");
  EXPECT_TRUE(node_.recordings.empty());
  EXPECT_EQ(Room(room_).recording_ids(0), id);
}

TEST_F(CoreRecordingTest, NeedsANode) {
  has_nodes_ = false;
  EXPECT_EQ(ReasonOf(Start().status()), "MEDIA_NODE_UNAVAILABLE");
  EXPECT_EQ(Room(room_).recording_id(), "");
}

}  // namespace
}  // namespace tutti::control
