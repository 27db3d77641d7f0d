#include "speech/synthesizer/synthesizer_registry.h"

#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status.h"
#include "speech/language/language.h"

namespace tutti::speech {

absl::StatusOr<SynthesizerRegistry::Choice> SynthesizerRegistry::Choose(const std::string& language,
                                                                        const std::string& voice) const {
  bool spoken = false;
  std::set<std::string> supported;
  std::optional<Choice> near;
  for (const auto& synthesizer : synthesizers_) {
    for (const v1::Voice& offered : synthesizer->voices()) {
      supported.insert(offered.language());
      if (!LanguageServes(offered.language(), language)) continue;
      spoken = true;
      if (!voice.empty() && voice != offered.voice()) continue;
      const Choice choice{synthesizer.get(), &offered};
      if (absl::EqualsIgnoreCase(offered.language(), language)) return choice;
      if (!near) near = choice;
    }
  }
  if (near) return *near;
  if (spoken) {
    return Error(absl::StatusCode::kInvalidArgument, "VOICE_NOT_FOUND",
                 absl::StrCat("there is no voice \"", voice, "\" that speaks \"", language, "\""));
  }
  const std::string list = absl::StrJoin(supported, ", ");
  return Error(absl::StatusCode::kInvalidArgument, "LANGUAGE_NOT_SUPPORTED",
               absl::StrCat("no voice here speaks \"", language, "\"; there is ", list.empty() ? "none" : list),
               {{"supported", list}});
}

}  // namespace tutti::speech
