#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/flow/actions.h"
#include "control/flow/check.h"
#include "tutti/control/v1/action.pb.h"

namespace tutti::flow {
namespace {

// More than a PIN has, for variables' names.
constexpr size_t kPinBytesMax = 80;
constexpr int kPinAttemptsMax = 5;

class ConferenceJoinAction final : public ActionOf<control::v1::ConferenceJoinOption> {
 public:
  std::string type() const override { return "conference_join"; }

 private:
  absl::Status CheckOption(const control::v1::ConferenceJoinOption& option, const std::string& path) const override {
    TUTTI_RETURN_IF_ERROR(CheckUuid(absl::StrCat(path, ".conference_id"), option.conference_id()));
    TUTTI_RETURN_IF_ERROR(CheckBytes(absl::StrCat(path, ".pin"), option.pin(), kPinBytesMax));
    TUTTI_RETURN_IF_ERROR(CheckRange(absl::StrCat(path, ".pin_attempts"), option.pin_attempts(), 0, kPinAttemptsMax));
    if (option.pin_sound().empty()) return absl::OkStatus();
    return CheckSound(absl::StrCat(path, ".pin_sound"), option.pin_sound());
  }
  Outcome RunOption(const control::v1::ConferenceJoinOption& option, const Variables&) const override {
    return JoinRequest{option.conference_id(), option.pin(),          option.host(),
                       option.muted(),         option.pin_attempts(), option.pin_sound()};
  }
};

}  // namespace

std::unique_ptr<Action> MakeConferenceJoinAction() { return std::make_unique<ConferenceJoinAction>(); }

}  // namespace tutti::flow
