#include "control/core/media_nodes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/lookup.h"
#include "control/core/media_reports.h"
#include "control/core/node_lease.h"
#include "control/core/steps.h"
#include "control/rules/times.h"

namespace tutti::control {

void MediaNodes::Claim(const std::string& node_id, const std::string& owner, absl::Duration lease,
                       Done<NodeLease> done) {
  auto claimed = std::make_shared<NodeLease>();
  steps_.Run(
      [node_id, owner, lease, claimed](Work& work, Rules&) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(auto found, work.tx().media_nodes.Find(node_id, Lock::kYes));
        MediaNodeTable::Node node = found.value_or(MediaNodeTable::Node{});
        TUTTI_ASSIGN_OR_RETURN(const absl::Time now, work.tx().Now());
        if (node.owner != owner && node.lease_until_us > ToMicroseconds(now)) {
          return Error(absl::StatusCode::kUnavailable, "LEASE_HELD",
                       absl::StrCat("media node ", node_id, " is watched by ", node.owner));
        }
        node.id = node_id;
        node.owner = owner;
        ++node.term;
        node.lease_until_us = ToMicroseconds(now + lease);
        *claimed = {node_id, owner, node.term, absl::FromUnixMicros(node.lease_until_us), node.epoch, node.sequence};
        return work.tx().media_nodes.Upsert(node);
      },
      [claimed, done = std::move(done)](absl::Status status) {
        if (!status.ok()) return done(std::move(status));
        done(*claimed);
      });
}

void MediaNodes::Renew(const NodeLease& lease, absl::Duration duration, DoneStatus done) {
  steps_.Run(
      [lease, duration](Work& work, Rules&) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(const absl::Time now, work.tx().Now());
        TUTTI_ASSIGN_OR_RETURN(
            const bool mine, work.tx().media_nodes.SetLease(lease.node_id, lease.term, ToMicroseconds(now + duration)));
        return mine ? absl::OkStatus() : LeaseLost(lease);
      },
      std::move(done));
}

void MediaNodes::HandleDigit(const NodeLease& lease, const media::v1::LegDtmf& digit, DoneStatus done) {
  steps_.Run(
      [lease, digit](Work& work, Rules& rules) -> absl::Status {
        TUTTI_RETURN_IF_ERROR(HoldLease(work, lease));
        TUTTI_ASSIGN_OR_RETURN(store::CallRecord * call, FindCallOnNode(work, lease.node_id, digit.leg_id()));
        return call == nullptr ? absl::OkStatus() : rules.TakeDigits(*call, digit.digit());
      },
      std::move(done));
}

void MediaNodes::HandleEvents(const NodeLease& lease, const std::string& epoch,
                              std::vector<media::v1::NodeEvent> events, DoneStatus done) {
  steps_.Run(
      [lease, epoch, events = std::move(events)](Work& work, Rules& rules) -> absl::Status {
        TUTTI_RETURN_IF_ERROR(HoldLease(work, lease));
        TUTTI_ASSIGN_OR_RETURN(const auto node, work.tx().media_nodes.Find(lease.node_id));
        if (!node.has_value()) return LeaseLost(lease);
        int64_t sequence = node->sequence;
        for (const media::v1::NodeEvent& event : events) {
          if (node->epoch == epoch && event.sequence() <= sequence) continue;
          if (node->epoch != epoch || event.sequence() != sequence + 1) {
            return Error(absl::StatusCode::kOutOfRange, "SNAPSHOT_NEEDED",
                         absl::StrCat("media node ", lease.node_id, " is known up to event ", sequence, " of epoch ",
                                      node->epoch, ", event ", event.sequence(), " of ", epoch, " does not follow"));
          }
          TUTTI_RETURN_IF_ERROR(ApplyNodeEvent(work, rules, lease.node_id, event));
          sequence = event.sequence();
        }
        if (sequence == node->sequence) return absl::OkStatus();
        return SetNodeSequence(work, lease, epoch, sequence);
      },
      std::move(done));
}

}  // namespace tutti::control
