#include "mediaplane/port/address.h"

#include "gtest/gtest.h"

namespace tutti::mediaplane {
namespace {

TEST(AddressTest, TextRoundTrip) {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::1", "::"}) {
    const auto address = ParseSocketAddress(text, 5004);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(FormatIp(*address), text);
    EXPECT_EQ(address->port, 5004);
  }
  EXPECT_EQ(FormatSocketAddress(*ParseSocketAddress("192.0.2.1", 1)), "192.0.2.1:1");
  EXPECT_EQ(FormatSocketAddress(*ParseSocketAddress("::1", 2)), "[::1]:2");
}

TEST(AddressTest, RefusesWhatIsNoAddress) {
  for (const std::string text : {"", "localhost", "192.0.2", "192.0.2.256", "[::1]", "fe80::1%eth0", "1.2.3.4 "}) {
    EXPECT_FALSE(ParseSocketAddress(text, 1).has_value()) << text;
  }
  EXPECT_FALSE(ParseSocketAddress(std::string_view("1.2.3.4\0x", 9), 1).has_value());
}

TEST(AddressTest, KernelRoundTrip) {
  for (const char* text : {"192.0.2.1", "2001:db8::1"}) {
    const SocketAddress address = *ParseSocketAddress(text, 40000);
    sockaddr_storage storage;
    const socklen_t length = ToSockaddr(address, &storage);
    EXPECT_EQ(length, IsIpv4(address) ? 16u : 28u);
    EXPECT_EQ(FromSockaddr(storage), address);
  }
}

TEST(AddressTest, Unspecified) {
  EXPECT_TRUE(IsUnspecified(*ParseSocketAddress("0.0.0.0", 1)));
  EXPECT_TRUE(IsUnspecified(*ParseSocketAddress("::", 1)));
  EXPECT_FALSE(IsUnspecified(*ParseSocketAddress("0.0.0.1", 1)));
  EXPECT_FALSE(IsUnspecified(*ParseSocketAddress("::1", 1)));
}

}  // namespace
}  // namespace tutti::mediaplane
