#ifndef CONTROL_SOUND_SPOKEN_TEXT_H_
#define CONTROL_SOUND_SPOKEN_TEXT_H_

#include <string>

#include "absl/status/status.h"

namespace tutti::control {

// A text that is to be heard.
struct SpokenText {
  // UTF-8, 1 to 4096 bytes.
  std::string text;
  // BCP 47; empty: the speech server's choice.
  std::string language;
  // Empty: the first one of the language.
  std::string voice;
};

// INVALID_ARGUMENT (MISSING_REQUEST_PARAMETER, INVALID_REQUEST_PARAMETER), detail
// `field`: its name behind `place` ("" or "actions[2].option."). Whether there is
// such a language and voice is not known before it is spoken.
absl::Status CheckSpokenText(const SpokenText& text, const std::string& place = "");

}  // namespace tutti::control

#endif  // CONTROL_SOUND_SPOKEN_TEXT_H_
