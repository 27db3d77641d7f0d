#include "control/files/byte_range.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "absl/strings/match.h"

namespace tutti::control {
namespace {

constexpr std::string_view kUnit = "bytes=";

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Digits alone; what is too large is the largest.
std::optional<int64_t> ParseDigits(std::string_view text) {
  if (text.empty()) return std::nullopt;
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const int digit = c - '0';
    value = value > (kMax - digit) / 10 ? kMax : value * 10 + digit;
  }
  return value;
}

}  // namespace

ByteRange ChooseRange(std::string_view header, int64_t size) {
  const ByteRange all{ByteRange::Kind::kAll, 0, size};
  const ByteRange none{ByteRange::Kind::kNotSatisfiable, 0, 0};
  header = Trim(header);
  const std::string_view unit = header.substr(0, kUnit.size());
  if (!absl::EqualsIgnoreCase({unit.data(), unit.size()}, {kUnit.data(), kUnit.size()})) return all;
  const std::string_view spec = Trim(header.substr(kUnit.size()));
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return all;
  const std::string_view first_text = spec.substr(0, dash);
  const std::string_view last_text = spec.substr(dash + 1);

  if (first_text.empty()) {
    const auto suffix = ParseDigits(last_text);
    if (!suffix.has_value()) return all;
    if (*suffix == 0) return none;
    const int64_t length = std::min(*suffix, size);
    // No Content-Range can tell of an empty part.
    return length == 0 ? all : ByteRange{ByteRange::Kind::kPart, size - length, length};
  }
  const auto first = ParseDigits(first_text);
  const auto last =
      last_text.empty() ? std::make_optional(std::numeric_limits<int64_t>::max()) : ParseDigits(last_text);
  if (!first.has_value() || !last.has_value() || *last < *first) return all;
  if (*first >= size) return none;
  return {ByteRange::Kind::kPart, *first, std::min(*last, size - 1) - *first + 1};
}

}  // namespace tutti::control
