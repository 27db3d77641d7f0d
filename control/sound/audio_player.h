#ifndef CONTROL_SOUND_AUDIO_PLAYER_H_
#define CONTROL_SOUND_AUDIO_PLAYER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "control/media/node_client.h"
#include "control/sound/sound_library.h"
#include "control/sound/spoken_text.h"

namespace tutti::control {

// What to play, and where. One of leg_id and bridge_id is set.
struct PlayRequest {
  // Whose sounds are named.
  std::string customer_id;
  std::string node_id;
  // UUID: a repeat with the same one changes nothing.
  std::string operation_id;
  // A call's id.
  std::string leg_id;
  // A conference's id.
  std::string bridge_id;
  // As ParseSoundSource says; or a text.
  std::string source;
  std::optional<SpokenText> text;
  bool loop = false;
  // -30 to 10.
  int volume_db = 0;
  // Of a leg.
  bool stop_on_dtmf = false;
  // Not at all where something plays already: later it would say something wrong.
  bool only_now = false;
};

// What to stop: one operation, or all of a leg or a bridge.
struct StopRequest {
  std::string node_id;
  std::string operation_id;
  std::string leg_id;
  std::string bridge_id;
};

// Plays sounds by their source on media nodes: brings a sound there the first time
// that the node needs it. Thread-safe; never blocks. Nothing is stored: what is
// under way when control ends is heard, or is not.
class AudioPlayer {
 public:
  using Done = std::function<void(absl::Status)>;
  using Ended = std::function<void(media::v1::AudioFinished::Cause)>;

  // All outlive the player; the nodes by their id.
  AudioPlayer(SoundLibrary& library, std::map<std::string, NodeClient*> nodes)
      : library_(library), nodes_(std::move(nodes)) {}

  // `done` when the node has accepted it, on a queue's thread or before Play
  // returns; how it ends is told by the node's AudioFinished. Errors: those of
  // SoundLibrary's Load and Speak; FAILED_PRECONDITION (LEG_NOT_FOUND, BRIDGE_NOT_FOUND);
  // RESOURCE_EXHAUSTED (AUDIO_QUEUE_FULL, SOUND_CACHE_FULL, MEDIA_NODE_BUSY);
  // UNAVAILABLE (MEDIA_NODE_UNAVAILABLE), after which it may be heard or not:
  // repeat it with its operation id. Of a repeat whose operation has ended already
  // `ended`, if given, is called instead: AudioFinished may have been lost.
  void Play(PlayRequest request, Done done, Ended ended = nullptr);

  // Repeating it changes nothing. One of an operation whose Play is still on its way
  // keeps it from being heard.
  void Stop(const StopRequest& request, Done done);

  // Asked for, and refused, so far.
  int64_t plays() const { return plays_.load(std::memory_order_relaxed); }
  int64_t failures() const { return failures_.load(std::memory_order_relaxed); }

  // Brings the sound to the node unless it is just being brought.
  void Put(const std::string& node_id, std::shared_ptr<const SoundData> sound, Done done);

 private:
  void Send(NodeClient& node, const PlayRequest& request, const LoadedSound& sound, bool may_put, Done done,
            Ended ended);

  SoundLibrary& library_;
  const std::map<std::string, NodeClient*> nodes_;
  std::atomic<int64_t> plays_{0};
  std::atomic<int64_t> failures_{0};
  absl::Mutex mutex_;
  // Who waits for an upload, by node and hash.
  std::map<std::pair<std::string, std::string>, std::vector<Done>> uploads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::control

#endif  // CONTROL_SOUND_AUDIO_PLAYER_H_
