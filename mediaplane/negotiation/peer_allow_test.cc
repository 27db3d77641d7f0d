#include "mediaplane/negotiation/peer_allow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

SocketAddress Ip(std::string_view text) { return ParseSocketAddress(text, 0).value(); }

TEST(Multicast, IncludesBroadcast) {
  EXPECT_TRUE(IsMulticast(Ip("224.0.0.1")));
  EXPECT_TRUE(IsMulticast(Ip("239.255.255.255")));
  EXPECT_TRUE(IsMulticast(Ip("255.255.255.255")));
  EXPECT_TRUE(IsMulticast(Ip("ff02::1")));
  EXPECT_FALSE(IsMulticast(Ip("223.255.255.255")));
  EXPECT_FALSE(IsMulticast(Ip("240.0.0.1")));
}

struct ContainsCase {
  const char* network;
  const char* ip;
  bool contained;
};

TEST(PeerAllowList, ContainsByPrefix) {
  const ContainsCase cases[] = {
      {"127.0.0.0/8", "127.255.0.1", true},
      {"127.0.0.0/8", "128.0.0.1", false},
      {"10.1.2.3", "10.1.2.3", true},
      {"10.1.2.3", "10.1.2.2", false},
      {"198.18.0.0/15", "198.19.255.1", true},
      {"198.18.0.0/15", "198.20.0.1", false},
      {"0.0.0.0/0", "8.8.8.8", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "8.8.8.8", false},
      {"2001:db8::/33", "2001:db8:7fff::", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
  };
  for (const auto& [network, ip, contained] : cases) {
    const std::string networks[] = {network};
    const auto list = PeerAllowList::Parse(networks);
    ASSERT_TRUE(list.ok()) << network;
    EXPECT_EQ(list->Contains(Ip(ip)), contained) << network << " " << ip;
  }
}

TEST(PeerAllowList, LoopbackIsThisMachineAlone) {
  const auto list = PeerAllowList::Loopback();
  EXPECT_TRUE(list.Contains(Ip("127.0.0.1")));
  EXPECT_TRUE(list.Contains(Ip("::1")));
  EXPECT_FALSE(list.Contains(Ip("192.168.0.1")));
  EXPECT_FALSE(list.Contains(Ip("::2")));
  EXPECT_EQ(list.ToString(), "127.0.0.0/8, ::1/128");
}

TEST(PeerAllowList, NamesTheMalformedNetwork) {
  for (const char* text : {"", "host", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "::1/129"}) {
    const std::string networks[] = {"127.0.0.0/8", text};
    const auto list = PeerAllowList::Parse(networks);
    ASSERT_FALSE(list.ok()) << text;
    EXPECT_THAT(std::string(list.status().message()), testing::HasSubstr(std::string("\"") + text + "\""));
  }
}

}  // namespace
}  // namespace tutti::mediaplane
