#include "common/testing/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tutti {
namespace {

// Of a request whose head is whole: how many bytes it has.
size_t RequestBytes(const std::string& text, size_t head) {
  const std::string lower = absl::AsciiStrToLower(text.substr(0, head));
  const size_t field = lower.find("content-length: ");
  int64_t length = 0;
  if (field != std::string::npos) {
    const size_t begin = field + 16;
    const std::string digits = lower.substr(begin, lower.find('\r', begin) - begin);
    if (!absl::SimpleAtoi(digits, &length)) std::abort();
  }
  return head + 4 + static_cast<size_t>(length);
}

}  // namespace

TestHttpServer::TestHttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 512) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

TestHttpServer::~TestHttpServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  std::vector<std::thread> threads;
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
    for (const int one : sockets_) shutdown(one, SHUT_RDWR);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
  absl::MutexLock lock(&mutex_);
  for (const int one : sockets_) close(one);
  close(listener_);
}

std::string TestHttpServer::Url(const std::string& path) const {
  return absl::StrCat("http://127.0.0.1:", port_, path);
}

std::string TestHttpServer::Response(int status, const std::string& body, const std::string& more_headers) {
  return absl::StrCat("HTTP/1.1 ", status, " Test\r\nContent-Length: ", body.size(), "\r\n", more_headers, "\r\n",
                      body);
}

void TestHttpServer::Accept() {
  for (;;) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    ++connections_;
    absl::MutexLock lock(&mutex_);
    sockets_.push_back(connection);
    threads_.emplace_back([this, connection] { Serve(connection); });
  }
}

void TestHttpServer::Serve(int socket) {
  std::string text;
  char buffer[16'384];
  for (;;) {
    const size_t head = text.find("\r\n\r\n");
    // A TLS client's first byte; it gets what is no TLS.
    if (!text.empty() && text.front() == 0x16) {
      send(socket, "no", 2, MSG_NOSIGNAL);
      break;
    }
    if (head == std::string::npos || text.size() < RequestBytes(text, head)) {
      const ssize_t bytes = recv(socket, buffer, sizeof(buffer), 0);
      if (bytes <= 0) break;
      text.append(buffer, static_cast<size_t>(bytes));
      continue;
    }
    const size_t size = RequestBytes(text, head);
    const std::string response = handler_(text.substr(0, size));
    text.erase(0, size);
    size_t sent = 0;
    while (sent < response.size()) {
      const ssize_t bytes = send(socket, response.data() + sent, response.size() - sent, MSG_NOSIGNAL);
      if (bytes <= 0) break;
      sent += static_cast<size_t>(bytes);
    }
    if (sent < response.size() || response.empty()) break;
  }
  shutdown(socket, SHUT_RDWR);
}

}  // namespace tutti
