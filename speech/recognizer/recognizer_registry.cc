#include "speech/recognizer/recognizer_registry.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/language/language.h"
#include "common/status/status.h"

namespace tutti::speech {
absl::StatusOr<Recognizer*> RecognizerRegistry::Choose(const std::string& language, const std::string& provider) const {
  Recognizer* chosen = nullptr;
  bool known = provider.empty();
  std::set<std::string> supported;
  std::vector<std::string> names;
  for (const auto& recognizer : recognizers_) {
    names.push_back(recognizer->name());
    if (!provider.empty() && recognizer->name() != provider) continue;
    known = true;
    supported.insert(recognizer->languages().begin(), recognizer->languages().end());
    if (BestLanguage(recognizer->languages(), language) == nullptr) continue;
    if (chosen == nullptr || (!chosen->available() && recognizer->available())) chosen = recognizer.get();
  }
  if (chosen != nullptr) return chosen;
  if (!known) {
    return Error(absl::StatusCode::kInvalidArgument, "PROVIDER_NOT_FOUND",
                 absl::StrCat("there is no recogniser \"", provider, "\""),
                 {{"supported", absl::StrJoin(names, ", ")}});
  }
  const std::string list = absl::StrJoin(supported, ", ");
  return Error(
      absl::StatusCode::kInvalidArgument, "LANGUAGE_NOT_SUPPORTED",
      absl::StrCat("no recogniser here understands \"", language, "\"; there is ", list.empty() ? "none" : list),
      {{"supported", list}});
}

}  // namespace tutti::speech
