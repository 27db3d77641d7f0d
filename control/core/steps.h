#ifndef CONTROL_CORE_STEPS_H_
#define CONTROL_CORE_STEPS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "common/status/status.h"
#include "control/core/done.h"
#include "control/core/principal.h"
#include "control/core/token.h"
#include "control/core/waiters.h"
#include "control/flow/registry.h"
#include "control/rules/media.h"
#include "control/rules/options.h"
#include "control/rules/rules.h"
#include "control/rules/work.h"
#include "control/store/store.h"

namespace tutti::control {

// A step's answer: a row as it is at the step's end, or one that was ready.
template <typename Record, typename Resource>
struct Reply {
  Record* record = nullptr;
  std::optional<Resource> ready;
};

// What all parts of the core work with: how a step runs and how rows are read, and the world around. Thread-safe.
class Steps {
 public:
  using Rule = std::function<absl::Status(Work&, Rules&)>;
  template <typename Record, typename Resource>
  using ReplyRule = std::function<absl::StatusOr<Reply<Record, Resource>>(Work&, Rules&)>;

  Steps(Store& store, Clock& clock, IdGenerator& ids, NodePicker& nodes, EffectSink& sink, AnswerWriter answer_writer,
        CoreOptions options)
      : store_(store),
        clock_(clock),
        ids_(ids),
        nodes_(nodes),
        sink_(sink),
        answer_writer_(std::move(answer_writer)),
        options_(std::move(options)) {}

  // Reads what signer() signs with. Once, before the rest.
  absl::Status Start();

  // Runs `rule` as one step; after the commit calls `committed` (may be empty),
  // hands out the effects, with the trace that they belong to, answers who waits, and
  // calls `done`.
  void Run(const std::string& traceparent, Rule rule, std::function<void()> committed, DoneStatus done);
  void Run(Rule rule, DoneStatus done) { Run("", std::move(rule), nullptr, std::move(done)); }

  // A request of a customer's.
  template <typename Record, typename Resource>
  void RunReply(const Principal& principal, ReplyRule<Record, Resource> rule, Done<Resource> done) {
    auto reply = std::make_shared<Resource>();
    auto rule_then_show = [rule = std::move(rule), reply](Work& work, Rules& rules) -> absl::Status {
      TUTTI_ASSIGN_OR_RETURN(auto made, rule(work, rules));
      TUTTI_RETURN_IF_ERROR(rules.Finish());
      *reply = made.ready.has_value() ? *made.ready : Show(*made.record);
      return absl::OkStatus();
    };
    Run(principal.traceparent, std::move(rule_then_show), nullptr,
        [reply, done = std::move(done)](absl::Status status) {
          if (!status.ok()) return done(std::move(status));
          done(std::move(*reply));
        });
  }

  // Runs each rule as a step of its own, side by side; after the last one `done`
  // gets how many succeeded, or an error of one of them.
  void RunEach(std::vector<Rule> rules, Done<int> done);

  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> read);

  absl::Time Now() const { return clock_.Now(); }
  NodePicker& nodes() { return nodes_; }
  EffectSink& sink() { return sink_; }
  const AnswerWriter& answer_writer() const { return answer_writer_; }
  const CoreOptions& options() const { return options_; }
  const flow::Registry& registry() const { return registry_; }
  const TokenSigner& signer() const { return *signer_; }
  // Who waits for calls.
  Waiters& waiters() { return waiters_; }

 private:
  Store& store_;
  Clock& clock_;
  IdGenerator& ids_;
  NodePicker& nodes_;
  EffectSink& sink_;
  const AnswerWriter answer_writer_;
  const CoreOptions options_;
  const flow::Registry registry_;
  // Set by Start.
  std::optional<TokenSigner> signer_;
  Waiters waiters_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_STEPS_H_
