#include "common/status/status.h"

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace tutti {
namespace {

TEST(StatusTest, ReasonAndDetailsSurviveTheWire) {
  const absl::Status status =
      Error(absl::StatusCode::kNotFound, "CONFERENCE_NOT_FOUND", "no conference x", {{"conference_id", "x"}});
  const absl::Status back = FromGrpcStatus(ToGrpcStatus(status));
  EXPECT_EQ(back.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(back.message(), "no conference x");
  EXPECT_EQ(GetErrorDetail(back).reason, "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(GetErrorDetail(back).details.at("conference_id"), "x");
}

TEST(StatusTest, AStatusWithoutReasonKeepsCodeAndMessage) {
  const absl::Status back = FromGrpcStatus(ToGrpcStatus(absl::UnavailableError("later")));
  EXPECT_EQ(back, absl::UnavailableError("later"));
  EXPECT_EQ(GetErrorDetail(back).reason, "");
}

TEST(StatusTest, OkStaysOk) { EXPECT_TRUE(FromGrpcStatus(ToGrpcStatus(absl::OkStatus())).ok()); }

TEST(StatusTest, DetailsThatAreNoStatusAreIgnored) {
  const grpc::Status garbage(grpc::StatusCode::INTERNAL, "broken", "\xff\xff\xff");
  EXPECT_EQ(FromGrpcStatus(garbage), absl::InternalError("broken"));
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
