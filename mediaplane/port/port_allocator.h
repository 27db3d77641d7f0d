#ifndef MEDIAPLANE_PORT_PORT_ALLOCATOR_H_
#define MEDIAPLANE_PORT_PORT_ALLOCATOR_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace tutti::mediaplane {

// The even ports of one local address, given out in a circle from a start of
// the caller's (random in production), so that a port that was freed rests for
// as long as possible: late packets of the call before do not reach the next.
// The odd port above each belongs to it. Not thread-safe.
class PortAllocator {
 public:
  // Ports `first` … `last`, both included; pairs that lie wholly inside.
  PortAllocator(uint16_t first, uint16_t last, uint64_t start);

  // The next free even port, now in use; nullopt when all are in use.
  std::optional<uint16_t> Take();

  void Give(uint16_t port);

  unsigned capacity() const { return static_cast<unsigned>(used_.size()); }

 private:
  uint16_t first_ = 0;  // even
  unsigned next_ = 0;
  unsigned free_ = 0;
  std::vector<bool> used_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_PORT_ALLOCATOR_H_
