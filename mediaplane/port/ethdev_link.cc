#include "mediaplane/port/ethdev_link.h"

#include "mediaplane/port/address.h"

namespace tutti::mediaplane {

bool IsOnLink(const LocalPrefix& local, const SocketAddress& ip) {
  if (!IsIpv4(local.ip) || !IsIpv4(ip)) return false;
  const auto bits = [](const SocketAddress& address) {
    const uint8_t* at = address.ip.data() + 12;
    return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
  };
  const uint32_t mask = local.prefix_bits == 0 ? 0 : ~uint32_t{0} << (32 - local.prefix_bits);
  return ((bits(local.ip) ^ bits(ip)) & mask) == 0;
}

DemuxTable::DemuxTable(size_t addresses, unsigned legs_max) : ports_(addresses << 16), owners_(legs_max) {
  for (auto& port : ports_) port.store(kNoLegSlot, std::memory_order_relaxed);
  for (auto& owner : owners_) owner.store(kNoWorker, std::memory_order_relaxed);
}

void DemuxTable::Set(size_t address, uint16_t port, const DemuxEntry& entry) {
  ports_[address << 16 | port].store(uint64_t{entry.rtcp} << 32 | entry.leg, std::memory_order_relaxed);
}

void DemuxTable::Clear(size_t address, uint16_t port) { Set(address, port, DemuxEntry()); }

}  // namespace tutti::mediaplane
