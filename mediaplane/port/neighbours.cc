#include "mediaplane/port/neighbours.h"

#include <algorithm>
#include <cstring>

#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

unsigned SetOf(const SocketAddress& ip, unsigned sets) {
  // Neighbours differ in their last bytes; a multiplication spreads them.
  uint64_t words[2];
  std::memcpy(words, ip.ip.data(), sizeof(words));
  const uint64_t mixed = words[0] ^ words[1];
  return static_cast<unsigned>(((mixed ^ mixed >> 32) * 0x9e3779b97f4a7c15u) >> 40) % sets;
}

}  // namespace

Neighbours::Entry* Neighbours::Lookup(const SocketAddress& ip) {
  for (Entry& entry : sets_[SetOf(ip, kSets)]) {
    if (entry.used && SameIp(entry.ip, ip)) return &entry;
  }
  return nullptr;
}

Neighbours::Entry& Neighbours::Add(const SocketAddress& ip, int64_t now_ns) {
  auto& set = sets_[SetOf(ip, kSets)];
  const auto age = [](const Entry& entry) { return entry.used ? entry.used_ns : INT64_MIN; };
  Entry& entry =
      *std::min_element(set.begin(), set.end(), [&](const Entry& a, const Entry& b) { return age(a) < age(b); });
  entry = Entry();
  entry.ip = ip;
  entry.used = true;
  entry.used_ns = now_ns;
  return entry;
}

Neighbours::Answer Neighbours::Find(const SocketAddress& ip, int64_t now_ns) {
  Entry* entry = Lookup(ip);
  if (entry == nullptr) {
    entry = &Add(ip, now_ns);
    entry->asked_ns = now_ns - kRetryNs;
  }
  entry->used_ns = now_ns;
  if (entry->known && now_ns - entry->confirmed_ns >= kForgetNs) entry->known = false;
  Answer answer;
  if (entry->known) {
    answer.mac = &entry->mac;
    if (now_ns - entry->confirmed_ns < kFreshNs) return answer;
  }
  answer.ask = now_ns - entry->asked_ns >= kRetryNs;
  if (answer.ask) entry->asked_ns = now_ns;
  return answer;
}

void Neighbours::Learn(const SocketAddress& ip, const MacAddress& mac, bool add, int64_t now_ns) {
  Entry* entry = Lookup(ip);
  if (entry == nullptr) {
    if (!add) return;
    entry = &Add(ip, now_ns);
  }
  entry->mac = mac;
  entry->known = true;
  entry->confirmed_ns = now_ns;
}

}  // namespace tutti::mediaplane
