#include "absl/strings/str_cat.h"
#include "common/id/id.h"
#include "common/status/status.h"
#include "control/flow/actions.h"
#include "tutti/control/v1/action.pb.h"

namespace tutti::flow {
namespace {

constexpr size_t kPinBytesMax = 16;

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
    if (option.pin().size() > kPinBytesMax) {
      return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
                   absl::StrCat(path, ".pin is longer than any"), {{"field", absl::StrCat(path, ".pin")}});
    }
    return absl::OkStatus();
  }
  absl::StatusOr<Outcome> RunOption(const control::v1::ConferenceJoinOption& option, Host& host) const override {
    return host.JoinConference(*JoinOf(option));
  }
  std::optional<JoinRequest> JoinOf(const control::v1::ConferenceJoinOption& option) const override {
    return JoinRequest{option.conference_id(), option.pin(), option.host(), option.muted()};
  }
};

}  // namespace

std::unique_ptr<Action> MakeConferenceJoinAction() { return std::make_unique<ConferenceJoinAction>(); }

}  // namespace tutti::flow
