#include "common/metrics/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace tutti {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Family(const char* name, const char* help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  family.metric.push_back(metric);
  return family;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// Field `index` (from 1, proc(5)) of /proc/self/stat; 0 where it can't be read.
double StatField(int index) {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  // The second field, the program's name, may hold blanks; it ends at ')'.
  const size_t end = line.rfind(')');
  if (end == std::string::npos) return 0;
  std::istringstream rest(line.substr(end + 1));
  std::string word;
  for (int i = 3; i <= index; ++i) rest >> word;
  std::istringstream number(word);
  double value = 0;
  number >> value;
  return value;
}

double BootTimeSeconds() {
  std::ifstream file("/proc/stat");
  std::string word;
  double value = 0;
  while (file >> word) {
    if (word == "btime" && file >> value) return value;
  }
  return 0;
}

double CountFileDescriptors() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error))
    ++count;
  return count;
}

}  // namespace

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return {
      Family("process_cpu_seconds_total", "User and system CPU time spent, in seconds.", MetricType::Counter,
             Seconds(usage.ru_utime) + Seconds(usage.ru_stime)),
      Family("process_resident_memory_bytes", "Resident memory, in bytes.", MetricType::Gauge,
             StatField(24) * page_bytes),
      Family("process_virtual_memory_bytes", "Virtual memory, in bytes.", MetricType::Gauge, StatField(23)),
      Family("process_open_fds", "Open file descriptors.", MetricType::Gauge, CountFileDescriptors()),
      Family("process_max_fds", "Most file descriptors that may be open.", MetricType::Gauge,
             static_cast<double>(files.rlim_cur)),
      Family("process_threads", "Threads of the process.", MetricType::Gauge, StatField(20)),
      Family("process_start_time_seconds", "Start of the process since the Unix epoch, in seconds.", MetricType::Gauge,
             BootTimeSeconds() + StatField(22) / ticks_per_second),
  };
}

}  // namespace tutti
