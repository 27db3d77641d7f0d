#ifndef CONTROL_CORE_CORE_FIXTURE_H_
#define CONTROL_CORE_CORE_FIXTURE_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock/fake_clock.h"
#include "control/core/core.h"
#include "control/core/fake_media_node.h"
#include "control/store/queued_store.h"
#include "control/store/testing/test_store.h"
#include "gtest/gtest.h"

namespace tutti::control {

// The core over a real data base (TestDatabase says which), a clock that stands still, one fake media
// node, and a scheduler that runs all on the test's thread.
class CoreFixture : public ::testing::Test, public EffectSink, public NodePicker {
 protected:
  CoreFixture();
  ~CoreFixture() override;

  void SetUp() override;
  void TearDown() override;

  // Ends control's process as by kill -9 between two steps, and starts it
  // again: what was committed is left, effects not yet acted upon are lost.
  void Restart();
  // A new claim and snapshot of the node, as after a connect.
  void Connect();

  // Runs steps, sends commands and watches events until nothing is left to do.
  void Settle();
  // Runs submitted steps only.
  void RunSteps();

  // Advances the clock and fires what is due, then settles.
  void Pass(absl::Duration duration);
  void Reconcile();
  // Advances by the length of the leases that Connect takes, on the server's clock, too.
  void LetLeasesRunOut();

  // Each waits for its answer; the media plane gets its commands meanwhile.
  absl::StatusOr<v1::Conference> CreateConference(const v1::Conference& conference = {}, const std::string& key = "");
  absl::StatusOr<v1::Conference> DeleteConference(const std::string& id);
  absl::StatusOr<v1::Call> CreateCall(const std::vector<v1::Action>& actions, const std::string& key = "");
  absl::StatusOr<v1::Call> Hangup(const std::string& id);
  absl::StatusOr<v1::Conferencecall> Kick(const std::string& id);
  // Without waiting.
  using CallAnswer = std::shared_ptr<std::optional<absl::StatusOr<v1::Call>>>;
  void StartCall(const std::vector<v1::Action>& actions, const CallAnswer& answer, const std::string& key = "");

  // The room as GET shows it; a call that has just joined it; and the one
  // participant of a call.
  v1::Conference Room(const std::string& id);
  v1::Call Call(const std::string& id);
  v1::Call JoinedCall(const std::string& conference_id);
  v1::Conferencecall Participant(const std::string& call_id);

  static v1::Action Join(const std::string& conference_id);
  static v1::Action Sleep(int64_t ms);
  static v1::Action Plain(const std::string& type);

  // Types of the events of a stream in order, checking that sequences have no hole.
  std::vector<std::string> EventTypes(const std::string& stream);
  // What must hold of the store at any time between steps.
  void CheckInvariants();

  static std::string ReasonOf(const absl::Status& status);

  // EffectSink, NodePicker.
  void OnCommit(Effects effects) override;
  absl::StatusOr<std::string> Pick(const std::string& node_id) override;

  Principal principal_ = DefaultPrincipal();
  FakeClock clock_;
  CoreOptions options_;
  FakeMediaNode node_{"node-1", "epoch-1"};
  // Commands stay in pending_.
  bool hold_commands_ = false;
  // Events stay in the node.
  bool hold_events_ = false;
  // False: no media node is in contact.
  bool has_nodes_ = true;
  Effects pending_;
  int commits_with_effects_ = 0;
  // Calls whose flows wait for operations, and operations to be stopped, as
  // commits told them.
  std::vector<std::string> asked_operations_;
  std::vector<std::string> stopped_sounds_;
  // Of all commits.
  std::vector<Beep> beeps_;
  std::vector<std::string> object_deletions_;
  std::unique_ptr<QueuedStore> store_;
  std::unique_ptr<Core> core_;
  NodeLease lease_;
  std::unique_ptr<IdGenerator> ids_;

 private:
  void Open();
  void SequenceEvents();
  bool SendCommands();
  void SendRecording(const MediaRef& ref);
  void SendTranscription(const MediaRef& ref);
  bool WatchEvents();

  std::unique_ptr<TestDatabase> database_;
  uint64_t random_ = 1;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_CORE_FIXTURE_H_
