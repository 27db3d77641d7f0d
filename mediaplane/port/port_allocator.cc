#include "mediaplane/port/port_allocator.h"

namespace tutti::mediaplane {

PortAllocator::PortAllocator(uint16_t first, uint16_t last, uint64_t start) {
  const unsigned even = first + first % 2u;
  first_ = static_cast<uint16_t>(even);
  if (last > even) used_.resize((last - even + 1u) / 2u);
  free_ = capacity();
  if (free_ > 0) next_ = static_cast<unsigned>(start % free_);
}

std::optional<uint16_t> PortAllocator::Take() {
  if (free_ == 0) return std::nullopt;
  while (used_[next_]) next_ = (next_ + 1) % capacity();
  const unsigned taken = next_;
  used_[taken] = true;
  --free_;
  next_ = (next_ + 1) % capacity();
  return static_cast<uint16_t>(first_ + 2 * taken);
}

void PortAllocator::Give(uint16_t port) {
  const unsigned index = (port - first_) / 2u;
  if (port < first_ || index >= capacity() || !used_[index]) return;
  used_[index] = false;
  ++free_;
}

}  // namespace tutti::mediaplane
