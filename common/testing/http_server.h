#ifndef COMMON_TESTING_HTTP_SERVER_H_
#define COMMON_TESTING_HTTP_SERVER_H_

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tutti {

// For tests: a receiver on loopback that answers each request with the bytes that
// a function gives for the whole text of it; a thread a connection.
class TestHttpServer {
 public:
  using Handler = std::function<std::string(const std::string& request)>;

  explicit TestHttpServer(Handler handler);
  // Breaks its connections.
  ~TestHttpServer();

  // "http://127.0.0.1:PORT" and the path.
  std::string Url(const std::string& path = "/") const;
  int port() const { return port_; }
  int Connections() const { return connections_; }

  // A whole response with this body.
  static std::string Response(int status, const std::string& body, const std::string& more_headers = "");

 private:
  void Accept();
  void Serve(int socket);

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  absl::Mutex mutex_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<int> sockets_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace tutti

#endif  // COMMON_TESTING_HTTP_SERVER_H_
