#include "mediaplane/service/sound_reactor.h"

#include <memory>
#include <utility>

#include "common/status/grpc_status.h"

namespace tutti::mediaplane {

SoundReactor::SoundReactor(Node& node, ControlThread& thread, media::v1::SoundState* response,
                           std::atomic<int>& uploads)
    : node_(node), thread_(thread), response_(response), uploads_(uploads) {
  StartRead(&message_);
}

void SoundReactor::OnReadDone(bool ok) {
  if (!ok) return Store();
  const absl::Status added = upload_.Add(message_);
  if (!added.ok()) return Answer(added);
  if (message_.has_head()) return ReadOn();
  StartRead(&message_);
}

void SoundReactor::ReadOn() {
  thread_.Post([this] {
    const auto state = node_.GetSound(upload_.sha256());
    if (state.ok()) return Answer(state);
    StartRead(&message_);
  });
}

void SoundReactor::Store() {
  auto sound = upload_.Finish();
  if (!sound.ok()) return Answer(sound.status());
  thread_.Post(
      [this, made = *std::move(sound)]() mutable { Answer(node_.PutSound(upload_.sha256(), std::move(made))); });
}

void SoundReactor::Answer(const absl::StatusOr<media::v1::SoundState>& state) {
  if (state.ok()) *response_ = *state;
  Finish(ToGrpcStatus(state.status()));
}

void SoundReactor::OnDone() {
  --uploads_;
  delete this;
}

}  // namespace tutti::mediaplane
