#include "common/rpc/client.h"

#include <arpa/inet.h>

#include <functional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/rpc/keep_grpc.h"
#include "common/status/status.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/tls_certificate_verifier.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/support/channel_arguments.h"

namespace tutti {
namespace {

using grpc::experimental::TlsCustomVerificationCheckRequest;

// A replica's death is noticed by its closed connections, and another one is
// there at once: three more tries are enough for a few that die together. The
// budget (maxTokens) ends them when everything fails.
constexpr char kRetryPolicy[] =
    R"("retryPolicy":{"maxAttempts":4,"initialBackoff":"0.02s","maxBackoff":"0.5s","backoffMultiplier":3,)"
    R"("retryableStatusCodes":["UNAVAILABLE"]})";
constexpr char kRetryBudget[] = R"("retryThrottling":{"maxTokens":1000,"tokenRatio":1})";

struct IpPort {
  // AF_INET or AF_INET6.
  int family = 0;
  // In its shortest form.
  std::string ip;
};

// "192.0.2.1:50051", "[::1]:50051"; family 0: neither.
IpPort ParseIpPort(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  for (const int family : {AF_INET, AF_INET6}) {
    unsigned char bytes[sizeof(in6_addr)];
    char text[INET6_ADDRSTRLEN];
    if (colon == std::string::npos || inet_pton(family, host.c_str(), bytes) != 1) continue;
    if (inet_ntop(family, bytes, text, sizeof(text)) != nullptr) return {family, text};
  }
  return {};
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return arguments;
}

// Instead of gRPC's own check of the name, which knows one name a channel: the
// certificate, of an authority that we trust, is for one of these addresses.
class OneOfReplicas final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit OneOfReplicas(std::set<std::string> ips) : ips_(std::move(ips)) {}

  bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    *status = grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "the certificate is for none of the replicas' addresses");
    for (const grpc::string_ref& name : request->ip_names()) {
      if (ips_.contains(ParseIpPort(absl::StrCat(std::string(name.data(), name.size()), ":0")).ip)) {
        *status = grpc::Status::OK;
      }
    }
    return true;
  }

  void Cancel(TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::set<std::string> ips_;
};

std::shared_ptr<grpc::ChannelCredentials> Credentials(const Tls* tls) {
  if (tls == nullptr) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({tls->ca, tls->key, tls->certificate});
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(std::set<std::string> ips, const Tls* tls) {
  if (tls == nullptr) return grpc::InsecureChannelCredentials();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
      tls->ca, std::vector<grpc::experimental::IdentityKeyCertPair>{{tls->key, tls->certificate}}));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      grpc::experimental::ExternalCertificateVerifier::Create<OneOfReplicas>(std::move(ips)));
  return grpc::experimental::TlsCredentials(options);
}

// https://github.com/grpc/grpc/blob/master/doc/service_config.md
std::string ServiceConfig(const std::vector<std::string>& retried_methods) {
  std::vector<std::string> names;
  for (const std::string& method : retried_methods) {
    const std::vector<std::string> parts = absl::StrSplit(method, '/');
    names.push_back(absl::StrCat(R"({"service":")", parts.at(1), R"(","method":")", parts.at(2), R"("})"));
  }
  std::string config = absl::StrCat(R"({"loadBalancingConfig":[{"round_robin":{}}],)", kRetryBudget);
  if (!names.empty()) {
    absl::StrAppend(&config, R"(,"methodConfig":[{"name":[)", absl::StrJoin(names, ","), "],", kRetryPolicy, "}]");
  }
  return config + "}";
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeRpcChannel(const std::string& address, std::shared_ptr<const Tls> tls) {
  KeepGrpc();
  return grpc::CreateCustomChannel(address, Credentials(tls.get()), Arguments());
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeReplicasChannel(const ReplicasChannelOptions& options) {
  KeepGrpc();
  grpc::ChannelArguments arguments = Arguments();
  arguments.SetServiceConfigJSON(ServiceConfig(options.retried_methods));
  if (options.addresses.empty()) return absl::InvalidArgumentError("there is no address to connect to");
  if (options.addresses.size() == 1) {
    return grpc::CreateCustomChannel(options.addresses.front(), Credentials(options.tls.get()), arguments);
  }
  std::set<std::string> ips;
  const int family = ParseIpPort(options.addresses.front()).family;
  for (const std::string& address : options.addresses) {
    const IpPort parsed = ParseIpPort(address);
    if (parsed.family == 0 || parsed.family != family) {
      return absl::InvalidArgumentError(
          absl::StrCat("several addresses are all IPv4:PORT or all [IPv6]:PORT, and '", address, "' is not"));
    }
    ips.insert(parsed.ip);
  }
  // One name for all in ":authority"; nobody looks at it.
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, options.addresses.front());
  const std::string target = absl::StrCat(family == AF_INET ? "ipv4:" : "ipv6:", absl::StrJoin(options.addresses, ","));
  return grpc::CreateCustomChannel(target, CredentialsFor(std::move(ips), options.tls.get()), arguments);
}

}  // namespace tutti
