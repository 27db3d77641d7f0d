#ifndef CONTROL_SERVICE_ANNOUNCER_H_
#define CONTROL_SERVICE_ANNOUNCER_H_

#include <functional>

#include "common/id/id.h"
#include "control/core/core.h"
#include "control/service/read_pool.h"
#include "control/sound/audio_player.h"

namespace tutti::control {

// Plays sounds and speaks texts to rooms and to participants, as their services are asked to: finds
// where that is, and answers when the media node has. Thread-safe.
class Announcer {
 public:
  // All outlive the server.
  Announcer(Core& core, ReadPool& reads, AudioPlayer& player, IdGenerator& ids)
      : core_(core), reads_(reads), player_(player), ids_(ids) {}

  void Play(const Principal& principal, const v1::PlayConferenceRequest& request, Core::Done<v1::Conference> done);
  void Talk(const Principal& principal, const v1::TalkConferenceRequest& request, Core::Done<v1::Conference> done);
  void Stop(const Principal& principal, const v1::StopPlayConferenceRequest& request, Core::Done<v1::Conference> done);
  void Play(const Principal& principal, const v1::PlayConferencecallRequest& request,
            Core::Done<v1::Conferencecall> done);
  void Talk(const Principal& principal, const v1::TalkConferencecallRequest& request,
            Core::Done<v1::Conferencecall> done);
  void Stop(const Principal& principal, const v1::StopPlayConferencecallRequest& request,
            Core::Done<v1::Conferencecall> done);

 private:
  // The room or participant, and where its bridge or leg is.
  template <typename Resource>
  struct Target {
    Resource resource;
    MediaRef ref;
  };

  absl::StatusOr<Target<v1::Conference>> FindRoom(const Principal& principal, const std::string& id);
  absl::StatusOr<Target<v1::Conferencecall>> FindParticipant(const Principal& principal, const std::string& id);
  void PlayToRoom(const Principal& principal, const std::string& id, absl::StatusOr<PlayRequest> play,
                  const Core::Done<v1::Conference>& done);
  void PlayToParticipant(const Principal& principal, const std::string& id, absl::StatusOr<PlayRequest> play,
                         const Core::Done<v1::Conferencecall>& done);
  // On a thread of the pool.
  void Run(std::function<void()> task, const std::function<void(absl::Status)>& failed);

  Core& core_;
  ReadPool& reads_;
  AudioPlayer& player_;
  IdGenerator& ids_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_ANNOUNCER_H_
