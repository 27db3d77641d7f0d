#include "tools/demo/live.h"

#include "absl/strings/str_cat.h"

namespace tutti::tools {
namespace {

constexpr double kTalkingDbfs = -45;
constexpr int kHoldMoments = 6;
// A state is told once it has lasted for so long: voices come and go together.
constexpr int kSteadyMoments = 4;
// Heard levels are of 150 to 350 ms ago.
constexpr size_t kSaidDelayMoments = 2;

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
  const std::string room = absl::StrCat("in the room: ", Names(moment.joined));
  if (room != last_room_) {
    last_room_ = room;
    return room;
  }
  const std::string talk =
      anything ? absl::StrCat("talking: ", Names(talks), "; sound arrives at: ", Names(hears)) : "all are silent";
  steady_ = talk == candidate_ ? steady_ + 1 : 1;
  candidate_ = talk;
  if (steady_ < kSteadyMoments || talk == last_talk_) return std::nullopt;
  last_talk_ = talk;
  return talk;
}

}  // namespace tutti::tools
