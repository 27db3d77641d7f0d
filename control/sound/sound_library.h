#ifndef CONTROL_SOUND_SOUND_LIBRARY_H_
#define CONTROL_SOUND_SOUND_LIBRARY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "control/media/node_client.h"
#include "control/scheduler/task_queue.h"
#include "control/sound/sound_file.h"
#include "control/sound/spoken_text.h"
#include "control/speech/speech_client.h"

namespace tutti::control {

// A sound as PlayAudio names it, and its samples for a node that has not got it;
// null: every node has it.
struct LoadedSound {
  std::string name;
  std::shared_ptr<const SoundData> data;
};

// Sounds by their source (sound_source.h), fetched, decoded, and kept as long as
// there is room. A source that is wanted by many at once is loaded once. A file is
// loaded again when it has changed, an upload and a URL after `fresh_for`; a text is
// spoken once.
//
// Load and Speak are thread-safe; the rest lives on the queue, and what takes long
// (reading, decoding) on the decoder's.
class SoundLibrary {
 public:
  using Done = std::function<void(absl::StatusOr<LoadedSound>)>;

  // GET of a URL. It answers with the body on any thread, in bounded time and size.
  using Fetch = std::function<void(const std::string& url, std::function<void(absl::StatusOr<std::string>)> done)>;

  // The file of a customer's upload; NOT_FOUND (SOUND_NOT_FOUND). It may take its time.
  using ReadUpload =
      std::function<absl::StatusOr<std::string>(const std::string& customer_id, const std::string& sound_id)>;

  struct Options {
    // Of "file:NAME".
    std::string folder;
    // Samples kept, bytes.
    size_t cache_bytes_max = size_t{64} << 20;
    absl::Duration fresh_for = absl::Seconds(60);
  };

  // Sources that are being loaded, and who waits for them, at most.
  static constexpr size_t kLoadsMax = 8;
  static constexpr size_t kTextsMax = 64;
  static constexpr size_t kWaitersMax = 4'096;

  // The queues and `speech` outlive the library; the queues stop, and `speech` has
  // answered all, before its end.
  SoundLibrary(Options options, TaskQueue& queue, TaskQueue& decoder, MonotonicClock clock, Fetch fetch,
               ReadUpload read_upload, SpeechClient& speech);

  // `source` as this customer names it. `done` runs on the queue, or before Load
  // returns. INVALID_ARGUMENT (INVALID_REQUEST_PARAMETER, INVALID_ID,
  // SOUND_NOT_SUPPORTED), NOT_FOUND (SOUND_NOT_FOUND), RESOURCE_EXHAUSTED
  // (SOUND_LOADS_FULL), or as `fetch` says.
  void Load(const std::string& customer_id, const std::string& source, Done done);

  // The same for a text, 1–4096 bytes. RESOURCE_EXHAUSTED (SOUND_LOADS_FULL), or as
  // SpeechClient::Synthesize says.
  void Speak(const SpokenText& text, Done done);

  // Loads that were answered from what was kept, and those that were not. Thread-safe.
  int64_t hits() const { return hits_.load(std::memory_order_relaxed); }
  int64_t misses() const { return misses_.load(std::memory_order_relaxed); }
  // Texts that the speech server was asked for, and those that it did not speak.
  int64_t syntheses() const { return syntheses_.load(std::memory_order_relaxed); }
  int64_t syntheses_failed() const { return syntheses_failed_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::shared_ptr<const SoundData> data;
    // Of the file; empty for others.
    std::string version;
    absl::Duration loaded_at;
    std::list<std::string>::iterator used;
  };

  // False: `done` was refused, or somebody has begun to load it.
  bool Await(const std::string& source, std::map<std::string, std::vector<Done>>& waiters, size_t loads_max, Done done);
  void LoadFile(const std::string& source);
  void LoadUpload(const std::string& key, const std::string& customer_id, const std::string& sound_id);
  void LoadUrl(const std::string& source);
  bool IsFresh(const std::string& source) const;
  void LoadText(const std::string& source, const SpokenText& text);
  // On the decoder's queue; the sound comes back to this one.
  void Decode(const std::string& source, const std::string& version, std::function<absl::StatusOr<SoundData>()> make);
  void Keep(const std::string& source, const std::string& version, std::shared_ptr<const SoundData> data);
  // As it is kept.
  void Hit(const std::string& source);
  void Answer(const std::string& source, const absl::StatusOr<LoadedSound>& result);

  const Options options_;
  TaskQueue& queue_;
  TaskQueue& decoder_;
  const MonotonicClock clock_;
  const Fetch fetch_;
  const ReadUpload read_upload_;
  SpeechClient& speech_;
  // By source, as the rest; of a text and an upload it is one that no name can be.
  std::map<std::string, Entry> entries_;
  // Sources, the last used first.
  std::list<std::string> used_;
  size_t bytes_ = 0;
  std::map<std::string, std::vector<Done>> waiters_;
  std::map<std::string, std::vector<Done>> text_waiters_;
  size_t waiters_count_ = 0;
  std::atomic<int64_t> hits_{0};
  std::atomic<int64_t> misses_{0};
  std::atomic<int64_t> syntheses_{0};
  std::atomic<int64_t> syntheses_failed_{0};
};

}  // namespace tutti::control

#endif  // CONTROL_SOUND_SOUND_LIBRARY_H_
