#ifndef CONTROL_SERVICE_ANNOUNCER_H_
#define CONTROL_SERVICE_ANNOUNCER_H_

#include <functional>

#include "common/id/id.h"
#include "control/core/conferencecalls.h"
#include "control/core/conferences.h"
#include "control/service/read_pool.h"
#include "control/sound/audio_player.h"

namespace tutti::control {

// Plays sounds and speaks texts to rooms and to participants, as their services are asked to: finds
// where that is, and answers when the media node has. Thread-safe.
class Announcer {
 public:
  // All outlive the server.
  Announcer(Conferences& conferences, Conferencecalls& conferencecalls, ReadPool& reads, AudioPlayer& player,
            IdGenerator& ids)
      : conferences_(conferences), conferencecalls_(conferencecalls), reads_(reads), player_(player), ids_(ids) {}

  void Play(const Principal& principal, const v1::PlayConferenceRequest& request, Done<v1::Conference> done);
  void Talk(const Principal& principal, const v1::TalkConferenceRequest& request, Done<v1::Conference> done);
  void Stop(const Principal& principal, const v1::StopPlayConferenceRequest& request, Done<v1::Conference> done);
  void Play(const Principal& principal, const v1::PlayConferencecallRequest& request, Done<v1::Conferencecall> done);
  void Talk(const Principal& principal, const v1::TalkConferencecallRequest& request, Done<v1::Conferencecall> done);
  void Stop(const Principal& principal, const v1::StopPlayConferencecallRequest& request,
            Done<v1::Conferencecall> done);

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
                  const Done<v1::Conference>& done);
  void PlayToParticipant(const Principal& principal, const std::string& id, absl::StatusOr<PlayRequest> play,
                         const Done<v1::Conferencecall>& done);
  // On a thread of the pool.
  void Run(std::function<void()> task, const std::function<void(absl::Status)>& failed);

  Conferences& conferences_;
  Conferencecalls& conferencecalls_;
  ReadPool& reads_;
  AudioPlayer& player_;
  IdGenerator& ids_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_ANNOUNCER_H_
