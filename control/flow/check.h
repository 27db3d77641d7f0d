#ifndef CONTROL_FLOW_CHECK_H_
#define CONTROL_FLOW_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"

// What the actions check of their options' fields; `place` is the field's
// ("actions[2].option.duration"). Errors are INVALID_ARGUMENT with it as detail
// "field".
namespace tutti::flow {

absl::Status Wrong(const std::string& place, const std::string& what);
absl::Status CheckRange(const std::string& place, int64_t value, int64_t min, int64_t max);
absl::Status CheckBytes(const std::string& place, const std::string& text, size_t bytes_max);
absl::Status CheckRequired(const std::string& place, const std::string& text);
// A UUID, or a text with variables.
absl::Status CheckUuid(const std::string& place, const std::string& text);
// As ParseSoundSource takes it, or a text with variables.
absl::Status CheckSound(const std::string& place, const std::string& sound);
// Only of 0–9 * # A–D.
absl::Status CheckDigits(const std::string& place, const std::string& digits);
// 1–64 of A–Z a–z 0–9 . _ -.
bool IsName(const std::string& name);

}  // namespace tutti::flow

#endif  // CONTROL_FLOW_CHECK_H_
