#ifndef CONTROL_RULES_OPTIONS_H_
#define CONTROL_RULES_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/status/status.h"

namespace tutti::control {

// A provider of texts.
struct SpeechRecognizer {
  std::string provider;
  // BCP 47.
  std::vector<std::string> languages;
};

// Limits and intervals; the defaults are the product's.
struct CoreOptions {
  absl::Duration setup_timeout = absl::Seconds(30);
  absl::Duration joining_timeout = absl::Seconds(30);
  absl::Duration pre_flow_timeout = absl::Minutes(10);
  // An operation that a flow waits for is asked for again, first and later;
  // whoever died may have had it.
  absl::Duration operation_repeat_after = absl::Seconds(5);
  absl::Duration operation_repeat_interval = absl::Seconds(60);
  // Of a webhook_send: as long as its request may take, and more.
  absl::Duration send_repeat_after = absl::Seconds(15);
  absl::Duration send_timeout = absl::Seconds(45);
  // Of one sound, its way to the node included.
  absl::Duration play_timeout = absl::Minutes(20);
  absl::Duration leaving_timeout = absl::Seconds(10);
  absl::Duration teardown_timeout = absl::Seconds(10);
  absl::Duration terminating_timeout = absl::Seconds(20);
  absl::Duration age_max = absl::Hours(24);
  absl::Duration recording_start_timeout = absl::Seconds(30);
  // Of finishing its files: 24 hours of sound may wait to become another format.
  absl::Duration recording_stop_timeout = absl::Hours(2);
  absl::Duration transcribe_start_timeout = absl::Seconds(30);
  // A media node gives its last texts up earlier.
  absl::Duration transcribe_stop_timeout = absl::Seconds(60);
  // Of recordings and transcriptions, with files and texts, from their end.
  absl::Duration recording_retention = absl::Hours(24 * 30);
  // Media nodes bring their files to an object store.
  bool recordings_uploaded = false;
  // Of one transcription.
  int64_t transcripts_max = 100'000;
  // What the speech server recognises, in the order in which it tries; `done` may be
  // called at once or later, from any thread. UNAVAILABLE (SPEECH_UNAVAILABLE).
  using RecognizersDone = std::function<void(absl::StatusOr<std::vector<SpeechRecognizer>>)>;
  std::function<void(RecognizersDone done)> list_recognizers = [](const RecognizersDone& done) {
    done(Error(absl::StatusCode::kUnavailable, "SPEECH_UNAVAILABLE", "there is no speech server"));
  };
  absl::Duration stray_age_min = absl::Seconds(30);
  absl::Duration repeat_after = absl::Seconds(2);
  // Commands older than this are left to the node's next reconcile.
  absl::Duration repeat_until = absl::Minutes(1);
  // Between two replicas' clocks at most.
  absl::Duration clock_difference_max = absl::Seconds(1);
  absl::Duration idempotency_retention = absl::Hours(24);
  absl::Duration event_retention = absl::Hours(24 * 7);
  absl::Duration row_retention = absl::Hours(24 * 30);
  // What who is on hold hears, and who waits for the host, as media nodes name it;
  // empty: silence.
  std::string hold_sound = "hold_music";
  // Failed checks in a row until a participant is removed.
  int health_failures_max = 3;
  // Says whether a URL may be called, as HttpClient::CheckUrl does.
  std::function<absl::Status(const std::string&)> check_url = [](const std::string&) { return absl::OkStatus(); };
  // Rows that one due scan, sweep or purge deals with at most.
  int batch_max = 500;
};

}  // namespace tutti::control

#endif  // CONTROL_RULES_OPTIONS_H_
