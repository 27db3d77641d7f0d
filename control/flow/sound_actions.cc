#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/flow/actions.h"
#include "control/flow/check.h"
#include "control/flow/variables.h"
#include "control/sound/spoken_text.h"
#include "tutti/control/v1/action.pb.h"

namespace tutti::flow {
namespace {

constexpr int kSoundsMax = 16;
constexpr int64_t kDigitMsMax = 300'000;
constexpr int kDigitsMax = 32;

class PlayAction final : public ActionOf<control::v1::PlayOption> {
 public:
  std::string type() const override { return "play"; }

 private:
  absl::Status CheckOption(const control::v1::PlayOption& option, const std::string& path) const override {
    const std::string place = absl::StrCat(path, ".sounds");
    if (option.sounds().empty()) return CheckRequired(place, "");
    if (option.sounds_size() > kSoundsMax) return Wrong(place, absl::StrCat("has more than ", kSoundsMax));
    for (int i = 0; i < option.sounds_size(); ++i) {
      TUTTI_RETURN_IF_ERROR(CheckSound(absl::StrCat(place, "[", i, "]"), option.sounds(i)));
    }
    return absl::OkStatus();
  }
  Outcome RunOption(const control::v1::PlayOption& option, const Variables&) const override {
    return Play{{option.sounds().begin(), option.sounds().end()}, option.stop_on_dtmf()};
  }
};

class TalkAction final : public ActionOf<control::v1::TalkOption> {
 public:
  std::string type() const override { return "talk"; }

 private:
  static control::SpokenText TextOf(const control::v1::TalkOption& option) {
    return {option.text(), option.language(), option.voice()};
  }
  absl::Status CheckOption(const control::v1::TalkOption& option, const std::string& path) const override {
    control::SpokenText text = TextOf(option);
    // Those are checked once they are put in.
    if (HasVariables(text.language)) text.language.clear();
    if (HasVariables(text.voice)) text.voice.clear();
    return control::CheckSpokenText(text, absl::StrCat(path, "."));
  }
  Outcome RunOption(const control::v1::TalkOption& option, const Variables&) const override {
    return Talk{TextOf(option), option.stop_on_dtmf()};
  }
};

class BeepAction final : public ActionOf<control::v1::BeepOption> {
 public:
  std::string type() const override { return "beep"; }

 private:
  Outcome RunOption(const control::v1::BeepOption&, const Variables&) const override { return Play{{"beep"}, false}; }
};

class DigitsReceiveAction final : public ActionOf<control::v1::DigitsReceiveOption> {
 public:
  std::string type() const override { return "digits_receive"; }

 private:
  absl::Status CheckOption(const control::v1::DigitsReceiveOption& option, const std::string& path) const override {
    TUTTI_RETURN_IF_ERROR(CheckRange(absl::StrCat(path, ".duration"), option.duration(), 1, kDigitMsMax));
    TUTTI_RETURN_IF_ERROR(CheckRange(absl::StrCat(path, ".length"), option.length(), 1, kDigitsMax));
    TUTTI_RETURN_IF_ERROR(CheckDigits(absl::StrCat(path, ".key"), option.key()));
    return option.sound().empty() ? absl::OkStatus() : CheckSound(absl::StrCat(path, ".sound"), option.sound());
  }
  Outcome RunOption(const control::v1::DigitsReceiveOption& option, const Variables&) const override {
    return ReceiveDigits{absl::Milliseconds(option.duration()), option.length(), option.key(), option.sound()};
  }
};

}  // namespace

std::unique_ptr<Action> MakePlayAction() { return std::make_unique<PlayAction>(); }
std::unique_ptr<Action> MakeTalkAction() { return std::make_unique<TalkAction>(); }
std::unique_ptr<Action> MakeBeepAction() { return std::make_unique<BeepAction>(); }
std::unique_ptr<Action> MakeDigitsReceiveAction() { return std::make_unique<DigitsReceiveAction>(); }

}  // namespace tutti::flow
