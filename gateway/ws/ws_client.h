#ifndef GATEWAY_WS_WS_CLIENT_H_
#define GATEWAY_WS_WS_CLIENT_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/http/raw_client.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tutti::gateway::ws {

// Frames of RFC 6455 by hand; those of the client are masked with zeros.
class WsClient {
 public:
  explicit WsClient(int port, const std::string& headers = "", int receive_bytes = 0,
                    const std::string& target = "/v1/ws")
      : raw_(port, receive_bytes) {
    raw_.Send(absl::StrCat("GET ", target,
                           " HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                           headers, "\r\n"));
    answer = raw_.ReadResponse();
  }

  void Send(int opcode, const std::string& payload) {
    std::string frame{static_cast<char>(0x80 | opcode)};
    if (payload.size() < 126) {
      frame += static_cast<char>(0x80 | payload.size());
    } else {
      const bool is_short = payload.size() < 65'536;
      frame += static_cast<char>(0x80 | (is_short ? 126 : 127));
      for (int shift = is_short ? 8 : 56; shift >= 0; shift -= 8)
        frame += static_cast<char>(uint64_t{payload.size()} >> shift & 0xff);
    }
    raw_.Send(frame + std::string(4, '\0') + payload);
  }
  void Say(const std::string& text) { Send(1, text); }

  // (opcode, payload); opcode -1: the connection is closed.
  std::pair<int, std::string> Read() {
    const std::string head = raw_.ReadBytes(2);
    if (head.size() < 2) return {-1, ""};
    size_t size = head[1] & 0x7f;
    if (size >= 126) {
      const std::string length = raw_.ReadBytes(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : length) size = size << 8 | static_cast<unsigned char>(c);
    }
    return {head[0] & 0x0f, raw_.ReadBytes(size)};
  }
  nlohmann::json ReadJson() {
    const auto [opcode, payload] = Read();
    EXPECT_EQ(opcode, 1) << payload;
    return opcode == 1 ? nlohmann::json::parse(payload) : nlohmann::json();
  }
  // Reads on until it is closed; the code, 0: there was none.
  int ReadClose() {
    for (;;) {
      const auto [opcode, payload] = Read();
      if (opcode < 0) return 0;
      if (opcode == 8) {
        return static_cast<unsigned char>(payload.at(0)) << 8 | static_cast<unsigned char>(payload.at(1));
      }
    }
  }

  std::string answer;

 private:
  RawClient raw_;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_WS_CLIENT_H_
