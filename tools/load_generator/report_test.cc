#include "tools/load_generator/report.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tutti::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LoadReport Good() {
  LoadReport report;
  report.server.seconds = 10;
  StreamCounts stream;
  stream.received = stream.expected = 500;
  HeardCounts heard;
  heard.windows = 10;
  heard.delays_ms = {10, 20, 30, 40};
  report.server.Add(500, stream, &heard);
  report.server.Add(500, stream, &heard);
  return report;
}

TEST(ReportTest, Percentiles) {
  std::vector<float> values = {4, 1, 3, 2};
  EXPECT_EQ(Percentile(values, 0.5), 2);
  EXPECT_EQ(Percentile(values, 0.99), 4);
  EXPECT_EQ(Percentile(values, 0), 1);
  values.clear();
  EXPECT_TRUE(std::isnan(Percentile(values, 0.5)));
}

TEST(ReportTest, FailsOnWhatIsOverTheLimits) {
  EXPECT_THAT(Failures(Good(), {}), IsEmpty());
  LoadReport report = Good();
  report.server.streams.expected += 2;
  EXPECT_THAT(Failures(report, {}), ElementsAre(HasSubstr("2 packets are missing")));
  EXPECT_THAT(Failures(report, {.gaps_max = 2}), IsEmpty());
  report = Good();
  report.server.heard.own = 1;
  EXPECT_THAT(Failures(report, {}), ElementsAre(HasSubstr("1 wrong tones")));
  report = Good();
  report.server.streams.late = 2;
  EXPECT_THAT(Failures(report, {}), IsEmpty());
  EXPECT_THAT(Failures(report, {.late_percent_max = 0.1}), ElementsAre(HasSubstr("0.200 %")));
  report = Good();
  report.server.heard.windows = 0;
  EXPECT_THAT(Failures(report, {}), ElementsAre(HasSubstr("Nothing was heard")));
}

TEST(ReportTest, JsonSaysWhatIsKnown) {
  LoadReport report = Good();
  auto json = nlohmann::json::parse(ReportJson(report, {}));
  EXPECT_EQ(json["packets_received"], 1000);
  EXPECT_EQ(json["gaps"], 0);
  EXPECT_EQ(json["onsets"], 8);
  EXPECT_EQ(json["delay_ms_p50"], 20);
  EXPECT_TRUE(json["mediaplane_cpu_us_per_participant_second"].is_null());
  EXPECT_FALSE(json.contains("cpu_ratio_to_echo"));
  report.server.cpu_us = 300;
  report.echo.emplace().cpu_us = 200;
  json = nlohmann::json::parse(ReportJson(report, {}));
  EXPECT_EQ(json["cpu_ratio_to_echo"], 1.5);
  EXPECT_THAT(ReportTable(report), HasSubstr("1.5 times"));
}

}  // namespace
}  // namespace tutti::tools
