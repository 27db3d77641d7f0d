#ifndef CONTROL_CORE_CORE_IMPL_H_
#define CONTROL_CORE_CORE_IMPL_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "control/core/core.h"
#include "control/core/rules.h"
#include "control/core/token.h"
#include "control/core/work.h"
#include "control/flow/registry.h"

namespace tutti::control {

// A step's answer: a row as it is at the step's end, or one that was ready.
template <typename Record, typename Resource>
struct Reply {
  Record* record = nullptr;
  std::optional<Resource> ready;
};

v1::Webhook Show(const store::WebhookRecord& record);

struct Core::Impl {
  using Rule = std::function<absl::Status(Work&, Rules&)>;
  template <typename Record, typename Resource>
  using ReplyRule = std::function<absl::StatusOr<Reply<Record, Resource>>(Work&, Rules&)>;

  Impl(Store& store, Clock& clock, IdGenerator& ids, NodePicker& nodes, EffectSink& sink, AnswerWriter answer_writer,
       Options options)
      : store(store),
        clock(clock),
        ids(ids),
        nodes(nodes),
        sink(sink),
        answer_writer(std::move(answer_writer)),
        options(options) {}

  // Runs `rule` as one step; after the commit calls `committed` (may be empty),
  // hands out the effects, answers who waits, and calls `done`.
  void Run(Rule rule, std::function<void()> committed, DoneStatus done);
  void Run(Rule rule, DoneStatus done) { Run(std::move(rule), nullptr, std::move(done)); }

  template <typename Record, typename Resource>
  void RunReply(ReplyRule<Record, Resource> rule, Done<Resource> done) {
    auto reply = std::make_shared<Resource>();
    auto rule_then_show = [rule = std::move(rule), reply](Work& work, Rules& rules) -> absl::Status {
      TUTTI_ASSIGN_OR_RETURN(auto made, rule(work, rules));
      TUTTI_RETURN_IF_ERROR(rules.Finish());
      *reply = made.ready.has_value() ? *made.ready : Show(*made.record);
      return absl::OkStatus();
    };
    Run(std::move(rule_then_show), [reply, done = std::move(done)](absl::Status status) {
      if (!status.ok()) return done(std::move(status));
      done(std::move(*reply));
    });
  }

  // Runs each rule as a step of its own, side by side; after the last one `done`
  // gets how many succeeded, or an error of one of them.
  void RunEach(std::vector<Rule> rules, Done<int> done);

  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> read);

  // Who waits until a call is answered or refused.
  void AddWaiter(const std::string& call_id, Done<v1::Call> done) ABSL_LOCKS_EXCLUDED(waiters_mutex);
  void Answer(const std::string& call_id, const absl::StatusOr<v1::Call>& answer) ABSL_LOCKS_EXCLUDED(waiters_mutex);

  // ABORTED (LEASE_LOST) where the node has another owner by now; else it has
  // none until this step's end.
  static absl::Status HoldLease(Work& work, const NodeLease& lease);
  // Marks the node's events as dealt with; ABORTED (LEASE_LOST).
  static absl::Status SetNodeSequence(Work& work, const NodeLease& lease, const std::string& epoch, int64_t sequence);

  Store& store;
  Clock& clock;
  IdGenerator& ids;
  NodePicker& nodes;
  EffectSink& sink;
  const AnswerWriter answer_writer;
  const Options options;
  const flow::Registry registry;
  // Set by Start.
  std::optional<TokenSigner> signer;

  absl::Mutex waiters_mutex;
  std::multimap<std::string, Done<v1::Call>> waiters ABSL_GUARDED_BY(waiters_mutex);

  // Legs, bridges and the like that a node has and the store knows nothing of, by node and
  // id, with the time when they were first seen. As many as the nodes have.
  absl::Mutex strays_mutex;
  std::map<std::pair<std::string, std::string>, absl::Time> strays ABSL_GUARDED_BY(strays_mutex);
};

// What the media plane says of a leg, applied to its call. core_media.cc.
absl::Status ApplyLegState(Core::Impl& impl, Work& work, Rules& rules, const std::string& node_id,
                           const media::v1::LegState& state, bool detached);

// What it says of recordings and transcriptions. core_recording.cc,
// core_transcribe.cc.
absl::Status ApplyRecordingState(Work& work, Rules& rules, const std::string& node_id,
                                 const media::v1::RecordingState& state, bool in_order);
absl::Status ApplyTranscriptionState(Work& work, Rules& rules, const std::string& node_id,
                                     const media::v1::TranscriptionState& state, bool in_order);
absl::Status ApplyTranscript(Work& work, Rules& rules, const std::string& node_id,
                             const media::v1::TranscriptMade& made);

// What a comparison of the store with a node asks for. core_reconcile.cc.
struct Differences {
  bool epoch_changed = false;
  // Events of the node's that are in no transaction and will never be.
  bool events_lost = false;
  // Calls, recordings and transcriptions that must learn from the snapshot.
  std::vector<std::string> calls;
  std::vector<std::string> recordings;
  std::vector<std::string> transcribes;
  // Terminated conferences whose bridge is gone.
  std::vector<std::string> bridges_gone;
  // Commands to send again, from rows as they are.
  Effects repeats;
  // Known to have ended: removed at once.
  Effects ended;
  // Unknown: removed when they were so for a while.
  Effects unknown;
};

// The part of recordings and transcriptions, and what mends it.
// core_reconcile_jobs.cc.
absl::Status CompareJobs(Transaction& tx, const std::string& node_id, const NodeSnapshot& snapshot,
                         absl::Time known_until, Differences& differences);
std::vector<Core::Impl::Rule> MendJobs(const NodeLease& lease, const NodeSnapshot& snapshot, absl::Time known_until,
                                       const Differences& differences);
// Their node is lost; over ones stay as they are.
absl::Status LoseRecording(Work& work, Rules& rules, const std::string& node_id, const std::string& id);
absl::Status LoseTranscribe(Work& work, Rules& rules, const std::string& node_id, const std::string& id);

// NOT_FOUND: the row wants no command any more.
absl::Status NothingWanted(const std::string& id);

// The customer's room. core_conference.cc.
absl::StatusOr<store::ConferenceRecord*> LoadConference(Work& work, const Principal& principal, const std::string& id);

// Whether the leg is not the one that the caller was told of: the node has been
// started anew, and a command that was on its way has made another leg there. No
// packet of the caller's will find that one. core_media.cc.
bool IsReplaced(const store::CallRecord& call, const media::v1::LegState& state);

// The point where a page begins; INVALID_ARGUMENT where the token is not of this
// `scope`.
absl::StatusOr<PageStart> OpenPageToken(const TokenSigner& signer, const std::string& scope, const std::string& token);
std::string MakePageToken(const TokenSigner& signer, const std::string& scope, int64_t tm_create_us,
                          const std::string& id);

// Of `records`, newest first and one more than `size` where there are more.
template <typename Record, typename Response>
void FillPage(const TokenSigner& signer, const std::string& scope, const std::vector<Record>& records, int size,
              Response& response) {
  for (size_t i = 0; i < records.size() && i < static_cast<size_t>(size); ++i) {
    *response.add_result() = Show(records[i]);
  }
  if (records.size() <= static_cast<size_t>(size)) return;
  const auto& last = response.result(size - 1);
  response.set_next_page_token(MakePageToken(signer, scope, table::Microseconds(last.tm_create()), last.id()));
}

// SHA-256 of what a client sent, the same for equal messages.
std::string HashOf(const google::protobuf::Message& message);

absl::Status ResourceNotFound(const std::string& resource, const std::string& id);

// The answer of an earlier create under the same key: nothing where the key is
// new; ALREADY_EXISTS (IDEMPOTENCY_KEY_REUSED) for another request.
absl::StatusOr<std::optional<IdempotencyTable::Entry>> FindIdempotent(Work& work, const Core::Options& options,
                                                                      const IdempotencyTable::Key& key,
                                                                      const std::string& body_hash);

}  // namespace tutti::control

#endif  // CONTROL_CORE_CORE_IMPL_H_
