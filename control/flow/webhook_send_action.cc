#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/flow/actions.h"
#include "control/flow/check.h"
#include "control/flow/variables.h"
#include "tutti/control/v1/action.pb.h"

namespace tutti::flow {
namespace {

constexpr size_t kUriBytesMax = 2'048;
constexpr size_t kContentTypeBytesMax = 255;
constexpr size_t kBodyBytesMax = 16 * 1'024;

class WebhookSendAction final : public ActionOf<control::v1::WebhookSendOption> {
 public:
  std::string type() const override { return "webhook_send"; }

 private:
  absl::Status CheckOption(const control::v1::WebhookSendOption& option, const std::string& path) const override {
    const std::string uri = absl::StrCat(path, ".uri");
    TUTTI_RETURN_IF_ERROR(CheckRequired(uri, option.uri()));
    TUTTI_RETURN_IF_ERROR(CheckBytes(uri, option.uri(), kUriBytesMax));
    if (!HasVariables(option.uri()) && !absl::StartsWith(option.uri(), "http://") &&
        !absl::StartsWith(option.uri(), "https://")) {
      return Wrong(uri, "must be a URL of http or https");
    }
    static const auto& methods = *new std::set<std::string>{"", "POST", "PUT", "GET", "DELETE"};
    if (!methods.contains(option.method())) {
      return Wrong(absl::StrCat(path, ".method"), "must be POST, PUT, GET or DELETE");
    }
    const std::string type = absl::StrCat(path, ".data_type");
    TUTTI_RETURN_IF_ERROR(CheckBytes(type, option.data_type(), kContentTypeBytesMax));
    for (const char c : option.data_type()) {
      if (c < ' ' || c > '~') return Wrong(type, "must be printable ASCII");
    }
    return CheckBytes(absl::StrCat(path, ".data"), option.data(), kBodyBytesMax);
  }
  Outcome RunOption(const control::v1::WebhookSendOption& option, const Variables&) const override {
    return SendRequest{option.uri(), option.method().empty() ? "POST" : option.method(),
                       option.data_type().empty() ? "application/json" : option.data_type(), option.data()};
  }
};

}  // namespace

std::unique_ptr<Action> MakeWebhookSendAction() { return std::make_unique<WebhookSendAction>(); }

}  // namespace tutti::flow
