#include "common/trace/trace_context.h"

#include "common/clock/fake_clock.h"
#include "gtest/gtest.h"

namespace tutti {
namespace {

// The example of the Recommendation, section 3.2.4.
constexpr char kExample[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContextTest, ReadsAndWrites) {
  const auto context = ParseTraceparent(kExample);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->parent_id, "00f067aa0ba902b7");
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(FormatTraceparent(*context), kExample);
}

TEST(TraceContextTest, RefusesWhatIsNone) {
  for (const char* text : {
           "",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
       }) {
    EXPECT_FALSE(ParseTraceparent(text).has_value()) << text;
  }
  // A later version may have more.
  EXPECT_TRUE(ParseTraceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more").has_value());
}

TEST(TraceContextTest, GoesOnInTheSameTraceUnderANameOfItsOwn) {
  FakeClock clock;
  IdGenerator ids(clock);
  const auto received = ParseTraceparent(kExample);
  const TraceContext next = ContinueTrace(received, ids);
  EXPECT_EQ(next.trace_id, received->trace_id);
  EXPECT_NE(next.parent_id, received->parent_id);
  EXPECT_TRUE(next.sampled);
  const TraceContext first = ContinueTrace(std::nullopt, ids);
  EXPECT_FALSE(first.sampled);
  EXPECT_TRUE(ParseTraceparent(FormatTraceparent(first)).has_value());
  EXPECT_NE(first.trace_id, ContinueTrace(std::nullopt, ids).trace_id);
}

}  // namespace
}  // namespace tutti
