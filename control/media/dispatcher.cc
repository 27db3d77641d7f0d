#include "control/media/dispatcher.h"

#include <algorithm>
#include <memory>

#include "common/log/log.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

// Commands in flight on one node.
constexpr int kInFlightMax = 128;

constexpr absl::Duration kBackoffMin = absl::Milliseconds(50);
constexpr absl::Duration kBackoffMax = absl::Seconds(1);

// A node that is busy, or has not got the bridge, is asked so often before the
// core hears of the refusal.
constexpr int kBusyAttemptsMax = 3;

// Said by the way to the node, or by a node that starts or drains: later it may
// be otherwise, and the command may or may not have been carried out.
bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
      return true;
    default:
      return false;
  }
}

bool MayPass(const absl::Status& status) {
  return status.code() == absl::StatusCode::kResourceExhausted || GetErrorDetail(status).reason == "BRIDGE_NOT_FOUND";
}

absl::Duration Backoff(int attempts) { return std::min(kBackoffMax, kBackoffMin * (1 << std::min(attempts, 5))); }

}  // namespace

Dispatcher::Dispatcher(MediaCommands& media_commands, TaskQueue& queue, std::map<std::string, NodeClient*> nodes)
    : media_commands_(media_commands), queue_(queue) {
  for (const auto& [id, client] : nodes) nodes_[id].client = client;
}

void Dispatcher::Enqueue(const Effects& effects) {
  std::vector<std::pair<Kind, MediaRef>> refs;
  for (const MediaRef& ref : effects.bridges) refs.emplace_back(Kind::kBridge, ref);
  for (const MediaRef& ref : effects.legs) refs.emplace_back(Kind::kLeg, ref);
  for (const MediaRef& ref : effects.recordings) refs.emplace_back(Kind::kRecording, ref);
  for (const MediaRef& ref : effects.transcriptions) refs.emplace_back(Kind::kTranscription, ref);
  if (refs.empty()) return;
  queue_.Post([this, refs = std::move(refs), traceparent = effects.traceparent]() mutable {
    for (auto& [kind, ref] : refs) Add(kind, std::move(ref), traceparent);
    for (auto& [id, node] : nodes_) Pump(node);
  });
}

void Dispatcher::Add(Kind kind, MediaRef ref, const std::string& traceparent) {
  if (nodes_.count(ref.node_id) == 0) {
    log::Warning("a command is for a media node that is not configured", {{"node_id", ref.node_id}, {"id", ref.id}});
    return;
  }
  const Key key{ref.node_id, kind, ref.id};
  const auto [it, is_new] = items_.try_emplace(key);
  Item& item = it->second;
  item.ref = std::move(ref);
  // One that waits is still of the request that named it, though others do so, too.
  if (!traceparent.empty() || !item.dirty) item.traceparent = traceparent;
  item.dirty = true;
  if (!is_new) return;
  depth_.fetch_add(1, std::memory_order_relaxed);
  MakeReady(key);
}

void Dispatcher::MakeReady(const Key& key) {
  Node& node = nodes_.at(key.node_id);
  (key.kind == Kind::kBridge ? node.ready_bridges : node.ready).push_back(key);
}

void Dispatcher::Pump(Node& node) {
  while (node.in_flight < kInFlightMax) {
    std::deque<Key>& ready = node.ready_bridges.empty() ? node.ready : node.ready_bridges;
    if (ready.empty()) return;
    const Key key = std::move(ready.front());
    ready.pop_front();
    Send(key);
  }
}

void Dispatcher::Send(const Key& key) {
  Item& item = items_.at(key);
  Node& node = nodes_.at(key.node_id);
  item.dirty = false;
  item.in_flight = true;
  ++node.in_flight;
  switch (key.kind) {
    case Kind::kBridge:
      return SendBridge(key, item, node);
    case Kind::kLeg:
      return SendLeg(key, item, node);
    case Kind::kRecording:
      return SendRecording(key, item, node);
    case Kind::kTranscription:
      return SendTranscription(key, item, node);
  }
}

void Dispatcher::SendBridge(const Key& key, Item& item, Node& node) {
  const auto command = media_commands_.ReadBridge(item.ref);
  if (!command.ok()) return Finish(key, !absl::IsNotFound(command.status()));
  if (const auto* put = std::get_if<media::v1::PutBridgeRequest>(&command->request)) {
    node.client->PutBridge(*put, item.traceparent, [this, key](const absl::StatusOr<media::v1::BridgeState>& state) {
      if (state.ok()) return Finish(key, false);
      if (IsTransient(state.status()) || MayPass(state.status())) return Finish(key, true);
      if (put_sound_ && GetErrorDetail(state.status()).reason == "SOUND_NOT_FOUND") {
        // What comes of it is seen when the bridge is sent again.
        return put_sound_(key.node_id,
                          [this, key](const absl::Status&) { queue_.Post([this, key] { Finish(key, true); }); });
      }
      log::Warning("a media node refuses a bridge", {{"bridge_id", key.id}, {"error", state.status().ToString()}});
      Finish(key, false);
    });
    return;
  }
  node.client->RemoveBridge(std::get<media::v1::RemoveBridgeRequest>(command->request), item.traceparent,
                            [this, key](const absl::StatusOr<media::v1::BridgeState>& state) {
                              if (!state.ok()) return Finish(key, true);
                              media_commands_.BridgeRemoved(key.node_id, *state, Committed(key));
                            });
}

void Dispatcher::SendLeg(const Key& key, Item& item, Node& node) {
  const auto command = media_commands_.ReadLeg(item.ref);
  if (!command.ok()) return Finish(key, !absl::IsNotFound(command.status()));
  if (const auto* remove = std::get_if<media::v1::RemoveLegRequest>(&command->request)) {
    node.client->RemoveLeg(*remove, item.traceparent, [this, key](const absl::StatusOr<media::v1::LegState>& state) {
      if (!state.ok()) return Finish(key, true);
      media_commands_.LegRemoved(key.node_id, *state, Committed(key));
    });
    return;
  }
  const auto& put = std::get<media::v1::PutLegRequest>(command->request);
  if (Park(key, item, node, put.bridge_id())) return;
  node.client->PutLeg(
      put, item.traceparent,
      [this, key, revision = put.revision(), traceparent = item.traceparent](
          absl::StatusOr<media::v1::LegState> state) { OnLegPut(key, revision, traceparent, std::move(state)); });
}

void Dispatcher::SendRecording(const Key& key, Item& item, Node& node) {
  const auto command = media_commands_.ReadRecording(item.ref);
  if (!command.ok()) return Finish(key, !absl::IsNotFound(command.status()));
  if (const auto* remove = std::get_if<media::v1::DeleteRecordingRequest>(&command->request)) {
    node.client->DeleteRecording(*remove, item.traceparent,
                                 [this, key](const absl::StatusOr<media::v1::DeleteRecordingResponse>& gone) {
                                   if (!gone.ok()) return Finish(key, true);
                                   media_commands_.RecordingDeleted(key.node_id, key.id, Committed(key));
                                 });
    return;
  }
  const auto& put = std::get<media::v1::PutRecordingRequest>(command->request);
  const bool needs_bridge = put.wanted() != media::v1::PutRecordingRequest::WANTED_STOP;
  if (needs_bridge && Park(key, item, node, put.bridge_id())) return;
  node.client->PutRecording(
      put, item.traceparent,
      [this, key, revision = put.revision(), bridge_id = put.bridge_id(),
       needs_bridge](const absl::StatusOr<media::v1::RecordingState>& state) {
        if (state.ok()) return media_commands_.RecordingPut(key.node_id, *state, Committed(key));
        if (TriesAgain(key, bridge_id, state.status())) return;
        // One that is to be stopped may never have come there.
        if (needs_bridge) {
          log::Warning("a media node refuses a recording",
                       {{"node_id", key.node_id}, {"recording_id", key.id}, {"error", state.status().ToString()}});
        }
        media_commands_.RecordingRefused(key.node_id, key.id, revision, state.status(), Committed(key));
      });
}

void Dispatcher::SendTranscription(const Key& key, Item& item, Node& node) {
  const auto command = media_commands_.ReadTranscription(item.ref);
  if (!command.ok()) return Finish(key, !absl::IsNotFound(command.status()));
  const media::v1::PutTranscriptionRequest& put = command->request;
  const bool needs_bridge = put.wanted() != media::v1::PutTranscriptionRequest::WANTED_STOP;
  if (needs_bridge && Park(key, item, node, put.bridge_id())) return;
  node.client->PutTranscription(
      put, item.traceparent,
      [this, key, revision = put.revision(), bridge_id = put.bridge_id(),
       needs_bridge](const absl::StatusOr<media::v1::TranscriptionState>& state) {
        if (state.ok()) return media_commands_.TranscriptionPut(key.node_id, *state, Committed(key));
        if (TriesAgain(key, bridge_id, state.status())) return;
        // One that is to be stopped may never have come there.
        if (needs_bridge) {
          log::Warning("a media node refuses a transcription",
                       {{"node_id", key.node_id}, {"transcribe_id", key.id}, {"error", state.status().ToString()}});
        }
        media_commands_.TranscriptionRefused(key.node_id, key.id, revision, state.status(), Committed(key));
      });
}

void Dispatcher::OnLegPut(const Key& key, int64_t revision, const std::string& traceparent,
                          absl::StatusOr<media::v1::LegState> state) {
  if (state.ok()) return media_commands_.LegPut(key.node_id, *state, traceparent, Committed(key));
  std::string bridge_id;
  if (GetErrorDetail(state.status()).reason == "BRIDGE_NOT_FOUND") {
    const auto command = media_commands_.ReadLeg(items_.at(key).ref);
    const auto* put = command.ok() ? std::get_if<media::v1::PutLegRequest>(&command->request) : nullptr;
    if (put != nullptr) bridge_id = put->bridge_id();
  }
  if (TriesAgain(key, bridge_id, state.status())) return;
  media_commands_.LegRefused(key.node_id, key.id, revision, state.status(), Committed(key));
}

bool Dispatcher::Park(const Key& key, Item& item, Node& node, const std::string& bridge_id) {
  const Key bridge{key.node_id, Kind::kBridge, bridge_id};
  if (bridge_id.empty() || items_.count(bridge) == 0) return false;
  item.in_flight = false;
  --node.in_flight;
  parked_[bridge].push_back(key);
  return true;
}

bool Dispatcher::TriesAgain(const Key& key, const std::string& bridge_id, const absl::Status& why) {
  const bool may_pass = MayPass(why) && ++items_.at(key).refusals < kBusyAttemptsMax;
  if (!IsTransient(why) && !may_pass) return false;
  if (GetErrorDetail(why).reason == "BRIDGE_NOT_FOUND" && !bridge_id.empty()) {
    Add(Kind::kBridge, {key.node_id, bridge_id, 0, false}, items_.at(key).traceparent);
  }
  Finish(key, true);
  return true;
}

DoneStatus Dispatcher::Committed(const Key& key) {
  return [this, key](const absl::Status& status) {
    queue_.Post([this, key, status] {
      if (!status.ok() && !absl::IsNotFound(status)) {
        log::Warning("a media node's reply was not committed", {{"id", key.id}, {"error", status.ToString()}});
      }
      // A full store: the command is idempotent, its reply comes again.
      Finish(key, absl::IsUnavailable(status));
    });
  };
}

void Dispatcher::Finish(const Key& key, bool retry) {
  Node& node = nodes_.at(key.node_id);
  --node.in_flight;
  const auto it = items_.find(key);
  Item& item = it->second;
  item.in_flight = false;
  if (retry) {
    retries_.fetch_add(1, std::memory_order_relaxed);
    queue_.PostAfter(Backoff(item.attempts++), [this, key] {
      MakeReady(key);
      Pump(nodes_.at(key.node_id));
    });
  } else if (item.dirty) {
    item.attempts = item.refusals = 0;
    MakeReady(key);
  } else {
    items_.erase(it);
    depth_.fetch_sub(1, std::memory_order_relaxed);
    if (key.kind == Kind::kBridge) Unpark(key);
  }
  // Not from here: Send may have called, within a Pump.
  queue_.Post([this, &node] { Pump(node); });
}

void Dispatcher::Unpark(const Key& bridge) {
  const auto it = parked_.find(bridge);
  if (it == parked_.end()) return;
  for (const Key& key : it->second) MakeReady(key);
  parked_.erase(it);
}

}  // namespace tutti::control
