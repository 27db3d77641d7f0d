#include "speech/synthesizer/synthesizer_registry.h"

#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/language/language.h"
#include "common/status/status.h"

namespace tutti::speech {

absl::StatusOr<SynthesizerRegistry::Choice> SynthesizerRegistry::Choose(const std::string& language,
                                                                        const std::string& voice) const {
  bool spoken = false;
  std::set<std::string> supported;
  std::optional<Choice> best;
  int best_fit = 0;
  for (const auto& synthesizer : synthesizers_) {
    for (const v1::Voice& offered : synthesizer->voices()) {
      supported.insert(offered.language());
      const int fit = LanguageFit(offered.language(), language);
      if (fit == 0) continue;
      spoken = true;
      if (fit <= best_fit || (!voice.empty() && voice != offered.voice())) continue;
      best = Choice{synthesizer.get(), &offered};
      best_fit = fit;
    }
  }
  if (best) return *best;
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
