#ifndef TOOLS_CALLER_RTP_CALLER_H_
#define TOOLS_CALLER_RTP_CALLER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "tools/caller/media_sockets.h"
#include "tools/caller/negotiation.h"
#include "tools/caller/rtp_session.h"
#include "tools/caller/sound.h"

namespace tutti::tools {

// One caller over kernel UDP, on a thread of its own: sends 20 ms packets paced
// by absolute time and hears what comes back. In order: Create, Offer, Start with
// the answer, Stop. Statistics at any time, from any thread.
class RtpCaller {
 public:
  struct Options {
    mediaplane::Codec codec = mediaplane::Codec::kPcmu;
    std::string address = "127.0.0.1";  // local
    std::string cname = "caller";
    bool record = false;
    // Random: SSRC, first sequence number and timestamp follow from it.
    uint64_t seed = 0;
  };

  // Binds. `source` gives samples at the codec's sample rate.
  static absl::StatusOr<std::unique_ptr<RtpCaller>> Create(const Options& options, std::unique_ptr<AudioSource> source);
  ~RtpCaller();

  std::string Offer() const;

  // Begins to send at once. Sample n of the source goes out at start_ns() +
  // n / rate, whatever happens: a late caller catches up.
  absl::Status Start(const std::string& sdp_answer);

  // Says goodbye by RTCP and ends the thread. The recording is complete then.
  void Stop();

  // Unix time of the first sample sent and of sample 0 of the recording.
  int64_t start_ns() const { return start_ns_; }

  CallerStatistics Statistics() const;

  // After Stop(), with record: all that was heard from start_ns() on.
  const std::vector<int16_t>& Recording() const;
  int sample_rate() const;

 private:
  RtpCaller(const Options& options, std::unique_ptr<AudioSource> source, MediaSockets sockets, int stop_event);

  void Run();
  void ReceiveAll(int socket, bool rtcp);
  void SendRtcp(bool bye);

  const Options options_;
  std::unique_ptr<AudioSource> source_;
  MediaSockets sockets_;
  const int stop_event_;

  // Fixed by Start(), before the thread.
  UdpAddress remote_rtp_;
  UdpAddress remote_rtcp_;
  int64_t start_ns_ = 0;
  int64_t start_monotonic_ns_ = 0;

  mutable absl::Mutex mutex_;
  // Null before Start().
  std::unique_ptr<RtpSession> session_ ABSL_GUARDED_BY(mutex_);
  uint64_t packets_foreign_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace tutti::tools

#endif  // TOOLS_CALLER_RTP_CALLER_H_
