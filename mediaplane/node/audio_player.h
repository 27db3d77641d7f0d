#ifndef MEDIAPLANE_NODE_AUDIO_PLAYER_H_
#define MEDIAPLANE_NODE_AUDIO_PLAYER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mediaplane/audio/sound.h"
#include "mediaplane/node/media_engine.h"
#include "mediaplane/node/tombstones.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// The operations of PlayAudio: a queue for each target, of which the engine has
// the first; all by id, and those that have ended for 10 minutes more. Control
// thread only; `engine` outlives it.
class AudioPlayer {
 public:
  static constexpr size_t kQueueMax = 32;

  struct Target {
    bool is_bridge = false;
    uint32_t slot = 0;  // LegSlot or BridgeSlot
    auto operator<=>(const Target&) const = default;
  };

  // `ended` runs once for each operation that was accepted.
  AudioPlayer(MediaEngine& engine, std::function<void(const media::v1::AudioFinished&)> ended);

  // The operation if it is known, whatever became of it.
  const media::v1::AudioState* Find(const std::string& operation_id);

  // A new one. The request is valid, its sound is `sound`. RESOURCE_EXHAUSTED,
  // reason AUDIO_QUEUE_FULL.
  absl::StatusOr<media::v1::AudioState> Play(const media::v1::PlayAudioRequest& request, const Target& target,
                                             std::shared_ptr<const Sound> sound);

  // Those that it ends. An operation that is not known is remembered as stopped.
  std::vector<std::string> Stop(const std::string& operation_id, absl::Time now);
  std::vector<std::string> StopAll(const Target& target);

  // The target will be gone: nothing more is begun there.
  void Forsake(const Target& target);

  // The engine's kPlayEnded.
  void OnEnded(const EngineEvent& event);

  // Begins what a full ring held up, and forgets what is old.
  void Poll(absl::Time now);

  // Those that have not ended, in their order.
  std::vector<std::string> OperationsOf(const Target& target) const;

  // Operations that have not ended.
  size_t size() const { return operations_.size(); }

 private:
  struct Operation {
    media::v1::PlayAudioRequest request;
    media::v1::AudioState state;
    Target target;
    std::shared_ptr<const Sound> sound;
    bool begun = false;     // the engine has it
    bool stopping = false;  // and was told to end it
  };
  using Queue = std::deque<std::shared_ptr<Operation>>;

  void Begin(const Target& target);
  void End(const std::shared_ptr<Operation>& operation, media::v1::AudioFinished::Cause cause);
  bool Stop(const std::shared_ptr<Operation>& operation);

  MediaEngine& engine_;
  const std::function<void(const media::v1::AudioFinished&)> ended_;
  absl::Time now_ = absl::InfinitePast();
  uint64_t last_tag_ = 0;
  std::map<Target, Queue> queues_;
  absl::flat_hash_map<std::string, std::shared_ptr<Operation>> operations_;
  Tombstones<media::v1::AudioState> past_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_AUDIO_PLAYER_H_
