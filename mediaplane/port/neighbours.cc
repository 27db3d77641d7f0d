#include "mediaplane/port/neighbours.h"

#include <algorithm>

namespace tutti::mediaplane {
namespace {

unsigned SetOf(const SocketAddress& ip, unsigned sets) {
  // FNV-1a: any mix will do, for a set is searched whole.
  uint32_t hash = 2166136261u;
  for (const uint8_t byte : ip.ip) hash = (hash ^ byte) * 16777619u;
  return (hash ^ hash >> 16) % sets;
}

}  // namespace

Neighbours::Entry* Neighbours::Lookup(const SocketAddress& ip) {
  for (Entry& entry : sets_[SetOf(ip, kSets)]) {
    if (entry.used && entry.ip == ip.ip) return &entry;
  }
  return nullptr;
}

Neighbours::Entry& Neighbours::Add(const SocketAddress& ip, int64_t now_ns) {
  auto& set = sets_[SetOf(ip, kSets)];
  const auto age = [](const Entry& entry) { return entry.used ? entry.used_ns : INT64_MIN; };
  Entry& entry =
      *std::min_element(set.begin(), set.end(), [&](const Entry& a, const Entry& b) { return age(a) < age(b); });
  entry = Entry();
  entry.ip = ip.ip;
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
