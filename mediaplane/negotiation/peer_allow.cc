#include "mediaplane/negotiation/peer_allow.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

bool SamePrefix(const std::array<uint8_t, 16>& a, const std::array<uint8_t, 16>& b, int bits) {
  const int bytes = bits / 8;
  if (std::memcmp(a.data(), b.data(), bytes) != 0) return false;
  const int rest = bits % 8;
  return rest == 0 || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0;
}

}  // namespace

bool IsMulticast(const SocketAddress& address) {
  if (!IsIpv4(address)) return address.ip[0] == 0xff;
  const auto v4 = address.ip.end() - 4;
  return (*v4 & 0xf0) == 0xe0 || std::all_of(v4, address.ip.end(), [](uint8_t byte) { return byte == 0xff; });
}

absl::StatusOr<PeerAllowList> PeerAllowList::Parse(std::span<const std::string> networks) {
  PeerAllowList list;
  for (const std::string& text : networks) {
    const size_t slash = text.find('/');
    const auto ip = ParseSocketAddress(std::string_view(text).substr(0, slash), 0);
    int bits = 0;
    const int bits_max = ip && IsIpv4(*ip) ? 32 : 128;
    const bool bits_valid = slash == std::string::npos ||
                            (absl::SimpleAtoi(text.substr(slash + 1), &bits) && bits >= 0 && bits <= bits_max);
    if (!ip || !bits_valid) {
      return Error(absl::StatusCode::kInvalidArgument, "INVALID_CONFIG",
                   absl::StrCat("\"", text, "\" is not a network in CIDR form, such as 10.0.0.0/8 or 2001:db8::/32"));
    }
    if (slash == std::string::npos) bits = bits_max;
    list.networks_.push_back({*ip, bits + 128 - bits_max});
  }
  return list;
}

PeerAllowList PeerAllowList::Loopback() {
  const std::array<std::string, 2> networks = {"127.0.0.0/8", "::1/128"};
  return *Parse(networks);
}

bool PeerAllowList::Contains(const SocketAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return IsIpv4(network.prefix) == IsIpv4(address) && SamePrefix(network.prefix.ip, address.ip, network.bits);
  });
}

std::string PeerAllowList::ToString() const {
  return absl::StrJoin(networks_, ", ", [](std::string* out, const Network& network) {
    absl::StrAppend(out, FormatIp(network.prefix), "/", network.bits - (IsIpv4(network.prefix) ? 96 : 0));
  });
}

}  // namespace tutti::mediaplane
