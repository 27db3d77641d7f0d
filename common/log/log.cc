#include "common/log/log.h"

#include <memory>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "spdlog/async.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace tutti::log {
namespace {

constexpr size_t kQueueLinesMax = 8192;

std::string g_process = "tutti";
Format g_format = Format::kText;

bool IsPlain(std::string_view value) {
  if (value.empty()) return false;
  for (const char c : value) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
  }
  return true;
}

void Write(spdlog::level::level_enum level, std::string_view name, std::string_view message,
           std::initializer_list<Field> fields) {
  const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::Now(), absl::UTCTimeZone());
  const std::string line = Render(g_format, time, name, g_process, message, fields);
  spdlog::default_logger_raw()->log(level, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void Init(std::string_view process, Format format) {
  g_process = process;
  g_format = format;
  spdlog::init_thread_pool(kQueueLinesMax, 1);
  auto logger =
      std::make_shared<spdlog::async_logger>("tutti", std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                             spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%v");
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void Info(std::string_view message, std::initializer_list<Field> fields) {
  Write(spdlog::level::info, "info", message, fields);
}

void Warning(std::string_view message, std::initializer_list<Field> fields) {
  Write(spdlog::level::warn, "warning", message, fields);
}

void Error(std::string_view message, std::initializer_list<Field> fields) {
  Write(spdlog::level::err, "error", message, fields);
}

std::string Render(Format format, std::string_view time, std::string_view level, std::string_view process,
                   std::string_view message, std::initializer_list<Field> fields) {
  if (format == Format::kJson) {
    nlohmann::ordered_json line = {{"time", time}, {"level", level}, {"process", process}, {"message", message}};
    for (const Field& field : fields) line[std::string(field.name)] = field.value;
    return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  std::string line = std::string(time);
  for (const std::string_view part : {level, process, message}) line.append(" ").append(part);
  for (const Field& field : fields) {
    line.append(" ").append(field.name).append("=");
    if (IsPlain(field.value)) {
      line.append(field.value);
    } else {
      line.append("\"").append(absl::CEscape(field.value)).append("\"");
    }
  }
  return line;
}

}  // namespace tutti::log
