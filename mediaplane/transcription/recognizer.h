#ifndef MEDIAPLANE_TRANSCRIPTION_RECOGNIZER_H_
#define MEDIAPLANE_TRANSCRIPTION_RECOGNIZER_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "tutti/speech/v1/speech.pb.h"

namespace tutti::mediaplane {

// Where streams of speech go (SpeechService.Recognize): a seam, so that what is sent
// and kept is tested without a server.
class Recognizer {
 public:
  // All are called on one thread, the one that the recogniser was made for.
  struct Handler {
    // Ask for the next one by Next().
    std::function<void(const speech::v1::RecognizeResponse&)> on_message;
    // The message that was written has left; the next one may be.
    std::function<void()> on_written;
    // Last, once, whatever was done to the stream.
    std::function<void(const absl::Status&)> on_end;
  };

  // One Recognize. After its end all of these do nothing. Thread-safe.
  class Stream {
   public:
    virtual ~Stream() = default;
    // One at a time: not before the last one's on_written.
    virtual void Write(const speech::v1::RecognizeRequest& request) = 0;
    // Nothing more will be written. Not before the last one's on_written.
    virtual void HalfClose() = 0;
    virtual void Next() = 0;
    virtual void Cancel() = 0;
  };

  virtual ~Recognizer() = default;

  // The first message comes without Next(). Nothing is called before it returns.
  virtual std::shared_ptr<Stream> Open(Handler handler) = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_RECOGNIZER_H_
