#include "control/flow/actions.h"
#include "tutti/control/v1/action.pb.h"

namespace tutti::flow {
namespace {

class HangupAction final : public ActionOf<control::v1::HangupOption> {
 public:
  std::string type() const override { return "hangup"; }

 private:
  absl::Status CheckOption(const control::v1::HangupOption&, const std::string&) const override {
    return absl::OkStatus();
  }
  absl::StatusOr<Outcome> RunOption(const control::v1::HangupOption&, Host&) const override {
    return Outcome::Hangup();
  }
};

}  // namespace

std::unique_ptr<Action> MakeHangupAction() { return std::make_unique<HangupAction>(); }

}  // namespace tutti::flow
