#ifndef CONTROL_CORE_FAKE_MEDIA_NODE_H_
#define CONTROL_CORE_FAKE_MEDIA_NODE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "control/rules/media.h"

namespace tutti::control {

// A media node as the contract describes it, without packets: legs, bridges,
// revisions, tombstones and an event log. One thread.
class FakeMediaNode {
 public:
  FakeMediaNode(std::string id, std::string epoch) : id_(std::move(id)), epoch_(std::move(epoch)) {}

  const std::string& id() const { return id_; }
  const std::string& epoch() const { return epoch_; }

  absl::StatusOr<media::v1::LegState> Put(const media::v1::PutLegRequest& request);
  media::v1::LegState Remove(const media::v1::RemoveLegRequest& request);
  absl::StatusOr<media::v1::BridgeState> Put(const media::v1::PutBridgeRequest& request);
  media::v1::BridgeState Remove(const media::v1::RemoveBridgeRequest& request);

  // Plays begin and stay until they are stopped or FinishAudio is called.
  absl::StatusOr<media::v1::AudioState> Play(const media::v1::PlayAudioRequest& request);
  media::v1::StopAudioResponse Stop(const media::v1::StopAudioRequest& request);
  void FinishAudio(const std::string& operation_id, media::v1::AudioFinished::Cause cause);

  // A recording begins with the command and goes on until it is stopped or ends by
  // FinishRecording or FailRecording; it outlives Restart, cut off.
  absl::StatusOr<media::v1::RecordingState> Put(const media::v1::PutRecordingRequest& request);
  media::v1::DeleteRecordingResponse Delete(const media::v1::DeleteRecordingRequest& request);
  void FinishRecording(const std::string& recording_id);
  void FailRecording(const std::string& recording_id, media::v1::RecordingState::Failure failure);
  void UploadRecording(const std::string& recording_id);

  // A transcription is stopped until EndTranscription, unless it `ends_itself`.
  absl::StatusOr<media::v1::TranscriptionState> Put(const media::v1::PutTranscriptionRequest& request);
  void EndTranscription(const std::string& transcription_id, media::v1::TranscriptionState::Status status);
  void Degrade(const std::string& transcription_id, bool degraded, int64_t utterances_lost);
  void Say(const media::v1::TranscriptMade& made) { *AddEvent().mutable_transcript_made() = made; }

  absl::StatusOr<media::v1::OpenAudioStreamResponse> Open(const media::v1::OpenAudioStreamRequest& request);
  // Of a leg with a stream.
  void CloseStream(const std::string& leg_id);

  NodeSnapshot Snapshot(absl::Time requested_at) const;

  // A new process: nothing is left of what was.
  void Restart(const std::string& epoch);

  // Puts every leg where its last command wants it.
  void Tick();

  void ReportMediaTimeout(const std::string& leg_id);
  void Report(const media::v1::AudioFinished& finished) { *AddEvent().mutable_audio_finished() = finished; }

  std::map<std::string, media::v1::LegState> legs;
  std::map<std::string, media::v1::BridgeState> bridges;
  // By hash: those that were put here. Names that are no hash are always here.
  std::map<std::string, media::v1::SoundState> sounds;
  // By operation; those that have ended, too.
  std::map<std::string, media::v1::PlayAudioRequest> plays;
  std::map<std::string, media::v1::AudioState> audio;
  // What is played from now on waits for something else.
  bool audio_waits = false;
  // Not yet watched.
  std::deque<media::v1::NodeEvent> events;
  // By leg, of those that were taken.
  std::map<std::string, media::v1::MediaDescription> offers;
  // By leg: those of its last command.
  std::map<std::string, media::v1::LegSettings> settings;
  // By leg: who is in a bridge by it, of its last command.
  std::map<std::string, std::string> participants;
  // The last command of each bridge.
  std::map<std::string, media::v1::PutBridgeRequest> puts;
  // Those that have ended, too.
  std::map<std::string, media::v1::RecordingState> recordings;
  std::map<std::string, media::v1::TranscriptionState> transcriptions;
  // The last command of each recording and transcription.
  std::map<std::string, media::v1::PutRecordingRequest> recording_puts;
  std::map<std::string, media::v1::PutTranscriptionRequest> transcription_puts;
  // Audio streams that were opened, by token; and the token of each leg's stream.
  std::map<std::string, media::v1::OpenAudioStreamRequest> audio_streams;
  std::map<std::string, std::string> leg_tokens;
  // False: a recording that is stopped waits for FinishRecording, a transcription for
  // EndTranscription.
  bool ends_itself = true;
  // What recordings begin and end with.
  absl::Time tm_recording = absl::FromUnixSeconds(1'800'000'000);
  // The next new recording or transcription is refused with it.
  absl::Status job_refusal;
  // The next new leg or re-offer is refused with it.
  absl::Status refusal;
  // As long as it is an error every new offer is refused with it.
  absl::Status busy;
  // Attachments stay open: nobody joins.
  bool attaches = true;
  // False: legs enter and leave bridges only by Tick, not with the command.
  bool ticks_itself = true;

 private:
  media::v1::NodeEvent& AddEvent();
  void Detach(media::v1::LegState& leg, int64_t revision);
  void Move(media::v1::LegState& leg);
  absl::Status CheckSound(const std::string& sound) const;
  // What plays to a target that is gone ends.
  void ForsakeAudio(const std::string& target_id);
  void TellRecording(const std::string& recording_id);
  void TellTranscription(const std::string& transcription_id);
  // Of a bridge that is gone.
  void EndJobs(const std::string& bridge_id);

  const std::string id_;
  std::string epoch_;
  int64_t sequence_ = 0;
  uint32_t next_port_ = 10'000;
  std::map<std::string, int64_t> tombstones_;
  // The bridge that each leg shall be in, where it is not yet there.
  std::map<std::string, std::string> wanted_bridges_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_FAKE_MEDIA_NODE_H_
