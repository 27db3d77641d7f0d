#ifndef CONTROL_EXPORT_TRANSCRIPT_TEXT_H_
#define CONTROL_EXPORT_TRANSCRIPT_TEXT_H_

#include <cstdint>
#include <string>

#include "tutti/control/v1/transcribe.pb.h"

namespace tutti::control {

// Texts as one of the formats of ExportTranscribe, piece by piece.
class TranscriptText {
 public:
  using Format = v1::ExportTranscribeRequest::Format;

  explicit TranscriptText(Format format) : format_(format) {}

  // "text/vtt; charset=utf-8".
  std::string ContentType() const;
  // "vtt".
  std::string Extension() const;

  // What the file begins with; may be empty.
  std::string Begin() const;
  // The next piece of text. `speaker` is for people.
  std::string Piece(const v1::Transcript& transcript, const std::string& speaker);

 private:
  const Format format_;
  // Of the last cue.
  int64_t number_ = 0;
};

}  // namespace tutti::control

#endif  // CONTROL_EXPORT_TRANSCRIPT_TEXT_H_
