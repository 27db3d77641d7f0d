#include "control/http_client/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "gtest/gtest.h"

namespace tutti::control {
namespace {

bool IsAllowedIp(const AddressGuard& guard, const std::string& ip) {
  sockaddr_storage storage = {};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr), 1) << ip;
    storage.ss_family = AF_INET6;
  }
  const bool allowed = guard.IsAllowed(reinterpret_cast<const sockaddr&>(storage));
  EXPECT_EQ(guard.IsAllowedHost(ip), allowed) << ip;
  return allowed;
}

TEST(AddressGuardTest, RefusesWhatIsNotOfThePublicInternet) {
  const AddressGuard guard;
  for (const char* ip :
       {"0.0.0.0",     "0.1.2.3",          "10.0.0.1",        "10.255.255.255", "100.64.0.1",      "100.127.255.255",
        "127.0.0.1",   "127.255.255.255",  "169.254.169.254", "172.16.0.1",     "172.31.255.255",  "192.0.0.1",
        "192.0.2.1",   "192.88.99.1",      "192.168.0.1",     "198.18.0.1",     "198.19.255.255",  "198.51.100.1",
        "203.0.113.1", "224.0.0.1",        "239.255.255.255", "240.0.0.1",      "255.255.255.255", "::",
        "::1",         "::ffff:127.0.0.1", "::ffff:8.8.8.8",  "::8.8.8.8",      "64:ff9b::a00:1",  "64:ff9b:1::1",
        "100::1",      "2001::1",          "2001:1ff::1",     "2001:db8::1",    "2002:a00:1::",    "3fff:fff::1",
        "4000::1",     "fc00::1",          "fd12:3456::1",    "fe80::1",        "febf::1",         "fec0::1",
        "ff02::1"}) {
    EXPECT_FALSE(IsAllowedIp(guard, ip)) << ip;
  }
}

TEST(AddressGuardTest, LetsThePublicInternetThrough) {
  const AddressGuard guard;
  for (const char* ip :
       {"1.1.1.1",        "8.8.8.8",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",    "126.255.255.255", "128.0.0.1",       "169.253.255.255", "169.255.0.0",
        "172.15.255.255", "172.32.0.0",      "192.0.1.1",       "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0",      "223.255.255.255", "2001:200::1",     "2001:4860:4860::8888",
        "2003::1",        "2a00::1",         "3fff:1000::1"}) {
    EXPECT_TRUE(IsAllowedIp(guard, ip)) << ip;
  }
  EXPECT_TRUE(guard.IsAllowedHost("example.com"));
}

TEST(AddressGuardTest, LetsThroughWhatTheOperatorNames) {
  const auto guard = AddressGuard::Make({"10.1.0.0/16", "127.0.0.1", "fd00:1::/63", "172.20.0.0/14"});
  ASSERT_TRUE(guard.ok()) << guard.status();
  for (const char* ip : {"10.1.0.0", "10.1.255.255", "127.0.0.1", "fd00:1::1", "fd00:1:0:1::", "172.23.255.255"}) {
    EXPECT_TRUE(IsAllowedIp(*guard, ip)) << ip;
  }
  for (const char* ip :
       {"10.0.255.255", "10.2.0.0", "127.0.0.2", "::ffff:127.0.0.1", "::1", "fd00:1:0:2::", "172.24.0.0"}) {
    EXPECT_FALSE(IsAllowedIp(*guard, ip)) << ip;
  }
  const auto all = AddressGuard::Make({"0.0.0.0/0", "::/0"});
  EXPECT_TRUE(IsAllowedIp(*all, "127.0.0.1"));
  EXPECT_TRUE(IsAllowedIp(*all, "::1"));
}

TEST(AddressGuardTest, RefusesBrokenNetworks) {
  for (const char* text :
       {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "10.0.0/8", "1.2.3.4/8x"}) {
    EXPECT_EQ(AddressGuard::Make({text}).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(AddressGuardTest, RefusesOtherFamilies) {
  sockaddr address = {};
  address.sa_family = AF_UNIX;
  EXPECT_FALSE(AddressGuard().IsAllowed(address));
  EXPECT_FALSE(AddressGuard::Make({"0.0.0.0/0", "::/0"})->IsAllowed(address));
}

}  // namespace
}  // namespace tutti::control
