#include "control/media/fake_media_plane.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;

// How often a held handler looks whether its caller has gone.
constexpr absl::Duration kCancelCheck = absl::Milliseconds(20);

Status Precondition(const char* reason, const std::string& message) {
  return ToGrpcStatus(Error(absl::StatusCode::kFailedPrecondition, reason, message));
}

}  // namespace

FakeMediaPlane::FakeMediaPlane() { Start(); }

FakeMediaPlane::~FakeMediaPlane() { StopServer(); }

std::string FakeMediaPlane::Address() const { return absl::StrCat("127.0.0.1:", port_); }

void FakeMediaPlane::StartServer(int port) {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = false;
  }
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    std::cerr << "the fake media plane can't listen on port " << port << "\n";
    std::abort();
  }
}

void FakeMediaPlane::StopServer() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_ = nullptr;
}

void FakeMediaPlane::Kill() {
  StopServer();
  absl::MutexLock lock(&mutex_);
  legs_.clear();
  bridges_.clear();
  bridge_requests_.clear();
  sounds_.clear();
  plays_.clear();
  audio_.clear();
  transcriptions_.clear();
  audio_streams_.clear();
  CutRecordings();
  tombstones_.clear();
  log_.clear();
  live_log_.clear();
  forgotten_ = 0;
}

void FakeMediaPlane::Start() {
  {
    absl::MutexLock lock(&mutex_);
    epoch_ = absl::StrCat("epoch-", ++starts_);
  }
  StartServer(port_);
}

void FakeMediaPlane::BreakConnections() {
  StopServer();
  StartServer(port_);
}

void FakeMediaPlane::Fail(const std::string& method, int count, Status status) {
  absl::MutexLock lock(&mutex_);
  failures_[method] = {count, std::move(status)};
}

void FakeMediaPlane::HoldReplies(bool hold) {
  absl::MutexLock lock(&mutex_);
  hold_ = hold;
  changed_.SignalAll();
}

void FakeMediaPlane::AttachAtOnce(bool at_once) {
  absl::MutexLock lock(&mutex_);
  attach_at_once_ = at_once;
}

void FakeMediaPlane::AttachAll() {
  absl::MutexLock lock(&mutex_);
  for (auto& [id, leg] : legs_) Attach(leg);
}

void FakeMediaPlane::EmitMediaTimeout(const std::string& leg_id) {
  absl::MutexLock lock(&mutex_);
  legs_[leg_id].state.set_media_timed_out(true);
  Emit().mutable_leg_media_timeout()->set_leg_id(leg_id);
}

void FakeMediaPlane::EmitResync() {
  absl::MutexLock lock(&mutex_);
  Emit().mutable_resync();
}

void FakeMediaPlane::EmitTalking(const std::string& leg_id, bool talking) {
  absl::MutexLock lock(&mutex_);
  media::v1::LegState& leg = legs_[leg_id].state;
  leg.set_talking(talking);
  auto& event = *live_log_.emplace_back().mutable_leg_talking();
  event.set_leg_id(leg_id);
  event.set_bridge_id(leg.bridge_id());
  event.set_talking(talking);
  changed_.SignalAll();
}

void FakeMediaPlane::EmitDigit(const std::string& leg_id, const std::string& digit) {
  absl::MutexLock lock(&mutex_);
  auto& event = *live_log_.emplace_back().mutable_leg_dtmf();
  event.set_leg_id(leg_id);
  event.set_digit(digit);
  event.set_duration_ms(100);
  changed_.SignalAll();
}

void FakeMediaPlane::LoseTalking(const std::string& leg_id, bool talking) {
  absl::MutexLock lock(&mutex_);
  legs_[leg_id].state.set_talking(talking);
  live_log_.emplace_back();
}

void FakeMediaPlane::ForgetLeg(const std::string& leg_id) {
  absl::MutexLock lock(&mutex_);
  legs_.erase(leg_id);
}

void FakeMediaPlane::AddUnknownLeg(const std::string& leg_id) {
  absl::MutexLock lock(&mutex_);
  legs_[leg_id].state.set_leg_id(leg_id);
  legs_[leg_id].state.set_revision(1);
}

void FakeMediaPlane::TruncateLog() {
  absl::MutexLock lock(&mutex_);
  forgotten_ += static_cast<int64_t>(log_.size());
  log_.clear();
}

void FakeMediaPlane::SetStatistics(const std::string& leg_id, const media::v1::LegStatistics& statistics) {
  absl::MutexLock lock(&mutex_);
  *legs_[leg_id].state.mutable_statistics() = statistics;
}

std::optional<media::v1::PutBridgeRequest> FakeMediaPlane::BridgeRequest(const std::string& bridge_id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = bridge_requests_.find(bridge_id);
  if (it == bridge_requests_.end()) return std::nullopt;
  return it->second;
}

std::optional<media::v1::LegSettings> FakeMediaPlane::Settings(const std::string& leg_id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = legs_.find(leg_id);
  if (it == legs_.end()) return std::nullopt;
  return it->second.settings;
}

std::vector<FakeMediaPlane::Command> FakeMediaPlane::Commands() const {
  absl::MutexLock lock(&mutex_);
  return commands_;
}

std::optional<media::v1::LegState> FakeMediaPlane::Leg(const std::string& leg_id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = legs_.find(leg_id);
  if (it == legs_.end()) return std::nullopt;
  return it->second.state;
}

int FakeMediaPlane::LegCount() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(legs_.size());
}

int FakeMediaPlane::BridgeCount() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(bridges_.size());
}

int FakeMediaPlane::Watchers() const {
  absl::MutexLock lock(&mutex_);
  return watchers_;
}

int FakeMediaPlane::LiveWatchers() const {
  absl::MutexLock lock(&mutex_);
  return live_watchers_;
}

int FakeMediaPlane::WatchesBegun() const {
  absl::MutexLock lock(&mutex_);
  return watches_begun_;
}

int FakeMediaPlane::SnapshotsTaken() const {
  absl::MutexLock lock(&mutex_);
  return snapshots_;
}

int64_t FakeMediaPlane::LatestSequence() const {
  absl::MutexLock lock(&mutex_);
  return forgotten_ + static_cast<int64_t>(log_.size());
}

int FakeMediaPlane::InProgressMax() const {
  absl::MutexLock lock(&mutex_);
  return in_progress_max_;
}

Status FakeMediaPlane::Begin(Command command, const ServerContext* context) {
  if (context != nullptr) {
    const auto trace = context->client_metadata().find("traceparent");
    if (trace != context->client_metadata().end()) {
      command.traceparent.assign(trace->second.data(), trace->second.size());
    }
  }
  in_progress_max_ = std::max(in_progress_max_, ++in_progress_[command.id]);
  const auto failure = failures_.find(command.method);
  commands_.push_back(std::move(command));
  if (failure == failures_.end() || failure->second.first == 0) return Status::OK;
  --failure->second.first;
  return failure->second.second;
}

Status FakeMediaPlane::End(const std::string& id, ServerContext* context) {
  while (hold_ && !stopping_ && !context->IsCancelled()) changed_.WaitWithTimeout(&mutex_, kCancelCheck);
  if (--in_progress_[id] == 0) in_progress_.erase(id);
  return Status::OK;
}

media::v1::NodeEvent& FakeMediaPlane::Emit() {
  media::v1::NodeEvent& event = log_.emplace_back();
  event.set_sequence(forgotten_ + static_cast<int64_t>(log_.size()));
  changed_.SignalAll();
  return event;
}

void FakeMediaPlane::Attach(LegRow& leg) {
  if (leg.state.bridge_id() == leg.wanted_bridge) return;
  Detach(leg);
  if (leg.wanted_bridge.empty()) return;
  leg.state.set_bridge_id(leg.wanted_bridge);
  auto& joined = *Emit().mutable_leg_joined();
  joined.set_leg_id(leg.state.leg_id());
  joined.set_bridge_id(leg.wanted_bridge);
  joined.set_revision(leg.state.revision());
}

void FakeMediaPlane::Detach(LegRow& leg) {
  if (leg.state.bridge_id().empty()) return;
  auto& left = *Emit().mutable_leg_left();
  left.set_leg_id(leg.state.leg_id());
  left.set_bridge_id(leg.state.bridge_id());
  left.set_revision(leg.state.revision());
  if (leg.state.talking()) {
    leg.state.set_talking(false);
    auto& silent = *live_log_.emplace_back().mutable_leg_talking();
    silent.set_leg_id(leg.state.leg_id());
    silent.set_bridge_id(leg.state.bridge_id());
  }
  leg.state.clear_bridge_id();
}

int FakeMediaPlane::CountLegs(const std::string& bridge_id) const {
  int count = 0;
  for (const auto& [id, leg] : legs_) count += leg.state.bridge_id() == bridge_id;
  return count;
}

Status FakeMediaPlane::PutBridge(ServerContext* context, const media::v1::PutBridgeRequest* request,
                                 media::v1::BridgeState* reply) {
  absl::MutexLock lock(&mutex_);
  const std::string& id = request->bridge_id();
  Status status = Begin({"PutBridge", id, request->revision(), ""}, context);
  if (status.ok() && tombstones_.count(id) != 0) status = Precondition("BRIDGE_REMOVED", "the bridge was removed");
  for (const std::string& sound : {request->hold_sound(), request->waiting_sound()}) {
    if (status.ok()) status = CheckSound(sound);
  }
  if (status.ok()) {
    int64_t& revision = bridges_[id];
    if (request->revision() > revision) bridge_requests_[id] = *request;
    revision = std::max(revision, request->revision());
    reply->set_bridge_id(id);
    reply->set_revision(revision);
    reply->set_leg_count(CountLegs(id));
  }
  End(id, context);
  return status;
}

Status FakeMediaPlane::RemoveBridge(ServerContext* context, const media::v1::RemoveBridgeRequest* request,
                                    media::v1::BridgeState* reply) {
  absl::MutexLock lock(&mutex_);
  const std::string& id = request->bridge_id();
  Status status = Begin({"RemoveBridge", id, request->revision(), ""}, context);
  if (status.ok()) {
    for (auto& [leg_id, leg] : legs_) {
      if (leg.state.bridge_id() == id) Detach(leg);
    }
    EndJobs(id);
    bridges_.erase(id);
    tombstones_[id] = request->revision();
    reply->set_bridge_id(id);
    reply->set_revision(request->revision());
    reply->set_removed(true);
  }
  End(id, context);
  return status;
}

Status FakeMediaPlane::PutLeg(ServerContext* context, const media::v1::PutLegRequest* request,
                              media::v1::LegState* reply) {
  absl::MutexLock lock(&mutex_);
  const std::string& id = request->leg_id();
  Status status = Begin({"PutLeg", id, request->revision(), request->bridge_id()}, context);
  if (status.ok() && tombstones_.count(id) != 0) status = Precondition("LEG_REMOVED", "the leg was removed");
  if (status.ok() && !request->bridge_id().empty() && bridges_.count(request->bridge_id()) == 0) {
    status = Precondition("BRIDGE_NOT_FOUND", "the bridge is not on this node");
  }
  if (status.ok()) {
    LegRow& leg = legs_[id];
    if (request->revision() > leg.state.revision()) {
      leg.state.set_leg_id(id);
      leg.state.set_revision(request->revision());
      if (leg.state.answer().sections().empty()) {
        for (const auto& offered : request->offer().sections()) {
          auto& section = *leg.state.mutable_answer()->add_sections();
          section = offered;
          section.set_address("127.0.0.1");
          section.set_rtp_port(10000 + 2 * ports_++);
          section.set_rtcp_port(section.rtp_port() + 1);
          while (section.codecs_size() > 1) section.mutable_codecs()->RemoveLast();
        }
      }
      leg.wanted_bridge = request->bridge_id();
      leg.settings = request->settings();
      leg.stream = request->stream();
      if (attach_at_once_ || leg.wanted_bridge.empty()) Attach(leg);
    }
    *reply = leg.state;
  }
  End(id, context);
  return status;
}

Status FakeMediaPlane::RemoveLeg(ServerContext* context, const media::v1::RemoveLegRequest* request,
                                 media::v1::LegState* reply) {
  absl::MutexLock lock(&mutex_);
  const std::string& id = request->leg_id();
  Status status = Begin({"RemoveLeg", id, request->revision(), ""}, context);
  if (status.ok()) {
    if (const auto it = legs_.find(id); it != legs_.end()) {
      Detach(it->second);
      *reply = it->second.state;
      auto& removed = *Emit().mutable_leg_removed();
      removed.set_leg_id(id);
      removed.set_revision(request->revision());
      *removed.mutable_statistics() = it->second.state.statistics();
      legs_.erase(it);
    }
    tombstones_[id] = request->revision();
    reply->set_leg_id(id);
    reply->set_revision(request->revision());
    reply->set_removed(true);
  }
  End(id, context);
  return status;
}

Status FakeMediaPlane::GetLeg(ServerContext*, const media::v1::GetLegRequest* request, media::v1::LegState* reply) {
  absl::MutexLock lock(&mutex_);
  const auto it = legs_.find(request->leg_id());
  if (it == legs_.end()) {
    return ToGrpcStatus(Error(absl::StatusCode::kNotFound, "LEG_NOT_FOUND", "the leg is not on this node"));
  }
  *reply = it->second.state;
  return Status::OK;
}

Status FakeMediaPlane::GetNode(ServerContext*, const media::v1::GetNodeRequest*, media::v1::NodeState* reply) {
  absl::MutexLock lock(&mutex_);
  reply->set_epoch(epoch_);
  reply->set_legs(static_cast<int>(legs_.size()));
  reply->set_legs_max(4000);
  reply->set_bridges(static_cast<int>(bridges_.size()));
  return Status::OK;
}

Status FakeMediaPlane::Watch(ServerContext* context, const media::v1::WatchRequest* request,
                             Writer<media::v1::WatchResponse>* writer) {
  absl::MutexLock lock(&mutex_);
  const int64_t latest = forgotten_ + static_cast<int64_t>(log_.size());
  const bool first = request->epoch().empty() && request->after_sequence() == 0;
  int64_t sequence = first ? forgotten_ : request->after_sequence();
  if ((!first && request->epoch() != epoch_) || sequence < forgotten_ || sequence > latest) {
    return {StatusCode::OUT_OF_RANGE, "take a Snapshot"};
  }
  media::v1::WatchResponse response;
  response.mutable_hello()->set_epoch(epoch_);
  response.mutable_hello()->set_oldest_sequence(forgotten_ + 1);
  response.mutable_hello()->set_latest_sequence(latest);
  writer->Write(response);
  ++watchers_;
  ++watches_begun_;
  while (!stopping_ && !context->IsCancelled()) {
    if (sequence < forgotten_) break;
    if (sequence < forgotten_ + static_cast<int64_t>(log_.size())) {
      *response.mutable_event() = log_[sequence - forgotten_];
      ++sequence;
      mutex_.Unlock();
      writer->Write(response);
      mutex_.Lock();
      continue;
    }
    changed_.WaitWithTimeout(&mutex_, kCancelCheck);
  }
  --watchers_;
  return {StatusCode::UNAVAILABLE, "the node ends"};
}

Status FakeMediaPlane::WatchLive(ServerContext* context, const media::v1::WatchLiveRequest*,
                                 Writer<media::v1::WatchLiveResponse>* writer) {
  absl::MutexLock lock(&mutex_);
  size_t next = live_log_.size();
  media::v1::WatchLiveResponse response;
  response.mutable_hello()->set_epoch(epoch_);
  response.mutable_hello()->set_latest_sequence(static_cast<int64_t>(next));
  writer->Write(response);
  ++live_watchers_;
  while (!stopping_ && !context->IsCancelled()) {
    if (next >= live_log_.size()) {
      changed_.WaitWithTimeout(&mutex_, kCancelCheck);
      continue;
    }
    *response.mutable_event() = live_log_[next];
    response.mutable_event()->set_sequence(static_cast<int64_t>(++next));
    if (response.event().kind_case() == media::v1::LiveEvent::KIND_NOT_SET) continue;
    mutex_.Unlock();
    writer->Write(response);
    mutex_.Lock();
  }
  --live_watchers_;
  return {StatusCode::UNAVAILABLE, "the node ends"};
}

Status FakeMediaPlane::Snapshot(ServerContext*, const media::v1::SnapshotRequest*,
                                Writer<media::v1::SnapshotResponse>* writer) {
  absl::MutexLock lock(&mutex_);
  ++snapshots_;
  media::v1::SnapshotResponse response;
  response.mutable_head()->set_epoch(epoch_);
  response.mutable_head()->set_sequence(forgotten_ + static_cast<int64_t>(log_.size()));
  writer->Write(response);
  for (const auto& [id, revision] : bridges_) {
    response.mutable_bridge()->set_bridge_id(id);
    response.mutable_bridge()->set_revision(revision);
    writer->Write(response);
  }
  for (const auto& [id, leg] : legs_) {
    *response.mutable_leg() = leg.state;
    writer->Write(response);
  }
  TellJobs(response, writer);
  return Status::OK;
}

}  // namespace tutti::control
