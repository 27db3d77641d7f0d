#include "tools/api_client/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::tools {
namespace {

using testing::HasSubstr;

// A listening TCP socket on a port of loopback that the system picks.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    socklen_t length = sizeof(address);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(socket_); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // Takes one connection, reads a request up to the end of `end`, answers.
  std::string Serve(const std::string& end, const std::string& answer) {
    const int connection = accept(socket_, nullptr, nullptr);
    std::string request;
    char buffer[4096];
    while (request.find(end) == std::string::npos) {
      const ssize_t bytes = read(connection, buffer, sizeof(buffer));
      if (bytes <= 0) break;
      request.append(buffer, static_cast<size_t>(bytes));
    }
    EXPECT_EQ(write(connection, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
    close(connection);
    return request;
  }

 private:
  int socket_;
  int port_ = 0;
};

TEST(HttpTest, SendsAndReceives) {
  Listener listener;
  std::string request;
  std::thread server([&] {
    request = listener.Serve("{\"a\":1}", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
  });
  auto transport = MakeCurlTransport(listener.url() + "/");
  ASSERT_TRUE(transport.ok());
  const auto response = (*transport)->Send({"POST", "/v1/calls", "{\"a\":1}"});
  server.join();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "{}");
  EXPECT_THAT(request, HasSubstr("POST /v1/calls HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json\r\n"));
}

TEST(HttpTest, NoServerIsASentence) {
  std::string url;
  {
    Listener listener;
    url = listener.url();
  }
  auto transport = MakeCurlTransport(url);
  ASSERT_TRUE(transport.ok());
  const auto response = (*transport)->Send({"GET", "/", ""});
  EXPECT_EQ(response.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("No answer from the gateway at " + url));
}

TEST(HttpTest, AGatewayIsAUrl) {
  EXPECT_EQ(MakeCurlTransport("localhost:8080").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MakeCurlTransport("file:///etc/passwd").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tutti::tools
