#ifndef MEDIAPLANE_PORT_NEIGHBOURS_H_
#define MEDIAPLANE_PORT_NEIGHBOURS_H_

#include <array>
#include <cstdint>

#include "mediaplane/port/headers.h"

namespace tutti::mediaplane {

// Who has which Ethernet address on a link, as one worker knows it: a cache of
// fixed size, asked for each packet that is sent. Time is monotonic, in ns.
class Neighbours {
 public:
  static constexpr int64_t kRetryNs = 1'000'000'000;     // between two requests
  static constexpr int64_t kFreshNs = 30'000'000'000;    // then it is asked again, still in use
  static constexpr int64_t kForgetNs = 120'000'000'000;  // without an answer, known no more

  struct Answer {
    const MacAddress* mac = nullptr;  // null: not known (yet)
    bool ask = false;                 // send a request now: to `mac`, or to all without one
  };

  Answer Find(const SocketAddress& ip, int64_t now_ns);

  // Heard of a neighbour. `add` false: only if somebody here has asked for it.
  void Learn(const SocketAddress& ip, const MacAddress& mac, bool add, int64_t now_ns);

 private:
  // 128 sets of 8: in a full set the one that was used the longest ago goes, so
  // that nobody on the link can make it grow or turn out the busy ones.
  static constexpr unsigned kSets = 128;
  static constexpr unsigned kWays = 8;

  struct Entry {
    SocketAddress ip;
    MacAddress mac = {};
    bool used = false;
    bool known = false;
    int64_t confirmed_ns = 0;  // known: when it was heard last
    int64_t asked_ns = 0;
    int64_t used_ns = 0;
  };

  Entry* Lookup(const SocketAddress& ip);
  Entry& Add(const SocketAddress& ip, int64_t now_ns);

  std::array<std::array<Entry, kWays>, kSets> sets_ = {};
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_NEIGHBOURS_H_
