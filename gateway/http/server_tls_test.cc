#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/tls/test_authority.h"
#include "gateway/http/raw_client.h"
#include "gateway/http/server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "prometheus/text_serializer.h"

namespace tutti::gateway {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class PathHandler final : public Handler {
 public:
  void Handle(Request request, Reply reply) override {
    Response response;
    response.body = absl::StrCat(request.method, " ", request.target, " ", request.body.size());
    reply(std::move(response));
  }
};

// A client that trusts `ca` for 127.0.0.1.
class TlsClient {
 public:
  explicit TlsClient(int port, const std::string& ca, int version_max = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_client_method())), socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    BIO* text = BIO_new_mem_buf(ca.data(), static_cast<int>(ca.size()));
    X509* certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), certificate);
    X509_free(certificate);
    BIO_free(text);
    // OpenSSL refuses old versions by itself above security level 0.
    if (version_max < TLS1_2_VERSION) SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_max_proto_version(context_, version_max);
    ssl_ = SSL_new(context_);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), "127.0.0.1");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    SSL_set_fd(ssl_, socket_);
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    close(socket_);
  }

  bool Handshake() { return SSL_connect(ssl_) == 1; }
  int version() const { return SSL_version(ssl_); }
  void Send(const std::string& bytes) {
    EXPECT_EQ(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())), static_cast<int>(bytes.size()));
  }
  // Until `end` is read, or all.
  std::string Read(const std::string& end) {
    std::string all;
    char bytes[4096];
    int got;
    while (all.find(end) == std::string::npos && (got = SSL_read(ssl_, bytes, sizeof(bytes))) > 0) {
      all.append(bytes, static_cast<size_t>(got));
    }
    return all;
  }
  // True when the server has said that it ends.
  bool EndsCleanly() {
    char byte;
    return SSL_get_error(ssl_, SSL_read(ssl_, &byte, 1)) == SSL_ERROR_ZERO_RETURN;
  }

 private:
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  const int socket_;
};

class ServerTlsTest : public ::testing::Test {
 protected:
  // OpenSSL's sockets raise it where the server has closed already.
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }

  void StartServer(ServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    options.tls = authority_.Issue("IP:127.0.0.1");
    auto server = Server::Start(options, handler_, clock_, ids_, http_metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::string Scrape() { return prometheus::TextSerializer().Serialize(metrics_.registry().Collect()); }

  TestAuthority authority_;
  SystemClock clock_;
  IdGenerator ids_{clock_};
  Metrics metrics_;
  HttpMetrics http_metrics_{metrics_};
  PathHandler handler_;
  std::unique_ptr<Server> server_;
};

constexpr char kOneFailed[] = "\ntutti_gateway_tls_handshakes_failed_total 1\n";

TEST_F(ServerTlsTest, AnswersManyRequestsAndSaysGoodbye) {
  StartServer();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server_->port(), authority_.ca(), version);
    ASSERT_TRUE(client.Handshake());
    EXPECT_EQ(client.version(), version);
    for (int i = 0; i < 3; ++i) {
      client.Send(absl::StrCat("GET /", i, " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      EXPECT_THAT(client.Read(absl::StrCat("GET /", i, " 0")), StartsWith("HTTP/1.1 200 OK\r\n"));
    }
    client.Send("GET https://localhost/last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.Read("GET /last 0"), EndsWith("GET /last 0"));
    EXPECT_TRUE(client.EndsCleanly());
  }
  EXPECT_THAT(Scrape(), HasSubstr("\ntutti_gateway_tls_handshakes_failed_total 0\n"));
}

TEST_F(ServerTlsTest, LargeBodiesGoThrough) {
  StartServer();
  TlsClient client(server_->port(), authority_.ca());
  ASSERT_TRUE(client.Handshake());
  client.Send(
      absl::StrCat("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n", std::string(500'000, 'x')));
  EXPECT_THAT(client.Read("500000"), HasSubstr("POST /a 500000"));
}

TEST_F(ServerTlsTest, PlainTextIsRefusedAndCounted) {
  StartServer();
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = client.ReadToEnd();
  EXPECT_EQ(answer.find("HTTP/1.1"), std::string::npos);
  EXPECT_TRUE(server_->Stop(absl::InfiniteDuration()));
  EXPECT_THAT(Scrape(), HasSubstr(kOneFailed));
}

TEST_F(ServerTlsTest, OldVersionsAreRefused) {
  StartServer();
  TlsClient client(server_->port(), authority_.ca(), TLS1_1_VERSION);
  EXPECT_FALSE(client.Handshake());
}

TEST_F(ServerTlsTest, AStrangersCertificateIsNotOurs) {
  StartServer();
  TlsClient client(server_->port(), TestAuthority().ca());
  EXPECT_FALSE(client.Handshake());
}

TEST_F(ServerTlsTest, ASilentClientIsCutOffAndCounted) {
  ServerOptions options;
  options.handshake_timeout = absl::Milliseconds(20);
  StartServer(options);
  RawClient client(server_->port());
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_TRUE(server_->Stop(absl::InfiniteDuration()));
  EXPECT_THAT(Scrape(), HasSubstr(kOneFailed));
}

TEST_F(ServerTlsTest, ARefusedUploadSeesWhyBeforeTheConnectionEnds) {
  ServerOptions options;
  options.body_bytes_max = 10;
  StartServer(options);
  TlsClient client(server_->port(), authority_.ca());
  ASSERT_TRUE(client.Handshake());
  client.Send(
      absl::StrCat("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n", std::string(100'000, 'x')));
  EXPECT_THAT(client.Read("PAYLOAD_TOO_LARGE"), StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTlsTest, OneConnectionTooManyIsClosed) {
  ServerOptions options;
  options.connections_max = 1;
  StartServer(options);
  TlsClient first(server_->port(), authority_.ca());
  ASSERT_TRUE(first.Handshake());
  TlsClient second(server_->port(), authority_.ca());
  EXPECT_FALSE(second.Handshake());
  first.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(first.Read("GET / 0"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTlsTest, DrainingWaitsForNoHandshake) {
  StartServer();
  RawClient silent(server_->port());
  TlsClient idle(server_->port(), authority_.ca());
  ASSERT_TRUE(idle.Handshake());
  EXPECT_TRUE(server_->Stop(absl::InfiniteDuration()));
}

}  // namespace
}  // namespace tutti::gateway
