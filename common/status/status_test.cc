#include "common/status/status.h"

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace tutti {
namespace {

TEST(StatusTest, AnErrorKeepsItsReasonAndDetails) {
  const absl::Status status = Error(absl::StatusCode::kNotFound, "CALL_NOT_FOUND", "no call x", {{"call_id", "x"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no call x");
  EXPECT_EQ(GetErrorDetail(status).reason, "CALL_NOT_FOUND");
  EXPECT_EQ(GetErrorDetail(status).details.at("call_id"), "x");
  EXPECT_EQ(GetErrorDetail(absl::UnavailableError("later")).reason, "");
}

absl::StatusOr<int> Half(int value) {
  if (value % 2) return absl::InvalidArgumentError("odd");
  return value / 2;
}

absl::StatusOr<int> Quarter(int value) {
  TUTTI_ASSIGN_OR_RETURN(const int half, Half(value));
  TUTTI_RETURN_IF_ERROR(Half(half).status());
  return half / 2;
}

TEST(StatusTest, MacrosReturnTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(7).status(), absl::InvalidArgumentError("odd"));
  EXPECT_EQ(Quarter(6).status(), absl::InvalidArgumentError("odd"));
}

}  // namespace
}  // namespace tutti
