#ifndef MEDIAPLANE_STREAM_AUDIO_PUMP_H_
#define MEDIAPLANE_STREAM_AUDIO_PUMP_H_

#include <set>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tutti::mediaplane {

// Asks all who send audio every 10 ms whether there is more: what workers put into
// lines wakes nobody.
class AudioPump {
 public:
  static constexpr int kPeriodMs = 10;

  class Client {
   public:
    virtual ~Client() = default;
    // On the pump's thread; must not wait, nor call the pump.
    virtual void OnPump() = 0;
  };

  AudioPump();
  // No client is left.
  ~AudioPump();
  AudioPump(const AudioPump&) = delete;
  AudioPump& operator=(const AudioPump&) = delete;

  // Any thread.
  void Add(Client& client);
  // It is not called any more.
  void Remove(Client& client);

 private:
  void Run();

  absl::Mutex mutex_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<Client*> clients_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_STREAM_AUDIO_PUMP_H_
