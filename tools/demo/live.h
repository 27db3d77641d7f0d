#ifndef TOOLS_DEMO_LIVE_H_
#define TOOLS_DEMO_LIVE_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tutti::tools {

// What can be seen of the room at one moment; one entry for each person.
struct Moment {
  std::vector<double> said_dbfs;
  std::vector<double> heard_dbfs;
  // As REST lists them.
  std::vector<bool> joined;
};

// Turns moments (each 100 ms) into lines, one for each change of who is in the
// room, and one for each change of who talks and where sound arrives that lasts.
// Levels are held for 600 ms, so that a pause between two words is no change;
// what is said is looked at with the delay of the figure of what is heard.
class Live {
 public:
  explicit Live(std::vector<std::string> names) : names_(std::move(names)), held_(names_.size()) {}

  // The line to print, without its time; nothing when nothing changed.
  std::optional<std::string> Add(const Moment& moment);

 private:
  struct Held {
    int said = 0;  // moments left
    int heard = 0;
  };

  std::string Names(const std::vector<bool>& which) const;

  const std::vector<std::string> names_;
  std::deque<std::vector<double>> said_;
  std::vector<Held> held_;
  std::string last_room_;
  std::string last_talk_ = "all are silent";
  // What is seen now, and for how many moments.
  std::string candidate_;
  int steady_ = 0;
};

// "Anna, Ralph and Karl"; "nobody".
std::string Enumerate(const std::vector<std::string>& names);

}  // namespace tutti::tools

#endif  // TOOLS_DEMO_LIVE_H_
