// N RTP callers in M rooms of a running Tutti; see --help.

#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/api_client/http.h"
#include "tools/caller/negotiation.h"
#include "tools/load_generator/echo.h"
#include "tools/load_generator/load_worker.h"
#include "tools/load_generator/plan.h"
#include "tools/load_generator/report.h"
#include "tools/load_generator/session.h"

ABSL_FLAG(std::string, gateway, "http://127.0.0.1:8080", "Where the REST gateway listens.");
ABSL_FLAG(int, participants, 100, "RTP callers.");
ABSL_FLAG(int, rooms, 10, "Conferences that they share out among them.");
ABSL_FLAG(int, talkers_per_room, 1, "Callers of each room that send a sine, each its own.");
ABSL_FLAG(int, nothing_percent, 10,
          "Of the others, so many send nothing; the rest sends quiet noise or silence. With --echo all send.");
ABSL_FLAG(double, duration, 30, "Seconds that are measured, after 3 that are not.");
ABSL_FLAG(std::string, codec, "PCMU", "PCMU, PCMA, G722, L16/8000 or L16/16000.");
ABSL_FLAG(int, threads, 1, "Threads of this program.");
ABSL_FLAG(int, mediaplane_pid, 0, "The process whose CPU time counts; else --mediaplane_metrics is asked.");
ABSL_FLAG(std::string, mediaplane_metrics, "http://127.0.0.1:9465", "Where the mediaplane serves /metrics.");
ABSL_FLAG(bool, echo, false, "Send the same packets to a bare UDP echo afterwards, and report the ratio of CPU time.");
ABSL_FLAG(bool, json, false, "Print JSON instead of a table.");
ABSL_FLAG(uint64_t, gaps_max, 0, "Fail above so many missing packets.");
ABSL_FLAG(uint64_t, tone_errors_max, 0, "Fail above so many wrong tones.");
ABSL_FLAG(double, late_percent_max, 100, "Fail above so many late packets, percent.");

namespace tutti::tools {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kWarmUpNs = 3 * kSecondNs;

std::atomic<bool> stop_requested = false;

// Seconds of CPU time of the mediaplane; NaN when nobody tells.
double MediaplaneCpuSeconds() {
  if (absl::GetFlag(FLAGS_mediaplane_pid) > 0) return ProcessCpuSeconds(absl::GetFlag(FLAGS_mediaplane_pid));
  auto transport = MakeCurlTransport(absl::GetFlag(FLAGS_mediaplane_metrics));
  if (!transport.ok()) return std::nan("");
  const auto answer = (*transport)->Send({.method = "GET", .path = "/metrics", .body = ""});
  if (!answer.ok() || answer->status != 200) return std::nan("");
  const std::string name = "\nprocess_cpu_seconds_total ";
  const size_t at = answer->body.find(name);
  return at == std::string::npos ? std::nan("") : std::strtod(answer->body.c_str() + at + name.size(), nullptr);
}

// Two sockets a caller.
absl::Status RaiseFileLimit(int participants) {
  const rlim_t needed = 2 * static_cast<rlim_t>(participants) + 100;
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return absl::OkStatus();
  limit.rlim_cur = limit.rlim_max;
  if (limit.rlim_max >= needed && setrlimit(RLIMIT_NOFILE, &limit) == 0) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "OPEN_FILES_LIMIT",
               absl::StrCat(participants, " callers need ", needed, " open files; the limit is ", limit.rlim_max, "."));
}

LoadTotals Run(const LoadOptions& options, mediaplane::Codec codec, std::vector<LoadCaller>& callers,
               const EchoProcess* echo) {
  WorkerOptions worker_options = {.codec = codec, .talkers_per_room = options.talkers_per_room};
  worker_options.start_ns = RealTimeNs() + kSecondNs / 5;
  worker_options.measure_start_ns = worker_options.start_ns + kWarmUpNs;
  worker_options.end_ns =
      worker_options.measure_start_ns + static_cast<int64_t>(options.duration_s * static_cast<double>(kSecondNs));
  if (echo != nullptr) worker_options.echo = &echo->address();

  std::vector<std::vector<LoadCaller*>> shares(static_cast<size_t>(options.threads));
  for (LoadCaller& caller : callers) shares[caller.plan.room % shares.size()].push_back(&caller);
  std::vector<std::unique_ptr<LoadWorker>> workers;
  for (auto& share : shares) workers.push_back(std::make_unique<LoadWorker>(worker_options, std::move(share)));
  std::vector<std::thread> threads;
  for (auto& worker : workers) threads.emplace_back([&worker] { worker->Run(stop_requested); });

  const auto cpu_seconds = [&] { return echo != nullptr ? echo->CpuSeconds() : MediaplaneCpuSeconds(); };
  while (!stop_requested && RealTimeNs() < worker_options.measure_start_ns) {
    SleepUntil(std::min(worker_options.measure_start_ns, RealTimeNs() + kSecondNs / 5));
  }
  const double cpu_before = cpu_seconds();
  const int64_t cpu_before_ns = RealTimeNs();
  while (!stop_requested && RealTimeNs() < worker_options.end_ns) {
    SleepUntil(std::min(worker_options.end_ns, RealTimeNs() + kSecondNs / 5));
  }
  const double cpu_used = cpu_seconds() - cpu_before;
  const int64_t now_ns = RealTimeNs();
  for (std::thread& thread : threads) thread.join();

  LoadTotals totals;
  totals.seconds = static_cast<double>(now_ns - cpu_before_ns) / static_cast<double>(kSecondNs);
  totals.cpu_us = 1e6 * cpu_used / (totals.seconds * options.participants);
  for (LoadCaller& caller : callers) {
    totals.Add(caller.sent, caller.stream.Finish(std::min(now_ns, worker_options.end_ns)),
               echo == nullptr ? &caller.ear->counts() : nullptr);
  }
  for (const auto& worker : workers) totals.sent_late += worker->sent_late();
  return totals;
}

absl::StatusOr<bool> Main() {
  LoadReport report;
  LoadOptions& options = report.options;
  options.gateway = absl::GetFlag(FLAGS_gateway);
  options.codec = absl::GetFlag(FLAGS_codec);
  options.participants = absl::GetFlag(FLAGS_participants);
  options.rooms = absl::GetFlag(FLAGS_rooms);
  options.talkers_per_room = absl::GetFlag(FLAGS_talkers_per_room);
  options.nothing_percent = absl::GetFlag(FLAGS_echo) ? 0 : absl::GetFlag(FLAGS_nothing_percent);
  options.duration_s = absl::GetFlag(FLAGS_duration);
  options.threads = absl::GetFlag(FLAGS_threads);
  const LoadLimits limits = {.gaps_max = absl::GetFlag(FLAGS_gaps_max),
                             .tone_errors_max = absl::GetFlag(FLAGS_tone_errors_max),
                             .late_percent_max = absl::GetFlag(FLAGS_late_percent_max)};
  TUTTI_RETURN_IF_ERROR(CheckOptions(options));
  TUTTI_ASSIGN_OR_RETURN(const mediaplane::Codec codec, CodecFromName(options.codec));
  TUTTI_RETURN_IF_ERROR(RaiseFileLimit(options.participants));
  std::unique_ptr<EchoProcess> echo;
  if (absl::GetFlag(FLAGS_echo)) {
    TUTTI_ASSIGN_OR_RETURN(const std::string address, LocalAddressTowards(options.gateway));
    TUTTI_ASSIGN_OR_RETURN(echo, EchoProcess::Start(address));
  }
  std::fprintf(stderr, "Joining %d callers to %d rooms ...\n", options.participants, options.rooms);
  TUTTI_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Start(options, codec, stop_requested));
  std::fprintf(stderr, "Measuring %.0f s ...\n", options.duration_s);
  report.server = Run(options, codec, session->callers(), nullptr);
  TUTTI_RETURN_IF_ERROR(session->End());
  if (echo != nullptr && !stop_requested) {
    std::fprintf(stderr, "The same to an echo, %.0f s ...\n", options.duration_s);
    report.echo = Run(options, codec, session->callers(), echo.get());
  }
  const std::string text = absl::GetFlag(FLAGS_json) ? ReportJson(report, limits) : ReportTable(report);
  std::fputs(text.c_str(), stdout);
  const std::vector<std::string> failures = Failures(report, limits);
  for (const std::string& failure : failures) std::fprintf(stderr, "FAILED: %s\n", failure.c_str());
  return failures.empty();
}

// "--talkers-per-room" is as good as "--talkers_per_room".
void UnderscoreFlags(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] != '-' || argv[i][1] != '-') continue;
    for (char* c = argv[i] + 2; *c != '\0' && *c != '='; ++c) {
      if (*c == '-') *c = '_';
    }
  }
}

}  // namespace
}  // namespace tutti::tools

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Many RTP callers in many rooms: counts what they receive, checks who they hear, and what it costs.\n"
      "Exits 0 when nothing is over the limits, 1 when something is, 2 when it can't be measured.");
  tutti::tools::UnderscoreFlags(argc, argv);
  absl::ParseCommandLine(argc, argv);
  const auto on_signal = [](int) { tutti::tools::stop_requested = true; };
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
  const absl::StatusOr<bool> passed = tutti::tools::Main();
  if (!passed.ok()) {
    std::fprintf(stderr, "loadgen: %s\n", std::string(passed.status().message()).c_str());
    return 2;
  }
  return *passed ? 0 : 1;
}
