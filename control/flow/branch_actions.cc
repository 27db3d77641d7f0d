#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/flow/actions.h"
#include "control/flow/check.h"
#include "control/flow/variables.h"
#include "tutti/control/v1/action.pb.h"

namespace tutti::flow {
namespace {

constexpr int kLoopsMax = 1'000;
constexpr size_t kBranchesMax = 100;
constexpr char kDigits[] = "digits";

std::string ValueOf(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

class BranchAction final : public ActionOf<control::v1::BranchOption> {
 public:
  std::string type() const override { return "branch"; }

 private:
  absl::Status CheckOption(const control::v1::BranchOption& option, const std::string& path) const override {
    if (!option.variable().empty() && !IsName(option.variable())) {
      return Wrong(absl::StrCat(path, ".variable"), "is no variable's name");
    }
    if (option.target_ids().size() <= kBranchesMax) return absl::OkStatus();
    return Wrong(absl::StrCat(path, ".target_ids"), absl::StrCat("has more than ", kBranchesMax));
  }
  Outcome RunOption(const control::v1::BranchOption& option, const Variables& variables) const override {
    const auto target =
        option.target_ids().find(ValueOf(variables, option.variable().empty() ? kDigits : option.variable()));
    if (target != option.target_ids().end()) return Jump{target->second};
    if (option.default_target_id().empty()) return Continue();
    return Jump{option.default_target_id()};
  }
  std::vector<std::string> TargetsOf(const control::v1::BranchOption& option) const override {
    std::vector<std::string> targets;
    for (const auto& [value, target] : option.target_ids()) targets.push_back(target);
    if (!option.default_target_id().empty()) targets.push_back(option.default_target_id());
    return targets;
  }
};

class ConditionVariableAction final : public ActionOf<control::v1::ConditionVariableOption> {
 public:
  std::string type() const override { return "condition_variable"; }

 private:
  absl::Status CheckOption(const control::v1::ConditionVariableOption& option, const std::string& path) const override {
    const std::string place = absl::StrCat(path, ".variable");
    TUTTI_RETURN_IF_ERROR(CheckRequired(place, option.variable()));
    if (!IsName(option.variable())) return Wrong(place, "is no variable's name");
    static const auto& conditions = *new std::set<std::string>{"==", "!=", "<", "<=", ">", ">="};
    if (conditions.contains(option.condition())) return absl::OkStatus();
    return Wrong(absl::StrCat(path, ".condition"), "must be ==, !=, <, <=, > or >=");
  }
  Outcome RunOption(const control::v1::ConditionVariableOption& option, const Variables& variables) const override {
    if (Holds(option.condition(), ValueOf(variables, option.variable()), option.value())) return Continue();
    if (option.false_target_id().empty()) return Hangup();
    return Jump{option.false_target_id()};
  }
  std::vector<std::string> TargetsOf(const control::v1::ConditionVariableOption& option) const override {
    if (option.false_target_id().empty()) return {};
    return {option.false_target_id()};
  }

  static bool Holds(const std::string& condition, const std::string& left, const std::string& right) {
    double left_number, right_number;
    if (absl::SimpleAtod(left, &left_number) && absl::SimpleAtod(right, &right_number)) {
      return HoldsOf(condition, left_number, right_number);
    }
    return HoldsOf(condition, left, right);
  }
  template <typename T>
  static bool HoldsOf(const std::string& condition, const T& left, const T& right) {
    if (condition == "==") return left == right;
    if (condition == "!=") return left != right;
    if (condition == "<") return left < right;
    if (condition == "<=") return left <= right;
    if (condition == ">") return left > right;
    return left >= right;
  }
};

class VariableSetAction final : public ActionOf<control::v1::VariableSetOption> {
 public:
  std::string type() const override { return "variable_set"; }

 private:
  absl::Status CheckOption(const control::v1::VariableSetOption& option, const std::string& path) const override {
    const std::string place = absl::StrCat(path, ".key");
    TUTTI_RETURN_IF_ERROR(CheckRequired(place, option.key()));
    const bool ours = option.key() == kDigits || option.key() == "result" ||
                      absl::StartsWith(option.key(), "result.") || absl::StartsWith(option.key(), "call.");
    if (!IsName(option.key()) || ours) return Wrong(place, "is no name of a variable that can be set");
    return CheckBytes(absl::StrCat(path, ".value"), option.value(), kVariableBytesMax);
  }
  Outcome RunOption(const control::v1::VariableSetOption& option, const Variables&) const override {
    return SetVariable{option.key(), option.value()};
  }
};

class GotoAction final : public ActionOf<control::v1::GotoOption> {
 public:
  std::string type() const override { return "goto"; }

 private:
  absl::Status CheckOption(const control::v1::GotoOption& option, const std::string& path) const override {
    TUTTI_RETURN_IF_ERROR(CheckRequired(absl::StrCat(path, ".target_id"), option.target_id()));
    return CheckRange(absl::StrCat(path, ".loop_count"), option.loop_count(), 1, kLoopsMax);
  }
  Outcome RunOption(const control::v1::GotoOption& option, const Variables&) const override {
    return Goto{option.target_id(), option.loop_count()};
  }
  std::vector<std::string> TargetsOf(const control::v1::GotoOption& option) const override {
    return {option.target_id()};
  }
};

class FetchFlowAction final : public ActionOf<control::v1::FetchFlowOption> {
 public:
  std::string type() const override { return "fetch_flow"; }

 private:
  absl::Status CheckOption(const control::v1::FetchFlowOption& option, const std::string& path) const override {
    return CheckUuid(absl::StrCat(path, ".flow_id"), option.flow_id());
  }
  Outcome RunOption(const control::v1::FetchFlowOption& option, const Variables&) const override {
    return RunFlow{option.flow_id()};
  }
};

}  // namespace

std::unique_ptr<Action> MakeBranchAction() { return std::make_unique<BranchAction>(); }
std::unique_ptr<Action> MakeConditionVariableAction() { return std::make_unique<ConditionVariableAction>(); }
std::unique_ptr<Action> MakeVariableSetAction() { return std::make_unique<VariableSetAction>(); }
std::unique_ptr<Action> MakeGotoAction() { return std::make_unique<GotoAction>(); }
std::unique_ptr<Action> MakeFetchFlowAction() { return std::make_unique<FetchFlowAction>(); }

}  // namespace tutti::flow
