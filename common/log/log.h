#ifndef COMMON_LOG_LOG_H_
#define COMMON_LOG_LOG_H_

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace tutti::log {

// One fact of a log line. Names are the API's: conference_id, call_id, reason.
// Never a secret, never media.
struct Field {
  Field(std::string_view name, std::string_view value) : name(name), value(value) {}
  Field(std::string_view name, const std::string& value) : name(name), value(value) {}
  Field(std::string_view name, const char* value) : name(name), value(value) {}
  template <typename T>
  Field(std::string_view name, const T& value) : name(name), value(absl::StrCat(value)) {}

  std::string_view name;
  std::string value;
};

enum class Format { kText, kJson };

// Once, first thing in main. Lines go to standard error, one write each, by a
// thread of the logger's own; at 8 192 waiting lines the oldest are dropped.
void Init(std::string_view process, Format format);

// `message` is a constant phrase; what varies goes into the fields.
// Thread-safe. Never on a media worker.
void Info(std::string_view message, std::initializer_list<Field> fields = {});
void Warning(std::string_view message, std::initializer_list<Field> fields = {});
void Error(std::string_view message, std::initializer_list<Field> fields = {});

// Exposed for its test: one line without its end.
std::string Render(Format format, std::string_view time, std::string_view level, std::string_view process,
                   std::string_view message, std::initializer_list<Field> fields);

}  // namespace tutti::log

#endif  // COMMON_LOG_LOG_H_
