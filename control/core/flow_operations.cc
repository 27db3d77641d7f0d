#include "control/core/flow_operations.h"

#include <utility>

#include "common/status/status.h"
#include "control/core/lookup.h"
#include "control/core/steps.h"

namespace tutti::control {

absl::StatusOr<Operation> FlowOperations::Read(const std::string& call_id) {
  Operation operation;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.calls.Find(call_id, Lock::kNo));
    if (!record.has_value() || !record->flow().has_operation()) return NothingWanted(call_id);
    const store::FlowOperation& wanted = record->flow().operation();
    operation.call_id = call_id;
    operation.id = wanted.id();
    if (wanted.has_play()) {
      const store::SoundPlay& play = wanted.play();
      PlayOperation what;
      what.customer_id = record->call().customer_id();
      what.node_id = record->node_id();
      what.stop_on_dtmf = play.stop_on_dtmf();
      if (play.has_text()) {
        what.text = SpokenText{play.text().text(), play.text().language(), play.text().voice()};
      } else {
        what.sound = play.sounds(0);
      }
      operation.what = std::move(what);
    } else {
      const store::RequestSend& send = wanted.send();
      operation.what = SendOperation{send.uri(), send.method(), send.content_type(), send.body()};
    }
    return absl::OkStatus();
  }));
  return operation;
}

void FlowOperations::Finish(const std::string& call_id, const std::string& operation_id, const absl::Status& outcome,
                            DoneStatus done) {
  steps_.Run(
      [call_id, operation_id, outcome](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(store::CallRecord * call, work.Call(call_id));
        return call == nullptr ? absl::OkStatus() : rules.FinishOperation(*call, operation_id, outcome, false);
      },
      std::move(done));
}

void FlowOperations::FinishPlay(const std::string& call_id, const std::string& operation_id,
                                media::v1::AudioFinished::Cause cause, DoneStatus done) {
  steps_.Run(
      [call_id, operation_id, cause](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(store::CallRecord * call, work.Call(call_id));
        const bool rest = cause == media::v1::AudioFinished::CAUSE_FINISHED;
        return call == nullptr ? absl::OkStatus() : rules.FinishOperation(*call, operation_id, absl::OkStatus(), rest);
      },
      std::move(done));
}

}  // namespace tutti::control
