#include "tools/demo/live.h"

#include "absl/strings/str_cat.h"

namespace tutti::tools {
namespace {

constexpr double kTalkingDbfs = -45;
constexpr int kHoldMoments = 6;
// Heard levels are of 150 to 350 ms ago, and arrive some 50 ms after they were said.
constexpr size_t kSaidDelayMoments = 4;

}  // namespace

std::string Enumerate(const std::vector<std::string>& names) {
  if (names.empty()) return "nobody";
  std::string text = names[0];
  for (size_t i = 1; i < names.size(); ++i) absl::StrAppend(&text, i + 1 == names.size() ? " and " : ", ", names[i]);
  return text;
}

std::string Live::Names(const std::vector<bool>& which) const {
  std::vector<std::string> names;
  for (size_t i = 0; i < which.size(); ++i) {
    if (which[i]) names.push_back(names_[i]);
  }
  return Enumerate(names);
}

std::optional<std::string> Live::Add(const Moment& moment) {
  said_.push_back(moment.said_dbfs);
  if (said_.size() <= kSaidDelayMoments) said_.push_front(said_.front());
  while (said_.size() > kSaidDelayMoments + 1) said_.pop_front();
  std::vector<bool> talks(names_.size());
  std::vector<bool> hears(names_.size());
  bool anything = false;
  for (size_t i = 0; i < names_.size(); ++i) {
    Held& held = held_[i];
    held.said = said_.front()[i] > kTalkingDbfs ? kHoldMoments : held.said - (held.said > 0);
    held.heard = moment.heard_dbfs[i] > kTalkingDbfs ? kHoldMoments : held.heard - (held.heard > 0);
    talks[i] = held.said > 0;
    hears[i] = held.heard > 0;
    anything = anything || talks[i] || hears[i];
  }
  std::string line = absl::StrCat("in the room: ", Names(moment.joined));
  if (anything) absl::StrAppend(&line, "  |  talking: ", Names(talks), "  |  sound arrives at: ", Names(hears));
  if (line == last_) return std::nullopt;
  last_ = line;
  return line;
}

}  // namespace tutti::tools
