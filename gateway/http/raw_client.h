#ifndef GATEWAY_HTTP_RAW_CLIENT_H_
#define GATEWAY_HTTP_RAW_CLIENT_H_

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "gtest/gtest.h"

namespace tutti::gateway {

// A client that says exactly the bytes that it is given.
class RawClient {
 public:
  // `receive_bytes`: what the kernel may keep unread; 0: as much as it likes.
  explicit RawClient(int port, int receive_bytes = 0) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes > 0) setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~RawClient() { close(socket_); }

  void Send(std::string_view bytes) {
    EXPECT_EQ(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize_t(bytes.size()));
  }
  void EndSending() { shutdown(socket_, SHUT_WR); }

  // All until the server closes.
  std::string ReadToEnd() {
    std::string all = std::exchange(buffer_, "");
    while (More(all)) {
    }
    return all;
  }

  // One response with its body, by its Content-Length; a head alone when `head`.
  std::string ReadResponse(bool head = false) {
    size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!More(buffer_)) return std::exchange(buffer_, "");
    }
    size_t size = end + 4;
    const size_t length = buffer_.find("Content-Length: ");
    if (!head && length < end) size += static_cast<size_t>(std::stoul(buffer_.substr(length + 16)));
    while (buffer_.size() < size && More(buffer_)) {
    }
    std::string response = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return response;
  }

  // So many, or fewer where the server closes before.
  std::string ReadBytes(size_t count) {
    while (buffer_.size() < count && More(buffer_)) {
    }
    std::string bytes = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return bytes;
  }

  std::string Ask(std::string_view request) {
    Send(request);
    return ReadResponse();
  }

 private:
  bool More(std::string& into) {
    char bytes[4096];
    const ssize_t got = recv(socket_, bytes, sizeof(bytes), 0);
    if (got <= 0) return false;
    into.append(bytes, static_cast<size_t>(got));
    return true;
  }

  const int socket_;
  std::string buffer_;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_RAW_CLIENT_H_
