#include "common/s3/test_server.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tutti::s3 {
namespace {

constexpr char kNode[] = "/usr/bin/node";
constexpr char kProgram[] = "tools/s3/node_modules/s3rver/bin/s3rver.js";

std::string MakeFolder() {
  std::string name = absl::StrCat(std::getenv("TEST_TMPDIR"), "/s3-XXXXXX");
  return mkdtemp(name.data()) == nullptr ? "" : name;
}

bool Answers(int port) {
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  // From another address than the server's: a socket can connect to itself, and would then hold the port.
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  bind(peer, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool connected = connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(peer);
  return connected;
}

}  // namespace

TestServer::TestServer() : folder_(MakeFolder()), port_(FreeTcpPort()) { Start(); }

TestServer::~TestServer() {
  Kill();
  std::filesystem::remove_all(folder_);
}

void TestServer::Start() {
  if (!std::filesystem::exists(kProgram)) {
    std::fprintf(stderr, "%s is not there: tools/setup --test installs it\n", kProgram);
    std::abort();
  }
  process_ =
      std::make_unique<Process>(kNode, std::vector<std::string>{kProgram, "--directory", folder_, "--address",
                                                                "127.0.0.1", "--port", absl::StrCat(port_), "--silent",
                                                                "--no-vhost-buckets", "--configure-bucket", "calls"});
  while (!Answers(port_)) absl::SleepFor(absl::Milliseconds(5));
}

void TestServer::Kill() {
  if (process_ == nullptr) return;
  process_->Signal(SIGKILL);
  process_->Wait();
  process_.reset();
}

BucketOptions TestServer::Options() const {
  return {.endpoint = absl::StrCat("http://127.0.0.1:", port_),
          .bucket = "calls",
          .prefix = "recordings/",
          .access_key_id = "S3RVER",
          .secret_access_key = "S3RVER"};
}

}  // namespace tutti::s3
