#ifndef CONTROL_RULES_WORK_H_
#define CONTROL_RULES_WORK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/id/id.h"
#include "control/rules/media.h"
#include "control/store/transaction.h"

namespace tutti::control {

// Rows by id, in the order in which they are locked.
struct RowIds {
  std::set<std::string> conferences;
  std::set<std::string> conferencecalls;
  std::set<std::string> calls;
  std::set<std::string> recordings;
  std::set<std::string> transcribes;
};

// One step's rows: each is read once, changed in memory, and written once at the
// end with its revision gone up by one; and the events and effects that go with
// them. Lives within one transaction.
class Work {
 public:
  Work(Transaction& transaction, absl::Time now, IdGenerator& ids) : tx_(transaction), now_(now), ids_(ids) {}
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  Transaction& tx() { return tx_; }
  absl::Time now() const { return now_; }
  std::string NewId() { return ids_.Next(); }

  // Reads rows that the step will need and keeps others from changing them. Once,
  // before anything else.
  absl::Status LockRows(const RowIds& rows);
  // What was asked for so far.
  RowIds ReadRows() const;

  // Null where there is no such row. Pointers hold until the work ends.
  absl::StatusOr<store::ConferenceRecord*> Conference(const std::string& id);
  absl::StatusOr<store::ConferencecallRecord*> Conferencecall(const std::string& id);
  absl::StatusOr<store::CallRecord*> Call(const std::string& id);
  absl::StatusOr<store::RecordingRecord*> Recording(const std::string& id);
  absl::StatusOr<store::TranscribeRecord*> Transcribe(const std::string& id);

  // Those who have not left a conference, the ones that this step adds included.
  absl::StatusOr<std::vector<std::string>> FindPresent(const std::string& conference_id);

  // A new row, of revision 1; it is in the store from the end of the step.
  store::ConferenceRecord* Add(store::ConferenceRecord record);
  store::ConferencecallRecord* Add(store::ConferencecallRecord record);
  store::CallRecord* Add(store::CallRecord record);
  store::RecordingRecord* Add(store::RecordingRecord record);
  store::TranscribeRecord* Add(store::TranscribeRecord record);

  // Before a change: marks the row as changed. Repeating it does nothing.
  void Touch(store::ConferenceRecord& record);
  void Touch(store::ConferencecallRecord& record);
  void Touch(store::CallRecord& record);
  void Touch(store::RecordingRecord& record);
  void Touch(store::TranscribeRecord& record);

  // The wanted leg or bridge has changed: a command is due.
  void CommandLeg(store::CallRecord& record);
  void CommandBridge(store::ConferenceRecord& record);
  // The same, without a change of what is wanted.
  void RepeatLeg(const store::CallRecord& record);
  void RepeatBridge(const store::ConferenceRecord& record);

  // The node shall do something else from now on.
  void Command(store::RecordingRecord& record, store::NodeJob::Wanted wanted);
  void Command(store::TranscribeRecord& record, store::NodeJob::Wanted wanted);
  // Its files in the object store shall go.
  void DeleteObjects(const store::RecordingRecord& record);

  // The call's flow waits for its operation.
  void AskForOperation(const store::CallRecord& record) { operations_.insert(record.call().id()); }
  void StopSound(const store::CallRecord& record, const std::string& operation_id) {
    effects_.stops.push_back({record.node_id(), operation_id});
  }
  // After the commit; where it goes is told by the row as it is now.
  void PlayBeep(const store::ConferenceRecord& record, const std::string& sound, const std::string& operation_id);

  // An event with the resource as it is now, in the resource's stream; the
  // conference's version and tm_update go up with its own.
  void Emit(const std::string& type, store::ConferenceRecord& record);
  void Emit(const std::string& type, store::ConferencecallRecord& record);
  void Emit(const std::string& type, store::CallRecord& record);
  void Emit(const std::string& type, store::RecordingRecord& record);
  void Emit(const std::string& type, store::TranscribeRecord& record);
  // Of the transcription that it belongs to.
  void Emit(const std::string& type, const v1::Transcript& transcript, const store::TranscribeRecord& record);
  void Emit(const std::string& type, const v1::Flow& flow);

  // Something small to be written after the rows and before the events.
  void AtEnd(std::function<absl::Status(Transaction&)> write) { at_end_.push_back(std::move(write)); }

  // Writes what was changed. Nothing may be done after it. ABORTED (ROW_CHANGED):
  // another transaction was faster.
  absl::Status Flush();

  // After Flush.
  Effects TakeEffects() { return std::move(effects_); }

  // What waits for the outcome of a call's set-up is told after the commit.
  std::vector<std::pair<std::string, absl::StatusOr<v1::Call>>> answers;

 private:
  template <typename Record>
  struct Slot {
    Record record;
    bool found = false;
    // 0: not in the store yet.
    int64_t read_revision = 0;
    bool dirty = false;

    bool IsNew() const { return found && read_revision == 0; }
  };
  template <typename Record>
  using Slots = std::map<std::string, Slot<Record>>;

  template <typename Record, typename Table>
  absl::StatusOr<Record*> Load(Slots<Record>& slots, Table& table, const std::string& id, Lock lock = Lock::kNo);
  template <typename Record>
  Record* AddTo(Slots<Record>& slots, const std::string& id, Record record);
  template <typename Record>
  void TouchIn(Slots<Record>& slots, const std::string& id, Record& record);
  template <typename Record, typename Table>
  absl::Status Write(Slots<Record>& slots, Table& table);
  v1::Event& AddEvent(const std::string& type, const std::string& stream, const std::string& customer_id);
  absl::Status WriteEvents();

  Transaction& tx_;
  const absl::Time now_;
  IdGenerator& ids_;
  Slots<store::ConferenceRecord> conferences_;
  Slots<store::ConferencecallRecord> conferencecalls_;
  Slots<store::CallRecord> calls_;
  Slots<store::RecordingRecord> recordings_;
  Slots<store::TranscribeRecord> transcribes_;
  std::vector<std::function<absl::Status(Transaction&)>> at_end_;
  std::set<std::string> legs_;
  std::set<std::string> bridges_;
  std::set<std::string> recording_commands_;
  std::set<std::string> transcription_commands_;
  std::set<std::string> operations_;
  // With the customer of each.
  std::vector<std::pair<v1::Event, std::string>> events_;
  Effects effects_;
};

// The resources as the API shows them.
v1::Conference Show(const store::ConferenceRecord& record);
v1::Conferencecall Show(const store::ConferencecallRecord& record);
v1::Call Show(const store::CallRecord& record);
v1::Flow Show(const store::FlowRecord& record);
v1::Sound Show(const store::SoundRecord& record);
v1::Recording Show(const store::RecordingRecord& record);
v1::Transcribe Show(const store::TranscribeRecord& record);
v1::Transcript Show(const store::TranscriptRecord& record);
v1::Webhook Show(const store::WebhookRecord& record);
v1::WebhookDelivery Show(const WebhookDeliveryTable::Delivery& delivery);

std::string ConferenceStream(const std::string& conference_id);
std::string CallStream(const std::string& call_id);
std::string FlowStream(const std::string& flow_id);

}  // namespace tutti::control

#endif  // CONTROL_RULES_WORK_H_
