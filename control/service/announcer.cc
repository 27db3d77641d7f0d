#include "control/service/announcer.h"

#include <utility>

#include "common/status/status.h"
#include "control/rules/validate.h"
#include "control/sound/sound_source.h"
#include "control/sound/spoken_text.h"

namespace tutti::control {
namespace {

// What a request says, without where.
template <typename Request>
absl::StatusOr<PlayRequest> ReadPlay(const Request& request) {
  TUTTI_RETURN_IF_ERROR(ParseSoundSource(request.sound()).status());
  TUTTI_RETURN_IF_ERROR(CheckVolume(request.volume_db()));
  PlayRequest play;
  play.source = request.sound();
  play.volume_db = request.volume_db();
  play.loop = request.loop();
  return play;
}

template <typename Request>
absl::StatusOr<PlayRequest> ReadTalk(const Request& request) {
  SpokenText text{request.text(), request.language(), request.voice()};
  TUTTI_RETURN_IF_ERROR(CheckSpokenText(text));
  TUTTI_RETURN_IF_ERROR(CheckVolume(request.volume_db()));
  PlayRequest play;
  play.text = std::move(text);
  play.volume_db = request.volume_db();
  return play;
}

// The resource, once the node has said yes. What has left its node meanwhile is as
// if it had left before.
template <typename Resource>
AudioPlayer::Done AnswerWith(Resource resource, Done<Resource> done) {
  return [resource = std::move(resource), done = std::move(done)](const absl::Status& status) {
    if (status.ok()) return done(resource);
    const std::string reason = GetErrorDetail(status).reason;
    if (reason != "LEG_NOT_FOUND" && reason != "BRIDGE_NOT_FOUND") return done(status);
    done(Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID", std::string(status.message())));
  };
}

}  // namespace

void Announcer::Run(std::function<void()> task, const std::function<void(absl::Status)>& failed) {
  if (absl::Status status = reads_.Run(std::move(task)); !status.ok()) failed(status);
}

absl::StatusOr<Announcer::Target<v1::Conference>> Announcer::FindRoom(const Principal& principal,
                                                                      const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(MediaRef ref, conferences_.FindBridge(principal, id));
  TUTTI_ASSIGN_OR_RETURN(v1::Conference conference, conferences_.Get(principal, id));
  conference.clear_conferencecall_ids();
  return Target<v1::Conference>{std::move(conference), std::move(ref)};
}

absl::StatusOr<Announcer::Target<v1::Conferencecall>> Announcer::FindParticipant(const Principal& principal,
                                                                                 const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(MediaRef ref, conferencecalls_.FindLeg(principal, id));
  TUTTI_ASSIGN_OR_RETURN(v1::Conferencecall conferencecall, conferencecalls_.Get(principal, id));
  return Target<v1::Conferencecall>{std::move(conferencecall), std::move(ref)};
}

void Announcer::Play(const Principal& principal, const v1::PlayConferenceRequest& request, Done<v1::Conference> done) {
  PlayToRoom(principal, request.id(), ReadPlay(request), done);
}

void Announcer::Talk(const Principal& principal, const v1::TalkConferenceRequest& request, Done<v1::Conference> done) {
  PlayToRoom(principal, request.id(), ReadTalk(request), done);
}

void Announcer::PlayToRoom(const Principal& principal, const std::string& id, absl::StatusOr<PlayRequest> play,
                           const Done<v1::Conference>& done) {
  if (!play.ok()) return done(play.status());
  Run(
      [this, principal, id, play = *std::move(play), done]() mutable {
        auto room = FindRoom(principal, id);
        if (!room.ok()) return done(room.status());
        play.customer_id = principal.customer_id;
        play.node_id = room->ref.node_id;
        play.bridge_id = room->ref.id;
        play.operation_id = ids_.Next();
        player_.Play(std::move(play), AnswerWith(std::move(room->resource), done));
      },
      done);
}

void Announcer::Stop(const Principal& principal, const v1::StopPlayConferenceRequest& request,
                     Done<v1::Conference> done) {
  Run(
      [this, principal, id = request.id(), done] {
        auto room = FindRoom(principal, id);
        if (!room.ok()) return done(room.status());
        StopRequest stop;
        stop.node_id = room->ref.node_id;
        stop.bridge_id = room->ref.id;
        player_.Stop(stop, AnswerWith(std::move(room->resource), done));
      },
      done);
}

void Announcer::Play(const Principal& principal, const v1::PlayConferencecallRequest& request,
                     Done<v1::Conferencecall> done) {
  PlayToParticipant(principal, request.id(), ReadPlay(request), done);
}

void Announcer::Talk(const Principal& principal, const v1::TalkConferencecallRequest& request,
                     Done<v1::Conferencecall> done) {
  PlayToParticipant(principal, request.id(), ReadTalk(request), done);
}

void Announcer::PlayToParticipant(const Principal& principal, const std::string& id, absl::StatusOr<PlayRequest> play,
                                  const Done<v1::Conferencecall>& done) {
  if (!play.ok()) return done(play.status());
  Run(
      [this, principal, id, play = *std::move(play), done]() mutable {
        auto participant = FindParticipant(principal, id);
        if (!participant.ok()) return done(participant.status());
        play.customer_id = principal.customer_id;
        play.node_id = participant->ref.node_id;
        play.leg_id = participant->ref.id;
        play.operation_id = ids_.Next();
        player_.Play(std::move(play), AnswerWith(std::move(participant->resource), done));
      },
      done);
}

void Announcer::Stop(const Principal& principal, const v1::StopPlayConferencecallRequest& request,
                     Done<v1::Conferencecall> done) {
  Run(
      [this, principal, id = request.id(), done] {
        auto participant = FindParticipant(principal, id);
        if (!participant.ok()) return done(participant.status());
        StopRequest stop;
        stop.node_id = participant->ref.node_id;
        stop.leg_id = participant->ref.id;
        player_.Stop(stop, AnswerWith(std::move(participant->resource), done));
      },
      done);
}

}  // namespace tutti::control
