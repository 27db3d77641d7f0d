#ifndef CONTROL_MEDIA_NODE_CLIENT_H_
#define CONTROL_MEDIA_NODE_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/rules/media.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::control {

// A sound as a node wants it: samples of signed 16 bits, little endian, mono, at
// 8000 or 16000 Hz, and their SHA-256 in lower-case hexadecimal digits.
struct SoundData {
  std::string sha256;
  uint32_t sample_rate_hz = 0;
  std::string samples;
};

// One media node as the control plane speaks to it: every call is answered in
// bounded time, on the task queue that the client was made with. It decides
// nothing.
class NodeClient {
 public:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;

  struct WatchHandler {
    // Ask for the next one by Next().
    std::function<void(const media::v1::WatchResponse&)> on_message;
    // Last.
    std::function<void(absl::Status)> on_end;
  };
  struct LiveHandler {
    // Ask for the next one by Next().
    std::function<void(const media::v1::WatchLiveResponse&)> on_message;
    // Last.
    std::function<void(absl::Status)> on_end;
  };

  // One Watch or WatchLive in progress.
  class Stream {
   public:
    virtual ~Stream() = default;
    virtual void Next() = 0;
    // on_end still comes.
    virtual void Cancel() = 0;
  };

  virtual ~NodeClient() = default;

  // Commands carry the trace that they belong to; empty: none.

  virtual void PutBridge(const media::v1::PutBridgeRequest& request, const std::string& traceparent,
                         Done<media::v1::BridgeState> done) = 0;
  virtual void RemoveBridge(const media::v1::RemoveBridgeRequest& request, const std::string& traceparent,
                            Done<media::v1::BridgeState> done) = 0;
  virtual void PutLeg(const media::v1::PutLegRequest& request, const std::string& traceparent,
                      Done<media::v1::LegState> done) = 0;
  virtual void RemoveLeg(const media::v1::RemoveLegRequest& request, const std::string& traceparent,
                         Done<media::v1::LegState> done) = 0;
  virtual void GetLeg(const media::v1::GetLegRequest& request, Done<media::v1::LegState> done) = 0;
  virtual void GetNode(const media::v1::GetNodeRequest& request, Done<media::v1::NodeState> done) = 0;
  virtual void PutSound(std::shared_ptr<const SoundData> sound, Done<media::v1::SoundState> done) = 0;
  virtual void GetSound(const media::v1::GetSoundRequest& request, Done<media::v1::SoundState> done) = 0;
  virtual void PlayAudio(const media::v1::PlayAudioRequest& request, Done<media::v1::AudioState> done) = 0;
  virtual void StopAudio(const media::v1::StopAudioRequest& request, Done<media::v1::StopAudioResponse> done) = 0;
  virtual void PutRecording(const media::v1::PutRecordingRequest& request, const std::string& traceparent,
                            Done<media::v1::RecordingState> done) = 0;
  virtual void DeleteRecording(const media::v1::DeleteRecordingRequest& request, const std::string& traceparent,
                               Done<media::v1::DeleteRecordingResponse> done) = 0;
  virtual void PutTranscription(const media::v1::PutTranscriptionRequest& request, const std::string& traceparent,
                                Done<media::v1::TranscriptionState> done) = 0;
  virtual void OpenAudioStream(const media::v1::OpenAudioStreamRequest& request,
                               Done<media::v1::OpenAudioStreamResponse> done) = 0;
  // Without requested_at.
  virtual void Snapshot(Done<NodeSnapshot> done) = 0;

  // The first message comes without Next().
  virtual std::shared_ptr<Stream> Watch(const media::v1::WatchRequest& request, WatchHandler handler) = 0;
  virtual std::shared_ptr<Stream> WatchLive(LiveHandler handler) = 0;
};

}  // namespace tutti::control

#endif  // CONTROL_MEDIA_NODE_CLIENT_H_
