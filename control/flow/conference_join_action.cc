#include "absl/strings/str_cat.h"
#include "common/id/id.h"
#include "common/status/status.h"
#include "control/flow/actions.h"
#include "tutti/control/v1/action.pb.h"

namespace tutti::flow {
namespace {

class ConferenceJoinAction final : public ActionOf<control::v1::ConferenceJoinOption> {
 public:
  std::string type() const override { return "conference_join"; }

 private:
  absl::Status CheckOption(const control::v1::ConferenceJoinOption& option, const std::string& path) const override {
    const std::string place = absl::StrCat(path, ".conference_id");
    if (option.conference_id().empty()) {
      return Error(absl::StatusCode::kInvalidArgument, "MISSING_REQUEST_PARAMETER", absl::StrCat(place, " is required"),
                   {{"field", place}});
    }
    if (!IsUuid(option.conference_id())) {
      return Error(absl::StatusCode::kInvalidArgument, "INVALID_ID", absl::StrCat(place, " must be a UUID"),
                   {{"field", place}});
    }
    return absl::OkStatus();
  }
  absl::StatusOr<Outcome> RunOption(const control::v1::ConferenceJoinOption& option, Host& host) const override {
    return host.JoinConference(option.conference_id());
  }
  std::optional<std::string> ConferenceIdOf(const control::v1::ConferenceJoinOption& option) const override {
    return option.conference_id();
  }
};

}  // namespace

std::unique_ptr<Action> MakeConferenceJoinAction() { return std::make_unique<ConferenceJoinAction>(); }

}  // namespace tutti::flow
