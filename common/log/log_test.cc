#include "common/log/log.h"

#include "gtest/gtest.h"

namespace tutti::log {
namespace {

constexpr char kTime[] = "2026-01-02T03:04:05.000006Z";

TEST(LogTest, TextQuotesWhatWouldBreakALine) {
  EXPECT_EQ(
      Render(Format::kText, kTime, "info", "control", "call ended",
             {{"call_id", "c1"}, {"count", 3}, {"name", "a \"b\"\nc"}, {"empty", ""}}),
      "2026-01-02T03:04:05.000006Z info control call ended call_id=c1 count=3 name=\"a \\\"b\\\"\\nc\" empty=\"\"");
}

TEST(LogTest, JsonIsOneValidLineEvenOfInvalidUtf8) {
  EXPECT_EQ(
      Render(Format::kJson, kTime, "error", "gateway", "broken", {{"bytes", "\xff\n"}}),
      "{\"time\":\"2026-01-02T03:04:05.000006Z\",\"level\":\"error\",\"process\":\"gateway\",\"message\":\"broken\","
      "\"bytes\":\"\xEF\xBF\xBD\\n\"}");
}

}  // namespace
}  // namespace tutti::log
