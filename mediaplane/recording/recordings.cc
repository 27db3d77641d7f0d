#include "mediaplane/recording/recordings.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "mediaplane/recording/folder.h"

namespace tutti::mediaplane {
namespace {

using media::v1::PutRecordingRequest;
using media::v1::RecordingFile;
using media::v1::RecordingFolder;
using media::v1::RecordingState;

constexpr absl::Duration kTombstoneAge = absl::Minutes(10);
constexpr size_t kTombstonesMax = 100'000;

bool Over(const RecordingState& state) {
  return state.status() == RecordingState::STATUS_ENDED || state.status() == RecordingState::STATUS_FAILED;
}

}  // namespace

Recordings::Recordings(RecordingsOptions options, TapHub& hub, std::function<void(const RecordingState&)> changed)
    : options_(std::move(options)),
      hub_(hub),
      changed_(std::move(changed)),
      removed_(kTombstoneAge, kTombstonesMax),
      uploads_([this](const std::string& id) { BeginUpload(id); }, *options_.tools.clock, *options_.tools.figures) {}

// Writers may still have some: those are left as after a kill.
Recordings::~Recordings() {
  for (const auto& [id, entry] : entries_) {
    if (entry->subscription) hub_.Unsubscribe(*entry->subscription);
  }
}

std::string Recordings::FolderOf(const std::string& recording_id) const {
  return absl::StrCat(options_.folder, "/", recording_id);
}

absl::StatusOr<RecordingState> Recordings::Put(const PutRecordingRequest& request, std::optional<BridgeSlot> bridge,
                                               bool draining) {
  const int64_t* removed = removed_.Find(request.recording_id());
  const auto it = entries_.find(request.recording_id());
  const bool unknown = it == entries_.end() || it->second->deleted;
  if (unknown && request.wanted() == PutRecordingRequest::WANTED_STOP) {
    // It was never begun here, and never will be.
    if (removed == nullptr) removed_.Insert(request.recording_id(), request.revision(), options_.tools.clock->Now());
    RecordingState state;
    state.set_recording_id(request.recording_id());
    state.set_revision(request.revision());
    state.set_status(RecordingState::STATUS_ENDED);
    return state;
  }
  if (removed != nullptr || (unknown && it != entries_.end())) {
    return Error(absl::StatusCode::kFailedPrecondition, "RECORDING_REMOVED",
                 absl::StrCat("recording ", request.recording_id(), " was removed"));
  }
  if (unknown) {
    if (draining) {
      return Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_DRAINING",
                   "the media node is draining: it takes nothing new");
    }
    if (!bridge) {
      return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND",
                   absl::StrCat("bridge ", request.bridge_id(), " is not on this node"));
    }
    return Create(request, *bridge);
  }
  Entry& entry = *it->second;
  RecordingState& state = *entry.folder.mutable_state();
  if (request.revision() <= state.revision()) return state;
  state.set_revision(request.revision());
  if (entry.recording == nullptr) return state;
  if (request.wanted() == PutRecordingRequest::WANTED_STOP) {
    End(entry);
  } else {
    // What was heard until now belongs to before.
    hub_.Drain();
    entry.recording->Pause(request.wanted() == PutRecordingRequest::WANTED_PAUSE);
  }
  PollActive(request.recording_id(), entry);
  return state;
}

absl::StatusOr<RecordingState> Recordings::Create(const PutRecordingRequest& request, BridgeSlot bridge) {
  if (active_.size() >= options_.recordings_max) {
    return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY",
                 absl::StrCat("all ", options_.recordings_max, " recordings of the media node are under way"));
  }
  auto entry = std::make_unique<Entry>();
  entry->bridge = bridge;
  *entry->folder.mutable_request() = request;
  entry->recording = std::make_shared<Recording>(options_.tools, FolderOf(request.recording_id()), request);
  *entry->folder.mutable_state() = entry->recording->state();
  entry->folder.mutable_state()->set_revision(request.revision());
  const bool low = request.sample_rate_hz() == 8000;
  TUTTI_ASSIGN_OR_RETURN(
      entry->subscription,
      hub_.Subscribe(bridge, {.mix_8000 = low, .mix_16000 = !low, .legs = request.per_speaker()}, *entry->recording));
  entry->recording->Begin();
  log::Info("recording begun", {{"recording_id", request.recording_id()},
                                {"conference_id", request.bridge_id()},
                                {"rate", request.sample_rate_hz()},
                                {"per_speaker", request.per_speaker()}});
  const Entry& created = *(entries_[request.recording_id()] = std::move(entry));
  active_[request.recording_id()] = entries_.at(request.recording_id()).get();
  UpdateFigures();
  Tell(created);
  return created.folder.state();
}

// Exactly what was heard until now is in it.
void Recordings::End(Entry& entry) {
  if (entry.subscription) hub_.Unsubscribe(*std::exchange(entry.subscription, std::nullopt));
  entry.recording->End();
}

void Recordings::EndBridge(BridgeSlot bridge) {
  std::vector<std::string> ending;
  for (const auto& [id, entry] : active_) {
    if (entry->bridge == bridge && entry->subscription) ending.push_back(id);
  }
  for (const std::string& id : ending) {
    End(*active_.at(id));
    PollActive(id, *active_.at(id));
  }
}

void Recordings::Poll() {
  removed_.Expire(options_.tools.clock->Now());
  std::vector<std::string> news;
  for (const auto& [id, entry] : active_) {
    if (entry->recording->TakeNews()) news.push_back(id);
  }
  for (const std::string& id : news) PollActive(id, *entries_.at(id));
  std::vector<std::pair<std::string, absl::StatusOr<RecordingFolder>>> finished, uploaded;
  {
    absl::MutexLock lock(&inbox_->mutex);
    finished.swap(inbox_->finished);
    uploaded.swap(inbox_->uploaded);
  }
  for (const auto& [id, result] : finished) OnFinished(id, result);
  for (const auto& [id, result] : uploaded) OnUploaded(id, result);
  uploads_.Poll();
}

void Recordings::PollActive(const std::string& recording_id, Entry& entry) {
  if (entry.recording->ends()) End(entry);
  RecordingState now = entry.recording->state();
  RecordingState& told = *entry.folder.mutable_state();
  now.set_revision(told.revision());
  const bool changed = now.status() != told.status() || now.failure() != told.failure();
  told = now;
  if (changed) Tell(entry);
  if (!entry.recording->closed()) return;
  entry.recording.reset();
  active_.erase(recording_id);
  entry.deleted ? Remove(recording_id) : Finish(recording_id, entry);
}

void Recordings::Finish(const std::string& recording_id, Entry& entry) {
  entry.finishing = true;
  finishing_.insert(recording_id);
  UpdateFigures();
  ++options_.tools.figures->finisher_runs;
  options_.finish(FolderOf(recording_id), [inbox = inbox_, recording_id](absl::StatusOr<RecordingFolder> result) {
    absl::MutexLock lock(&inbox->mutex);
    inbox->finished.emplace_back(recording_id, std::move(result));
  });
}

void Recordings::OnFinished(const std::string& recording_id, const absl::StatusOr<RecordingFolder>& result) {
  const auto it = entries_.find(recording_id);
  if (it == entries_.end()) return;
  Entry& entry = *it->second;
  entry.finishing = false;
  finishing_.erase(recording_id);
  if (entry.deleted) return Remove(recording_id);
  RecordingState& state = *entry.folder.mutable_state();
  const int64_t revision = state.revision();
  if (result.ok() && Over(result->state())) {
    state = result->state();
    state.set_revision(revision);
  } else {
    // Headers are right but for a killed process's last second; what is there is told.
    ++options_.tools.figures->finisher_failures;
    log::Error("a recording could not be finished",
               {{"recording_id", recording_id}, {"error", std::string(result.status().message())}});
    state.set_status(RecordingState::STATUS_FAILED);
    if (state.failure() == RecordingState::FAILURE_UNSPECIFIED) state.set_failure(RecordingState::FAILURE_CONVERSION);
    if (const auto files = ListFiles(FolderOf(recording_id), recording_id); files.ok()) {
      state.mutable_files()->Assign(files->begin(), files->end());
    }
    // It stays so.
    options_.tools.write([disk = options_.tools.disk, folder = FolderOf(recording_id), last = entry.folder] {
      const absl::Status status = WriteFolderState(*disk, folder, last);
      if (!status.ok()) log::Error("a recording's state can't be written", {{"error", std::string(status.message())}});
    });
  }
  RecordingFigures& figures = *options_.tools.figures;
  if (state.status() == RecordingState::STATUS_ENDED) {
    ++figures.ended;
  } else {
    ++figures.failed[static_cast<size_t>(state.failure())];
  }
  log::Info("recording over", {{"recording_id", recording_id},
                               {"conference_id", entry.folder.request().bridge_id()},
                               {"status", RecordingState::Status_Name(state.status())},
                               {"failure", RecordingState::Failure_Name(state.failure())},
                               {"duration_ms", state.duration_ms()}});
  UpdateFigures();
  Tell(entry);
  AddUpload(recording_id, entry);
}

void Recordings::Delete(const std::string& recording_id) {
  const auto it = entries_.find(recording_id);
  if (it == entries_.end()) {
    if (removed_.Find(recording_id) == nullptr) removed_.Insert(recording_id, 0, options_.tools.clock->Now());
    return;
  }
  Entry& entry = *it->second;
  entry.deleted = true;
  if (entry.recording != nullptr) {
    End(entry);
    PollActive(recording_id, entry);
  } else if (!entry.finishing) {
    RemoveWithUploads(recording_id, entry);
  }
}

// Nobody works on it any more.
void Recordings::Remove(const std::string& recording_id) {
  removed_.Insert(recording_id, entries_.at(recording_id)->folder.state().revision(), options_.tools.clock->Now());
  entries_.erase(recording_id);
  options_.tools.write([disk = options_.tools.disk, folder = FolderOf(recording_id), recording_id] {
    const absl::Status status = disk->RemoveFolder(folder);
    if (status.ok()) {
      log::Info("recording removed", {{"recording_id", recording_id}});
    } else {
      log::Error("a recording can't be removed",
                 {{"recording_id", recording_id}, {"error", std::string(status.message())}});
    }
  });
  UpdateFigures();
}

absl::StatusOr<Recordings::FileOnDisk> Recordings::FindFile(const media::v1::ReadRecordingFileRequest& request) const {
  const auto no_file = [&] {
    return Error(absl::StatusCode::kNotFound, "RECORDING_FILE_NOT_FOUND",
                 absl::StrCat("recording ", request.recording_id(), " has no such file on this node"));
  };
  const auto it = entries_.find(request.recording_id());
  if (it == entries_.end() || it->second->deleted) return no_file();
  const RecordingState& state = it->second->folder.state();
  if (!Over(state)) {
    return Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID",
                 absl::StrCat("recording ", request.recording_id(), " is not over yet"));
  }
  const auto file = std::find_if(state.files().begin(), state.files().end(),
                                 [&](const RecordingFile& one) { return one.name() == request.name(); });
  if (file == state.files().end() || state.uploaded()) return no_file();
  if (request.offset() < 0 || request.length() < 0)
    return absl::InvalidArgumentError("offset and length are not negative");
  if (request.offset() > file->size()) {
    return absl::OutOfRangeError(
        absl::StrCat("offset ", request.offset(), " is behind the end of ", file->size(), " bytes"));
  }
  const int64_t rest = file->size() - request.offset();
  return FileOnDisk{absl::StrCat(FolderOf(request.recording_id()), "/", file->name()), request.offset(),
                    request.length() == 0 ? rest : std::min(request.length(), rest)};
}

std::vector<RecordingState> Recordings::UnderWay() const {
  std::vector<RecordingState> states;
  for (const auto& [id, entry] : active_) {
    if (entry->deleted) continue;
    // How long it is changes without news.
    states.push_back(entry->folder.state());
    states.back().set_duration_ms(entry->recording->state().duration_ms());
  }
  for (const std::string& id : finishing_) {
    if (!entries_.at(id)->deleted) states.push_back(entries_.at(id)->folder.state());
  }
  return states;
}

void Recordings::Tell(const Entry& entry) {
  if (!entry.deleted) changed_(entry.folder.state());
}

void Recordings::UpdateFigures() {
  RecordingFigures& figures = *options_.tools.figures;
  figures.active = active_.size();
  figures.finishing = finishing_.size();
  figures.kept = static_cast<uint64_t>(std::count_if(entries_.begin(), entries_.end(), [](const auto& entry) {
    return entry.second->folder.state().files_size() > 0 && !entry.second->folder.state().uploaded();
  }));
}

}  // namespace tutti::mediaplane
