#include "control/core/core_fixture.h"

#include <map>
#include <utility>

#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr absl::Duration kLease = absl::Seconds(5);

const absl::Status kUnanswered = absl::UnknownError("not answered");

template <typename T>
absl::StatusOr<T> Answered(std::optional<absl::StatusOr<T>>& answer) {
  return answer.has_value() ? *std::move(answer) : absl::StatusOr<T>(kUnanswered);
}

}  // namespace

CoreFixture::CoreFixture() = default;
CoreFixture::~CoreFixture() = default;

void CoreFixture::SetUp() {
  database_ = std::make_unique<TestDatabase>();
  // There is but one clock.
  options_.clock_difference_max = absl::ZeroDuration();
  ids_ = std::make_unique<IdGenerator>(clock_, [this] { return random_ = random_ * 6364136223846793005u + 1; });
  Open();
  Connect();
}

void CoreFixture::TearDown() {
  core_ = nullptr;
  store_ = nullptr;
  database_ = nullptr;
}

void CoreFixture::Open() {
  auto store = database_->Open(clock_);
  ASSERT_TRUE(store.ok()) << store.status();
  store_ = *std::move(store);
  core_ = std::make_unique<Core>(
      *store_, clock_, *ids_, *this, *this,
      [](const media::v1::MediaDescription& answer, const std::string&,
         int64_t version) -> absl::StatusOr<std::string> {
        if (answer.sections().empty()) return absl::InternalError("no answer");
        return version == 1 ? "v=0 answer" : "v=0 answer " + std::to_string(version);
      },
      options_);
  ASSERT_TRUE(core_->Start().ok());
}

void CoreFixture::Restart() {
  pending_ = {};
  core_ = nullptr;
  store_ = nullptr;
  pending_ = {};
  Open();
}

void CoreFixture::Connect() {
  absl::Status claimed = kUnanswered;
  core_->ClaimNode(node_.id(), "test", kLease, [&](absl::StatusOr<NodeLease> lease) {
    claimed = lease.status();
    if (lease.ok()) lease_ = *lease;
  });
  RunSteps();
  ASSERT_TRUE(claimed.ok()) << claimed;
  node_.events.clear();
  Reconcile();
}

void CoreFixture::Reconcile() {
  absl::Status reconciled = kUnanswered;
  node_.events.clear();
  // What the store learns at this very moment may be missing in the snapshot.
  clock_.Advance(absl::Milliseconds(1));
  core_->Reconcile(lease_, node_.Snapshot(clock_.Now()), [&](absl::Status status) { reconciled = std::move(status); });
  RunSteps();
  ASSERT_TRUE(reconciled.ok()) << reconciled;
  Settle();
}

void CoreFixture::LetLeasesRunOut() {
  clock_.Advance(kLease + absl::Seconds(1));
  if (!TestDatabase::IsPostgres()) return;
  const auto moved = database_->Connect()->Execute("UPDATE media_nodes SET lease_until = lease_until - ?",
                                                   {absl::ToInt64Microseconds(kLease + absl::Seconds(1))});
  EXPECT_TRUE(moved.ok()) << moved.status();
}

void CoreFixture::OnCommit(Effects effects) {
  ++commits_with_effects_;
  for (Beep& beep : effects.beeps) beeps_.push_back(std::move(beep));
  for (MediaRef& ref : effects.bridges) pending_.bridges.push_back(std::move(ref));
  for (MediaRef& ref : effects.legs) pending_.legs.push_back(std::move(ref));
  for (MediaRef& ref : effects.recordings) pending_.recordings.push_back(std::move(ref));
  for (MediaRef& ref : effects.transcriptions) pending_.transcriptions.push_back(std::move(ref));
  for (std::string& id : effects.object_deletions) object_deletions_.push_back(std::move(id));
  for (std::string& call_id : effects.operations) asked_operations_.push_back(std::move(call_id));
  for (SoundStop& stop : effects.stops) stopped_sounds_.push_back(std::move(stop.operation_id));
}

absl::StatusOr<std::string> CoreFixture::Pick(const std::string& node_id) {
  if (has_nodes_ && (node_id.empty() || node_id == node_.id())) return node_.id();
  return Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE", "no such node");
}

bool CoreFixture::SendCommands() {
  if (hold_commands_ || (pending_.legs.empty() && pending_.bridges.empty() && pending_.recordings.empty() &&
                         pending_.transcriptions.empty())) {
    return false;
  }
  Effects sent = std::exchange(pending_, {});
  const auto ignore = [](const absl::Status&) {};
  for (const MediaRef& ref : sent.bridges) {
    auto command = core_->ReadBridgeCommand(ref);
    if (!command.ok()) continue;
    if (auto* put = std::get_if<media::v1::PutBridgeRequest>(&command->request)) {
      EXPECT_TRUE(node_.Put(*put).ok());
    } else {
      core_->BridgeRemoved(node_.id(), node_.Remove(std::get<media::v1::RemoveBridgeRequest>(command->request)),
                           ignore);
    }
  }
  for (const MediaRef& ref : sent.legs) {
    auto command = core_->ReadLegCommand(ref);
    if (!command.ok()) continue;
    if (auto* put = std::get_if<media::v1::PutLegRequest>(&command->request)) {
      auto state = node_.Put(*put);
      if (state.ok()) {
        core_->LegPut(node_.id(), *state, ignore);
      } else {
        core_->LegRefused(node_.id(), ref.id, put->revision(), state.status(), ignore);
      }
    } else {
      core_->LegRemoved(node_.id(), node_.Remove(std::get<media::v1::RemoveLegRequest>(command->request)), ignore);
    }
  }
  for (const MediaRef& ref : sent.recordings) SendRecording(ref);
  for (const MediaRef& ref : sent.transcriptions) SendTranscription(ref);
  return true;
}

void CoreFixture::SendRecording(const MediaRef& ref) {
  const auto ignore = [](const absl::Status&) {};
  auto command = core_->ReadRecordingCommand(ref);
  if (!command.ok()) return;
  if (auto* remove = std::get_if<media::v1::DeleteRecordingRequest>(&command->request)) {
    node_.Delete(*remove);
    return core_->RecordingDeleted(node_.id(), ref.id, ignore);
  }
  const auto& put = std::get<media::v1::PutRecordingRequest>(command->request);
  auto state = node_.Put(put);
  if (state.ok()) return core_->RecordingPut(node_.id(), *state, ignore);
  core_->RecordingRefused(node_.id(), ref.id, put.revision(), ignore);
}

void CoreFixture::SendTranscription(const MediaRef& ref) {
  const auto ignore = [](const absl::Status&) {};
  auto command = core_->ReadTranscriptionCommand(ref);
  if (!command.ok()) return;
  auto state = node_.Put(command->request);
  if (state.ok()) return core_->TranscriptionPut(node_.id(), *state, ignore);
  core_->TranscriptionRefused(node_.id(), ref.id, command->request.revision(), ignore);
}

bool CoreFixture::WatchEvents() {
  if (hold_events_ || node_.events.empty()) return false;
  core_->HandleNodeEvents(lease_, node_.epoch(), {node_.events.begin(), node_.events.end()},
                          [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  node_.events.clear();
  return true;
}

void CoreFixture::RunSteps() {
  while (store_->RunPending()) {
  }
  SequenceEvents();
}

void CoreFixture::SequenceEvents() {
  int64_t sequenced = 0;
  do {
    core_->SequenceEvents([&](absl::StatusOr<int64_t> count) {
      ASSERT_TRUE(count.ok()) << count.status();
      sequenced = *count;
    });
    while (store_->RunPending()) {
    }
  } while (sequenced > 0);
}

void CoreFixture::Settle() {
  for (bool busy = true; busy;) {
    busy = store_->RunPending();
    busy = SendCommands() || busy;
    busy = WatchEvents() || busy;
  }
  SequenceEvents();
}

void CoreFixture::Pass(absl::Duration duration) {
  clock_.Advance(duration);
  for (int i = 0; i < 100; ++i) {
    std::optional<absl::Time> next;
    core_->RunDue([&](absl::StatusOr<absl::Time> result) {
      ASSERT_TRUE(result.ok()) << result.status();
      next = *result;
    });
    Settle();
    ASSERT_TRUE(next.has_value());
    if (*next > clock_.Now()) return;
  }
  FAIL() << "something stays due";
}

absl::StatusOr<v1::Conference> CoreFixture::CreateConference(const v1::Conference& conference, const std::string& key) {
  std::optional<absl::StatusOr<v1::Conference>> answer;
  v1::CreateConferenceRequest request;
  *request.mutable_conference() = conference;
  core_->CreateConference(principal_, request, key, [&](absl::StatusOr<v1::Conference> made) { answer = made; });
  Settle();
  return Answered(answer);
}

absl::StatusOr<v1::Conference> CoreFixture::DeleteConference(const std::string& id) {
  std::optional<absl::StatusOr<v1::Conference>> answer;
  core_->DeleteConference(principal_, id, [&](absl::StatusOr<v1::Conference> deleted) { answer = deleted; });
  Settle();
  return Answered(answer);
}

void CoreFixture::StartCall(const std::vector<v1::Action>& actions, const CallAnswer& answer, const std::string& key) {
  v1::CreateCallRequest request;
  request.mutable_call()->set_type(v1::Call::TYPE_RTP);
  request.mutable_call()->set_sdp_offer("v=0 offer");
  for (const v1::Action& action : actions) *request.mutable_call()->add_actions() = action;
  core_->CreateCall(principal_, request, {}, key,
                    [answer](absl::StatusOr<v1::Call> made) { *answer = std::move(made); });
}

absl::StatusOr<v1::Call> CoreFixture::CreateCall(const std::vector<v1::Action>& actions, const std::string& key) {
  auto answer = std::make_shared<std::optional<absl::StatusOr<v1::Call>>>();
  StartCall(actions, answer, key);
  Settle();
  return Answered(*answer);
}

absl::StatusOr<v1::Call> CoreFixture::Hangup(const std::string& id) {
  std::optional<absl::StatusOr<v1::Call>> answer;
  core_->HangupCall(principal_, id, [&](absl::StatusOr<v1::Call> ended) { answer = ended; });
  Settle();
  return Answered(answer);
}

absl::StatusOr<v1::Conferencecall> CoreFixture::Kick(const std::string& id) {
  std::optional<absl::StatusOr<v1::Conferencecall>> answer;
  core_->DeleteConferencecall(principal_, id, [&](absl::StatusOr<v1::Conferencecall> kicked) { answer = kicked; });
  Settle();
  return Answered(answer);
}

v1::Conference CoreFixture::Room(const std::string& id) {
  auto room = core_->GetConference(principal_, id);
  EXPECT_TRUE(room.ok()) << room.status();
  return room.ok() ? *room : v1::Conference();
}

v1::Call CoreFixture::Call(const std::string& id) {
  auto call = core_->GetCall(principal_, id);
  EXPECT_TRUE(call.ok()) << call.status();
  return call.ok() ? *call : v1::Call();
}

v1::Call CoreFixture::JoinedCall(const std::string& conference_id) {
  auto call = CreateCall({Join(conference_id)});
  EXPECT_TRUE(call.ok()) << call.status();
  if (!call.ok()) return {};
  EXPECT_EQ(Participant(call->id()).status(), v1::Conferencecall::STATUS_JOINED);
  return *call;
}

v1::Conferencecall CoreFixture::Participant(const std::string& call_id) {
  v1::ListConferencecallsRequest request;
  do {
    auto list = core_->ListConferencecalls(principal_, request);
    EXPECT_TRUE(list.ok()) << list.status();
    if (!list.ok()) return {};
    for (const v1::Conferencecall& participant : list->result()) {
      if (participant.reference_id() == call_id) return participant;
    }
    request.set_page_token(list->next_page_token());
  } while (!request.page_token().empty());
  return {};
}

v1::Action CoreFixture::Plain(const std::string& type) {
  v1::Action action;
  action.set_type(type);
  return action;
}

v1::Action CoreFixture::Join(const std::string& conference_id) {
  v1::Action action = Plain("conference_join");
  (*action.mutable_option()->mutable_fields())["conference_id"].set_string_value(conference_id);
  return action;
}

v1::Action CoreFixture::Sleep(int64_t ms) {
  v1::Action action = Plain("sleep");
  (*action.mutable_option()->mutable_fields())["duration"].set_number_value(static_cast<double>(ms));
  return action;
}

std::vector<std::string> CoreFixture::EventTypes(const std::string& stream) {
  std::vector<std::string> types;
  auto point = core_->FindEventPoint(principal_, stream, 0, "");
  EXPECT_TRUE(point.ok()) << point.status();
  if (!point.ok()) return types;
  for (;;) {
    auto events = core_->ReadEvents(principal_, *point, 100);
    EXPECT_TRUE(events.ok()) << events.status();
    if (!events.ok() || events->empty()) return types;
    for (const v1::Event& event : *events) {
      types.push_back(event.type());
      EXPECT_EQ(event.sequence(), static_cast<int64_t>(types.size())) << stream;
    }
  }
}

void CoreFixture::CheckInvariants() {
  absl::Status status = store_->Read([&](Transaction& tx) -> absl::Status {
    const std::string& customer = principal_.customer_id;
    std::map<std::string, std::map<int, int>> counts;
    std::map<std::string, int> hosts;
    TUTTI_ASSIGN_OR_RETURN(const auto participants, tx.conferencecalls.List({customer, "", 0}, {}, 100'000));
    for (const auto& record : participants) {
      const v1::Conferencecall& participant = record.conferencecall();
      ++counts[participant.conference_id()][participant.status()];
      const bool is_joined = participant.status() == v1::Conferencecall::STATUS_JOINED;
      if (is_joined && participant.host()) ++hosts[participant.conference_id()];
      const bool ended = participant.status() == v1::Conferencecall::STATUS_LEAVED;
      EXPECT_EQ(record.deadline_at_us() == 0, ended) << participant.ShortDebugString();
      EXPECT_EQ(participant.has_tm_leaved(), ended);
      TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(participant.reference_id(), Lock::kNo));
      EXPECT_TRUE(call.has_value());
      EXPECT_EQ(call->flow().conferencecall_id() == participant.id(), !ended) << participant.ShortDebugString();
      if (!ended) {
        EXPECT_EQ(call->call().status(), v1::Call::STATUS_PROGRESSING);
      }
    }
    TUTTI_ASSIGN_OR_RETURN(const auto rooms, tx.conferences.List({customer, 0, 0}, {}, 100'000));
    for (const auto& record : rooms) {
      auto& count = counts[record.conference().id()];
      EXPECT_EQ(record.host_count(), hosts[record.conference().id()]) << record.ShortDebugString();
      EXPECT_EQ(record.joining_count(), count[v1::Conferencecall::STATUS_JOINING]);
      EXPECT_EQ(record.conference().participant_count(), count[v1::Conferencecall::STATUS_JOINED]);
      EXPECT_EQ(record.leaving_count(), count[v1::Conferencecall::STATUS_LEAVING]);
      const bool over = record.conference().status() == v1::Conference::STATUS_TERMINATED;
      if (over) {
        EXPECT_EQ(record.joining_count() + record.conference().participant_count() + record.leaving_count(), 0);
      }
      EXPECT_EQ(record.conference().has_tm_delete(), over);
      if (record.conference().status() == v1::Conference::STATUS_TERMINATING) {
        EXPECT_NE(record.deadline_at_us(), 0);
      }
    }
    TUTTI_ASSIGN_OR_RETURN(const auto recordings, tx.recordings.List({customer, "", 0}, {}, 100'000));
    for (const auto& record : recordings) {
      const v1::Recording& recording = record.recording();
      const bool over =
          recording.status() == v1::Recording::STATUS_ENDED || recording.status() == v1::Recording::STATUS_FAILED;
      EXPECT_EQ(record.deadline_at_us() == 0, over) << recording.ShortDebugString();
      EXPECT_EQ(record.over_at_us() != 0, over) << recording.ShortDebugString();
      EXPECT_EQ(recording.failure_reason() != 0, recording.status() == v1::Recording::STATUS_FAILED);
      const bool active = !over && recording.status() != v1::Recording::STATUS_STOPPING;
      TUTTI_ASSIGN_OR_RETURN(const auto room, tx.conferences.Find(recording.reference_id(), Lock::kNo));
      if (room.has_value()) {
        EXPECT_EQ(room->conference().recording_id() == recording.id(), active) << recording.ShortDebugString();
      }
    }
    TUTTI_ASSIGN_OR_RETURN(const auto transcribes, tx.transcribes.List({customer, "", 0}, {}, 100'000));
    for (const auto& record : transcribes) {
      const v1::Transcribe& transcribe = record.transcribe();
      const bool over = transcribe.status() != v1::Transcribe::STATUS_PROGRESSING;
      EXPECT_EQ(record.deadline_at_us() == 0, over) << transcribe.ShortDebugString();
      EXPECT_EQ(transcribe.has_tm_end(), over);
      const bool active = !over && record.job().wanted() == store::NodeJob::WANTED_RUN;
      TUTTI_ASSIGN_OR_RETURN(const auto room, tx.conferences.Find(transcribe.reference_id(), Lock::kNo));
      if (room.has_value()) {
        EXPECT_EQ(room->conference().transcribe_id() == transcribe.id(), active) << transcribe.ShortDebugString();
      }
    }
    TUTTI_ASSIGN_OR_RETURN(const auto calls, tx.calls.List(customer, 0, {}, 100'000));
    for (const auto& record : calls) {
      const bool ended = record.call().status() == v1::Call::STATUS_HANGUP;
      EXPECT_EQ(record.deadline_at_us() == 0, ended) << record.call().ShortDebugString();
      EXPECT_EQ(record.call().has_tm_hangup(), ended);
      EXPECT_EQ(record.call().hangup_reason() != 0, ended || record.call().status() == v1::Call::STATUS_TERMINATING);
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

std::string CoreFixture::ReasonOf(const absl::Status& status) { return GetErrorDetail(status).reason; }

}  // namespace tutti::control
