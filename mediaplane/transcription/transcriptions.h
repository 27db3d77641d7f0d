#ifndef MEDIAPLANE_TRANSCRIPTION_TRANSCRIPTIONS_H_
#define MEDIAPLANE_TRANSCRIPTION_TRANSCRIPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "mediaplane/node/control_thread.h"
#include "mediaplane/node/tombstones.h"
#include "mediaplane/port/port_clock.h"
#include "mediaplane/tap/leg_names.h"
#include "mediaplane/tap/tap_hub.h"
#include "mediaplane/transcription/recognizer.h"
#include "mediaplane/transcription/speech_tap.h"
#include "mediaplane/transcription/transcription.h"
#include "mediaplane/transcription/transcription_metrics.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// The node's transcriptions by id, as PutTranscription promises them; those that are
// over for 10 minutes more. Lives on the control thread; what becomes of the speech
// lives on a thread of its own.
class Transcriptions {
 public:
  static constexpr size_t kMax = 200;

  // Has a task run on a thread, in order; from any thread.
  using Post = std::function<void(std::function<void()>)>;

  struct Parts {
    TapHub* hub = nullptr;
    const LegNames* names = nullptr;
    Clock* clock = nullptr;
    TranscriptionMetrics* metrics = nullptr;
    PortClock port_clock = SystemPortClock;
    // Makes the recogniser, whose handlers run by `post`.
    std::function<std::unique_ptr<Recognizer>(Post post)> make_recognizer;
    // To the control thread.
    Post post;
    // Where events go; on the control thread.
    std::function<void(media::v1::NodeEvent)> tell;
    std::function<void(media::v1::LiveEvent)> tell_live;
  };

  // All parts outlive it.
  explicit Transcriptions(Parts parts);
  ~Transcriptions();
  Transcriptions(const Transcriptions&) = delete;
  Transcriptions& operator=(const Transcriptions&) = delete;

  // Null: never heard of it.
  const media::v1::TranscriptionState* Find(const std::string& id);

  // A new one of this bridge; the request is valid and asks for it to run.
  // RESOURCE_EXHAUSTED (MEDIA_NODE_BUSY): there are too many.
  absl::StatusOr<media::v1::TranscriptionState> Begin(const media::v1::PutTranscriptionRequest& request,
                                                      BridgeSlot bridge);
  // One that is known, under a higher revision; or one that is not, and shall not
  // begin any more.
  media::v1::TranscriptionState Change(const media::v1::PutTranscriptionRequest& request);

  // Before the bridge is removed from the engine: those of it stop.
  void OnBridgeRemoved(const std::string& bridge_id);

  // Those that are not over.
  std::vector<media::v1::TranscriptionState> Snapshot() const;

  // Forgets what is old.
  void Poll();

  // Ends what runs, untold, and posts nothing from then on. Before the control thread
  // ends; what was posted still runs there.
  void Close();

 private:
  struct Entry;

  int64_t NowNs() const { return parts_.port_clock().monotonic_ns; }
  // The speech's thread.
  absl::Duration PollSpeech();
  // Nothing after Close.
  void PostSpeech(std::function<void()> task);
  // The bridge is not listened to any more.
  void EndTap(Entry& entry);
  void Stop(Entry& entry);
  void OnChange(const media::v1::TranscriptionState& state);
  void CountRunning();

  const Parts parts_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  Tombstones<media::v1::TranscriptionState> past_;

  // Of the speech's thread.
  std::map<std::string, std::unique_ptr<Transcription>> running_;
  int64_t polled_at_ns_ = 0;

  std::unique_ptr<ControlThread> thread_;
  std::unique_ptr<Recognizer> recognizer_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_TRANSCRIPTIONS_H_
