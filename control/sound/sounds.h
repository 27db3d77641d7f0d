#ifndef CONTROL_SOUND_SOUNDS_H_
#define CONTROL_SOUND_SOUNDS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "control/http_client/http_client.h"
#include "control/media/node_client.h"
#include "control/rules/media.h"
#include "control/scheduler/task_queue.h"
#include "control/sound/audio_player.h"
#include "control/sound/beeper.h"
#include "control/sound/sound_library.h"
#include "control/speech/speech_client.h"

namespace tutti::control {

// All that control needs to have sounds played, with the two threads that it takes.
class Sounds {
 public:
  struct Options {
    // Of "file:NAME".
    std::string folder;
    // "hold_music", another sound that every node has, "file:NAME", or empty.
    std::string hold_sound = "hold_music";
  };

  // Reads the hold sound; an error is one sentence for the operator. `http` outlives
  // it; so does `speech`, which has answered all between Stop and the end.
  static absl::StatusOr<std::unique_ptr<Sounds>> Make(const Options& options, HttpClient& http,
                                                      SoundLibrary::ReadUpload read_upload, SpeechClient& speech,
                                                      MonotonicClock clock);

  // Once, before what follows. The nodes outlive it, or Stop comes first.
  void Start(std::map<std::string, NodeClient*> nodes);

  // The hold sound as media nodes name it.
  const std::string& hold_sound() const { return hold_.name; }
  // Brings it to a node that has not got it.
  void PutHoldSound(const std::string& node_id, AudioPlayer::Done done);

  AudioPlayer& player() { return *player_; }
  const SoundLibrary& library() const { return library_; }
  void OnCommit(const Effects& effects) { beeper_->Play(effects.beeps); }

  // What is under way is not answered any more.
  void Stop();

 private:
  Sounds(const Options& options, LoadedSound hold, HttpClient& http, SoundLibrary::ReadUpload read_upload,
         SpeechClient& speech, MonotonicClock clock);

  const LoadedSound hold_;
  const MonotonicClock clock_;
  TaskQueue queue_;
  TaskQueue decoder_;
  SoundLibrary library_;
  std::unique_ptr<AudioPlayer> player_;
  std::unique_ptr<Beeper> beeper_;
};

}  // namespace tutti::control

#endif  // CONTROL_SOUND_SOUNDS_H_
