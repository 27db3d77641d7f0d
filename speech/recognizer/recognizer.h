#ifndef SPEECH_RECOGNIZER_RECOGNIZER_H_
#define SPEECH_RECOGNIZER_RECOGNIZER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tutti/speech/v1/speech.pb.h"

namespace tutti::speech {

// Where the texts of a stream go. Called from any thread, never from within a call
// to the stream; not after OnEnd.
class TextSink {
 public:
  virtual ~TextSink() = default;

  virtual void OnText(v1::RecognizedText text) = 0;
  // There is room again after a Send that gave false.
  virtual void OnRoom() = 0;
  // OK: all utterances are answered after Finish. Otherwise why the stream broke.
  virtual void OnEnd(const absl::Status& status) = 0;
};

// One client's utterances. When it is destroyed, what is unanswered is dropped; its
// sink may then still hear what was on its way.
class RecognitionStream {
 public:
  virtual ~RecognitionStream() = default;

  // A begin, samples or an end, in the order and within the limits that StreamChecker
  // sees to. False: nothing more before OnRoom. RESOURCE_EXHAUSTED: the stream is
  // over, without an OnEnd. One thread at a time, as is Finish.
  virtual absl::StatusOr<bool> Send(const v1::RecognizeRequest& message) = 0;
  // All utterances have ended and none will come. True: all are answered, and no
  // OnEnd will come.
  virtual bool Finish() = 0;
};

// A provider of texts. Thread-safe.
class Recognizer {
 public:
  virtual ~Recognizer() = default;

  virtual const std::string& name() const = 0;
  // BCP 47.
  virtual const std::vector<std::string>& languages() const = 0;
  // False: don't choose it where there is another one.
  virtual bool available() const = 0;
  virtual std::unique_ptr<RecognitionStream> Start(const v1::RecognizeHead& head, std::shared_ptr<TextSink> sink) = 0;
};

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_RECOGNIZER_H_
