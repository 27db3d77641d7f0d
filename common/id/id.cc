#include "common/id/id.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <utility>

namespace tutti {
namespace {

constexpr size_t kUuidLength = 36;

bool IsDash(size_t position) { return position == 8 || position == 13 || position == 18 || position == 23; }

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::function<uint64_t()> SystemRandom() {
  auto device = std::make_shared<std::random_device>();
  return [device] { return (uint64_t{(*device)()} << 32) | (*device)(); };
}

}  // namespace

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsDash(i) ? text[i] != '-' : !IsLowerHex(text[i])) return false;
  }
  return true;
}

IdGenerator::IdGenerator(Clock& clock) : IdGenerator(clock, SystemRandom()) {}

IdGenerator::IdGenerator(Clock& clock, std::function<uint64_t()> random) : clock_(clock), random_(std::move(random)) {}

std::string IdGenerator::Next() {
  absl::MutexLock lock(&mutex_);
  const auto now_ms = static_cast<uint64_t>(absl::ToUnixMillis(clock_.Now()));
  last_ = std::max(now_ms << 12, last_ + 1);
  const uint64_t time_ms = last_ >> 12;
  const uint64_t high = time_ms << 16 | 0x7000 | (last_ & 0xfff);
  const uint64_t low = (random_() & 0x3fff'ffff'ffff'ffff) | 0x8000'0000'0000'0000;
  char text[kUuidLength + 1];
  std::snprintf(text, sizeof(text), "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xffff),
                static_cast<unsigned>(low >> 48), static_cast<unsigned long long>(low & 0xffff'ffff'ffff));
  return text;
}

}  // namespace tutti
