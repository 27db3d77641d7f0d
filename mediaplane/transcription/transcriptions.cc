#include "mediaplane/transcription/transcriptions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace tutti::mediaplane {
namespace {

using media::v1::PutTranscriptionRequest;
using media::v1::TranscriptionState;

constexpr absl::Duration kPastAge = absl::Minutes(10);
constexpr size_t kPastMax = 10'000;

constexpr absl::Duration kPollInterval = absl::Milliseconds(200);

}  // namespace

struct Transcriptions::Entry {
  std::string bridge_id;
  TranscriptionState state;
  std::unique_ptr<SpeechTap> tap;
  TapHub::Subscription subscription = 0;
};

Transcriptions::Transcriptions(Parts parts) : parts_(std::move(parts)), past_(kPastAge, kPastMax) {
  thread_ = std::make_unique<ControlThread>([this] { return PollSpeech(); });
  recognizer_ = parts_.make_recognizer([this](std::function<void()> task) { thread_->Post(std::move(task)); });
}

Transcriptions::~Transcriptions() { Close(); }

void Transcriptions::Close() {
  if (thread_ == nullptr) return;
  for (auto& [id, entry] : entries_) EndTap(*entry);
  // Who opens streams, then who is told of them, then where.
  thread_->Run([this] { running_.clear(); });
  recognizer_.reset();
  thread_.reset();
}

void Transcriptions::PostSpeech(std::function<void()> task) {
  if (thread_ != nullptr) thread_->Post(std::move(task));
}

const TranscriptionState* Transcriptions::Find(const std::string& id) {
  const auto it = entries_.find(id);
  return it == entries_.end() ? past_.Find(id) : &it->second->state;
}

absl::StatusOr<TranscriptionState> Transcriptions::Begin(const PutTranscriptionRequest& request, BridgeSlot bridge) {
  const std::string& id = request.transcription_id();
  if (entries_.size() >= kMax) {
    return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY",
                 absl::StrCat("the media node has ", kMax, " transcriptions under way"));
  }
  auto entry = std::make_unique<Entry>();
  entry->bridge_id = request.bridge_id();
  entry->state.set_transcription_id(id);
  entry->state.set_revision(request.revision());
  entry->state.set_status(TranscriptionState::STATUS_RUNNING);
  // In microseconds, as times are told.
  const auto wall = [this](int64_t tick_ns) {
    return absl::FromUnixMicros(absl::ToUnixMicros(parts_.clock->Now() - absl::Nanoseconds(NowNs() - tick_ns)));
  };
  entry->tap = std::make_unique<SpeechTap>(*parts_.names, wall, [this, id](UtterancePiece piece) {
    thread_->Post([this, id, piece = std::move(piece)] {
      if (const auto it = running_.find(id); it != running_.end()) it->second->Hear(piece);
    });
  });
  TUTTI_ASSIGN_OR_RETURN(entry->subscription, parts_.hub->Subscribe(bridge, {.legs = true}, *entry->tap));

  Transcription::Listener listener;
  listener.on_change = [this](const TranscriptionState& state) { parts_.post([this, state] { OnChange(state); }); };
  listener.on_text = [this](const media::v1::TranscriptMade& made) {
    parts_.post([this, made] {
      media::v1::NodeEvent event;
      *event.mutable_transcript_made() = made;
      parts_.tell(std::move(event));
    });
  };
  listener.on_interim = [this](const media::v1::TranscriptInterim& interim) {
    parts_.post([this, interim] {
      media::v1::LiveEvent event;
      *event.mutable_transcript_interim() = interim;
      parts_.tell_live(std::move(event));
    });
  };
  Transcription::Options options{id, request.language(), request.provider()};
  PostSpeech([this, options = std::move(options), listener = std::move(listener)]() mutable {
    const std::string key = options.id;
    running_[key] = std::make_unique<Transcription>(
        std::move(options), *recognizer_, *parts_.metrics, [this] { return NowNs(); }, std::move(listener));
    running_[key]->Start();
  });
  log::Info("transcription begins",
            {{"transcription_id", id}, {"conference_id", request.bridge_id()}, {"language", request.language()}});
  const TranscriptionState state = entry->state;
  entries_[id] = std::move(entry);
  CountRunning();
  return state;
}

TranscriptionState Transcriptions::Change(const PutTranscriptionRequest& request) {
  const std::string& id = request.transcription_id();
  if (const auto it = entries_.find(id); it != entries_.end()) {
    Entry& entry = *it->second;
    entry.state.set_revision(std::max(entry.state.revision(), request.revision()));
    if (request.wanted() == PutTranscriptionRequest::WANTED_STOP) Stop(entry);
    return entry.state;
  }
  if (TranscriptionState* past = past_.Find(id)) {
    past->set_revision(std::max(past->revision(), request.revision()));
    return *past;
  }
  TranscriptionState state;
  state.set_transcription_id(id);
  state.set_revision(request.revision());
  state.set_status(TranscriptionState::STATUS_ENDED);
  past_.Insert(id, state, parts_.clock->Now());
  return state;
}

void Transcriptions::EndTap(Entry& entry) {
  if (entry.tap == nullptr) return;
  parts_.hub->Unsubscribe(entry.subscription);
  entry.tap->Finish();
  entry.tap.reset();
}

void Transcriptions::Stop(Entry& entry) {
  if (entry.state.status() != TranscriptionState::STATUS_RUNNING) return;
  EndTap(entry);
  entry.state.set_status(TranscriptionState::STATUS_FINISHING);
  PostSpeech([this, id = entry.state.transcription_id()] {
    if (const auto it = running_.find(id); it != running_.end()) it->second->Stop();
  });
}

void Transcriptions::OnBridgeRemoved(const std::string& bridge_id) {
  for (auto& [id, entry] : entries_) {
    if (entry->bridge_id == bridge_id) Stop(*entry);
  }
}

void Transcriptions::OnChange(const TranscriptionState& state) {
  const auto it = entries_.find(state.transcription_id());
  if (it == entries_.end()) return;
  Entry& entry = *it->second;
  const bool stopped = entry.state.status() == TranscriptionState::STATUS_FINISHING;
  const int64_t revision = entry.state.revision();
  entry.state = state;
  entry.state.set_revision(revision);
  // It was told before it knew.
  if (stopped && state.status() == TranscriptionState::STATUS_RUNNING) {
    entry.state.set_status(TranscriptionState::STATUS_FINISHING);
  }
  media::v1::NodeEvent event;
  *event.mutable_transcription_changed()->mutable_transcription() = entry.state;
  if (state.status() == TranscriptionState::STATUS_ENDED || state.status() == TranscriptionState::STATUS_FAILED) {
    EndTap(entry);
    past_.Insert(state.transcription_id(), entry.state, parts_.clock->Now());
    PostSpeech([this, id = state.transcription_id()] { running_.erase(id); });
    entries_.erase(it);
  }
  parts_.tell(std::move(event));
  CountRunning();
}

std::vector<TranscriptionState> Transcriptions::Snapshot() const {
  std::vector<TranscriptionState> states;
  for (const auto& [id, entry] : entries_) states.push_back(entry->state);
  return states;
}

void Transcriptions::CountRunning() {
  const auto degraded =
      std::count_if(entries_.begin(), entries_.end(), [](const auto& entry) { return entry.second->state.degraded(); });
  parts_.metrics->SetRunning(static_cast<int64_t>(entries_.size()), degraded);
}

void Transcriptions::Poll() { past_.Expire(parts_.clock->Now()); }

absl::Duration Transcriptions::PollSpeech() {
  const int64_t now_ns = NowNs();
  if (now_ns - polled_at_ns_ >= absl::ToInt64Nanoseconds(kPollInterval)) {
    polled_at_ns_ = now_ns;
    for (auto& [id, transcription] : running_) transcription->Poll();
  }
  return running_.empty() ? absl::Seconds(1) : kPollInterval;
}

}  // namespace tutti::mediaplane
