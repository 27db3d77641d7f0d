#include "mediaplane/stream/audio_pump.h"

#include "absl/time/time.h"

namespace tutti::mediaplane {

AudioPump::AudioPump() : thread_([this] { Run(); }) {}

AudioPump::~AudioPump() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  thread_.join();
}

void AudioPump::Add(Client& client) {
  absl::MutexLock lock(&mutex_);
  clients_.insert(&client);
}

void AudioPump::Remove(Client& client) {
  absl::MutexLock lock(&mutex_);
  clients_.erase(&client);
}

void AudioPump::Run() {
  const auto work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stop_ || !clients_.empty(); };
  absl::MutexLock lock(&mutex_);
  while (true) {
    mutex_.Await(absl::Condition(&work));
    if (stop_) return;
    for (Client* client : clients_) client->OnPump();
    mutex_.AwaitWithTimeout(absl::Condition(&stop_), absl::Milliseconds(kPeriodMs));
  }
}

}  // namespace tutti::mediaplane
