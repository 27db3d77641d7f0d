#include "gateway/http/bytes_acked.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "gateway/http/raw_client.h"
#include "gtest/gtest.h"

namespace tutti::gateway {
namespace {

TEST(BytesAcked, RisesAsTheClientReadsAndNotAsWeWrite) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  RawClient client(ntohs(address.sin_port), /*receive_bytes=*/4096);
  const int server = accept(listener, nullptr, nullptr);
  ASSERT_EQ(fcntl(server, F_SETFL, O_NONBLOCK), 0);
  // Until the kernel takes no more: what it holds is not with the client.
  const std::string bytes(65'536, 'x');
  uint64_t written = 0;
  for (ssize_t sent; (sent = send(server, bytes.data(), bytes.size(), 0)) > 0;) written += static_cast<uint64_t>(sent);
  ASSERT_GT(written, 65'536u);
  const uint64_t before = BytesAcked(server);
  EXPECT_LT(before, 65'536u);
  client.ReadBytes(65'536);
  while (BytesAcked(server) < 65'536) std::this_thread::yield();
  EXPECT_LT(BytesAcked(server), written);
  close(server);
  close(listener);
  EXPECT_EQ(BytesAcked(-1), 0u);
}

}  // namespace
}  // namespace tutti::gateway
