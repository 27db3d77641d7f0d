#include "tools/load_generator/report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace tutti::tools {
namespace {

using nlohmann::json;

json NumberOrNull(double value) { return std::isnan(value) ? json(nullptr) : json(value); }

std::string NumberOrDash(double value, const char* unit) {
  return std::isnan(value) ? "not known" : absl::StrFormat("%.1f %s", value, unit);
}

double Ratio(const LoadReport& report) {
  return report.echo.has_value() ? report.server.cpu_us / report.echo->cpu_us : std::nan("");
}

}  // namespace

void LoadTotals::Add(uint64_t sent, const StreamCounts& stream, const HeardCounts* ear) {
  packets_sent += sent;
  streams.received += stream.received;
  streams.expected += stream.expected;
  streams.late += stream.late;
  streams.reordered += stream.reordered;
  streams.duplicates += stream.duplicates;
  streams.restarts += stream.restarts;
  if (ear == nullptr) return;
  heard.windows += ear->windows;
  heard.disturbed += ear->disturbed;
  heard.missing += ear->missing;
  heard.own += ear->own;
  heard.strangers += ear->strangers;
  heard.delays_ms.insert(heard.delays_ms.end(), ear->delays_ms.begin(), ear->delays_ms.end());
}

double LoadTotals::late_percent() const {
  return streams.received == 0 ? 0 : 100.0 * static_cast<double>(streams.late) / static_cast<double>(streams.received);
}

double Percentile(std::vector<float>& values, double share) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp<size_t>(rank, 1, values.size()) - 1];
}

std::vector<std::string> Failures(const LoadReport& report, const LoadLimits& limits) {
  std::vector<std::string> failures;
  const LoadTotals& server = report.server;
  if (server.streams.gaps() > limits.gaps_max) {
    failures.push_back(absl::StrCat(server.streams.gaps(), " packets are missing; ", limits.gaps_max, " are allowed."));
  }
  if (server.heard.errors() > limits.tone_errors_max) {
    failures.push_back(
        absl::StrCat(server.heard.errors(), " wrong tones were heard; ", limits.tone_errors_max, " are allowed."));
  }
  if (server.late_percent() > limits.late_percent_max) {
    failures.push_back(absl::StrFormat("%.3f %% of the packets are late; %.3f %% are allowed.", server.late_percent(),
                                       limits.late_percent_max));
  }
  if (server.heard.windows == 0) failures.push_back("Nothing was heard long enough to check who is in it.");
  return failures;
}

std::string ReportTable(LoadReport& report) {
  const LoadOptions& options = report.options;
  LoadTotals& server = report.server;
  std::string out =
      absl::StrFormat("%d participants in %d rooms, %d talking in each, %s, %.0f s\n\n", options.participants,
                      options.rooms, options.talkers_per_room, options.codec, server.seconds);
  const auto line = [&out](const char* name, const std::string& value) {
    absl::StrAppend(&out, absl::StrFormat("  %-34s %s\n", name, value));
  };
  line("packets sent", absl::StrCat(server.packets_sent));
  line("packets received / expected", absl::StrCat(server.streams.received, " / ", server.streams.expected));
  line("missing (gaps)", absl::StrCat(server.streams.gaps()));
  line("late (> 40 ms after the one before)",
       absl::StrFormat("%d (%.3f %%)", server.streams.late, server.late_percent()));
  line("reordered / duplicates / restarts",
       absl::StrCat(server.streams.reordered, " / ", server.streams.duplicates, " / ", server.streams.restarts));
  line("one-way delay p50 / p99", absl::StrCat(NumberOrDash(Percentile(server.heard.delays_ms, 0.5), "ms"), " / ",
                                               NumberOrDash(Percentile(server.heard.delays_ms, 0.99), "ms"), " of ",
                                               server.heard.delays_ms.size(), " onsets"));
  line("tones checked", absl::StrCat(server.heard.windows, " times 200 ms; not ", server.heard.disturbed,
                                     " times near what was sent late"));
  line("wrong: missing / own / strangers",
       absl::StrCat(server.heard.missing, " / ", server.heard.own, " / ", server.heard.strangers));
  line("mediaplane CPU", NumberOrDash(server.cpu_us, "us per participant and second"));
  if (report.echo.has_value()) {
    line("bare UDP echo CPU", NumberOrDash(report.echo->cpu_us, "us per participant and second"));
    line("mediaplane to echo", NumberOrDash(Ratio(report), "times"));
    line("echo: missing / late",
         absl::StrFormat("%d / %.3f %%", report.echo->streams.gaps(), report.echo->late_percent()));
  }
  line("sent late by this program", absl::StrCat(server.sent_late, server.sent_late > 0 ? "  (it is too slow)" : ""));
  return out;
}

std::string ReportJson(LoadReport& report, const LoadLimits& limits) {
  const LoadOptions& options = report.options;
  LoadTotals& server = report.server;
  json out = {{"participants", options.participants},
              {"rooms", options.rooms},
              {"talkers_per_room", options.talkers_per_room},
              {"codec", options.codec},
              {"seconds", server.seconds},
              {"packets_sent", server.packets_sent},
              {"packets_received", server.streams.received},
              {"packets_expected", server.streams.expected},
              {"gaps", server.streams.gaps()},
              {"late", server.streams.late},
              {"late_percent", server.late_percent()},
              {"reordered", server.streams.reordered},
              {"duplicates", server.streams.duplicates},
              {"restarts", server.streams.restarts},
              {"onsets", server.heard.delays_ms.size()},
              {"delay_ms_p50", NumberOrNull(Percentile(server.heard.delays_ms, 0.5))},
              {"delay_ms_p99", NumberOrNull(Percentile(server.heard.delays_ms, 0.99))},
              {"tone_windows", server.heard.windows},
              {"tone_windows_disturbed", server.heard.disturbed},
              {"tone_errors", server.heard.errors()},
              {"tones_missing", server.heard.missing},
              {"tones_own", server.heard.own},
              {"tones_strangers", server.heard.strangers},
              {"mediaplane_cpu_us_per_participant_second", NumberOrNull(server.cpu_us)},
              {"sent_late", server.sent_late},
              {"failures", Failures(report, limits)}};
  if (report.echo.has_value()) {
    out["echo_cpu_us_per_participant_second"] = NumberOrNull(report.echo->cpu_us);
    out["cpu_ratio_to_echo"] = NumberOrNull(Ratio(report));
    out["echo_gaps"] = report.echo->streams.gaps();
    out["echo_late_percent"] = report.echo->late_percent();
  }
  return out.dump(2) + "\n";
}

}  // namespace tutti::tools
