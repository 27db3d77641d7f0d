#include "control/simulation/world.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tutti::control::simulation {
namespace {

// Lines that are kept to be shown.
constexpr size_t kStoryMax = 400;

}  // namespace

void World::After(absl::Duration delay, std::function<void()> event) {
  later_.emplace(std::make_pair(elapsed_ + delay, ++events_), std::move(event));
}

absl::Duration World::NextDue() const {
  return later_.empty() ? absl::InfiniteDuration() : later_.begin()->first.first;
}

bool World::RunOne() {
  if (NextDue() > elapsed_) return false;
  const std::function<void()> event = std::move(later_.begin()->second);
  later_.erase(later_.begin());
  event();
  return true;
}

void World::Tell(const std::string& line) {
  std::string full = absl::StrFormat("%10.4f  %s", absl::ToDoubleSeconds(elapsed_), line);
  for (const char c : full) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  if (aloud_) std::fprintf(stderr, "%s\n", full.c_str());
  story_.push_back(std::move(full));
  if (story_.size() > kStoryMax) story_.pop_front();
}

std::string World::Name(const std::string& kind, const std::string& id) {
  std::string& name = names_[id];
  if (name.empty()) name = absl::StrCat(kind, ++named_[kind]);
  return name;
}

void World::Fail(const std::string& what) {
  if (failed()) return;
  failure_ = what;
  Tell(absl::StrCat("FAILED: ", what));
}

}  // namespace tutti::control::simulation
