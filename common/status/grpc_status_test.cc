#include "common/status/grpc_status.h"

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace tutti {
namespace {

TEST(GrpcStatusTest, ReasonAndDetailsSurviveTheWire) {
  const absl::Status status =
      Error(absl::StatusCode::kNotFound, "CONFERENCE_NOT_FOUND", "no conference x", {{"conference_id", "x"}});
  const absl::Status back = FromGrpcStatus(ToGrpcStatus(status));
  EXPECT_EQ(back.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(back.message(), "no conference x");
  EXPECT_EQ(GetErrorDetail(back).reason, "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(GetErrorDetail(back).details.at("conference_id"), "x");
}

TEST(GrpcStatusTest, AStatusWithoutReasonKeepsCodeAndMessage) {
  const absl::Status back = FromGrpcStatus(ToGrpcStatus(absl::UnavailableError("later")));
  EXPECT_EQ(back, absl::UnavailableError("later"));
  EXPECT_EQ(GetErrorDetail(back).reason, "");
}

TEST(GrpcStatusTest, OkStaysOk) { EXPECT_TRUE(FromGrpcStatus(ToGrpcStatus(absl::OkStatus())).ok()); }

TEST(GrpcStatusTest, DetailsThatAreNoStatusAreIgnored) {
  const grpc::Status garbage(grpc::StatusCode::INTERNAL, "broken", "\xff\xff\xff");
  EXPECT_EQ(FromGrpcStatus(garbage), absl::InternalError("broken"));
}

}  // namespace
}  // namespace tutti
