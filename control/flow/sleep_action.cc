#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/flow/actions.h"
#include "tutti/control/v1/action.pb.h"

namespace tutti::flow {
namespace {

constexpr int64_t kDurationMsMax = 86'400'000;

class SleepAction final : public ActionOf<control::v1::SleepOption> {
 public:
  std::string type() const override { return "sleep"; }

 private:
  absl::Status CheckOption(const control::v1::SleepOption& option, const std::string& path) const override {
    if (option.duration() >= 1 && option.duration() <= kDurationMsMax) return absl::OkStatus();
    const std::string place = absl::StrCat(path, ".duration");
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
                 absl::StrCat(place, " must be 1 to ", kDurationMsMax, " milliseconds"), {{"field", place}});
  }
  absl::StatusOr<Outcome> RunOption(const control::v1::SleepOption& option, Host&) const override {
    return Outcome::Sleep(absl::Milliseconds(option.duration()));
  }
};

}  // namespace

std::unique_ptr<Action> MakeSleepAction() { return std::make_unique<SleepAction>(); }

}  // namespace tutti::flow
