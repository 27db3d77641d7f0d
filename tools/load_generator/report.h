#ifndef TOOLS_LOAD_GENERATOR_REPORT_H_
#define TOOLS_LOAD_GENERATOR_REPORT_H_

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/load_generator/ear.h"
#include "tools/load_generator/plan.h"
#include "tools/load_generator/stream_check.h"

namespace tutti::tools {

// What all callers of one run saw.
struct LoadTotals {
  double seconds = 0;
  uint64_t packets_sent = 0;
  uint64_t sent_late = 0;
  StreamCounts streams;
  HeardCounts heard;
  // CPU time per participant and second of the process that was asked; NaN: not known.
  double cpu_us = std::nan("");

  void Add(uint64_t sent, const StreamCounts& stream, const HeardCounts* ear);
  double late_percent() const;
};

// What is too much.
struct LoadLimits {
  uint64_t gaps_max = 0;
  uint64_t tone_errors_max = 0;
  double late_percent_max = 100;
};

struct LoadReport {
  LoadOptions options;
  LoadTotals server;
  std::optional<LoadTotals> echo;
};

// Smallest delay that `share` (0-1) of all are not above; sorts. NaN without any.
double Percentile(std::vector<float>& values, double share);

// Why the run failed, a sentence each; empty: it passed.
std::vector<std::string> Failures(const LoadReport& report, const LoadLimits& limits);

std::string ReportTable(LoadReport& report);
std::string ReportJson(LoadReport& report, const LoadLimits& limits);

}  // namespace tutti::tools

#endif  // TOOLS_LOAD_GENERATOR_REPORT_H_
