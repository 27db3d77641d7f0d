#include "control/flow/actions.h"
#include "tutti/control/v1/action.pb.h"

namespace tutti::flow {
namespace {

// A call whose flow runs is answered already.
class AnswerAction final : public ActionOf<control::v1::AnswerOption> {
 public:
  std::string type() const override { return "answer"; }

 private:
  absl::Status CheckOption(const control::v1::AnswerOption&, const std::string&) const override {
    return absl::OkStatus();
  }
  absl::StatusOr<Outcome> RunOption(const control::v1::AnswerOption&, Host&) const override {
    return Outcome::Continue();
  }
};

}  // namespace

std::unique_ptr<Action> MakeAnswerAction() { return std::make_unique<AnswerAction>(); }

}  // namespace tutti::flow
