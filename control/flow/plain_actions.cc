#include "absl/strings/str_cat.h"
#include "control/flow/actions.h"
#include "control/flow/check.h"
#include "tutti/control/v1/action.pb.h"

namespace tutti::flow {
namespace {

constexpr int64_t kDurationMsMax = 86'400'000;

class AnswerAction final : public ActionOf<control::v1::AnswerOption> {
 public:
  std::string type() const override { return "answer"; }

 private:
  // A call of type rtp is answered when its flow begins.
  Outcome RunOption(const control::v1::AnswerOption&, const Variables&) const override { return Continue(); }
};

class SleepAction final : public ActionOf<control::v1::SleepOption> {
 public:
  std::string type() const override { return "sleep"; }

 private:
  absl::Status CheckOption(const control::v1::SleepOption& option, const std::string& path) const override {
    return CheckRange(absl::StrCat(path, ".duration"), option.duration(), 1, kDurationMsMax);
  }
  Outcome RunOption(const control::v1::SleepOption& option, const Variables&) const override {
    return Sleep{absl::Milliseconds(option.duration())};
  }
};

class HangupAction final : public ActionOf<control::v1::HangupOption> {
 public:
  std::string type() const override { return "hangup"; }

 private:
  Outcome RunOption(const control::v1::HangupOption&, const Variables&) const override { return Hangup(); }
};

}  // namespace

std::unique_ptr<Action> MakeAnswerAction() { return std::make_unique<AnswerAction>(); }
std::unique_ptr<Action> MakeSleepAction() { return std::make_unique<SleepAction>(); }
std::unique_ptr<Action> MakeHangupAction() { return std::make_unique<HangupAction>(); }

}  // namespace tutti::flow
