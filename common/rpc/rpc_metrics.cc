#include "common/rpc/rpc_metrics.h"

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"

namespace tutti {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;
using SteadyClock = std::chrono::steady_clock;

const prometheus::Histogram::BucketBoundaries kDurationBuckets = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                                                  0.05,   0.1,   0.2,   0.5,   1,    5};

struct Families {
  explicit Families(prometheus::Registry& registry)
      : requests(prometheus::BuildCounter()
                     .Name("tutti_rpc_requests_total")
                     .Help("RPCs served, by method and gRPC status code.")
                     .Register(registry)),
        duration(prometheus::BuildHistogram()
                     .Name("tutti_rpc_duration_seconds")
                     .Help("Duration of unary RPCs by method, in seconds.")
                     .Register(registry)),
        in_flight(prometheus::BuildGauge()
                      .Name("tutti_rpc_in_flight")
                      .Help("RPCs being served, by method.")
                      .Register(registry)) {}

  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Family<prometheus::Histogram>& duration;
  prometheus::Family<prometheus::Gauge>& in_flight;
};

class RpcInterceptor final : public grpc::experimental::Interceptor {
 public:
  RpcInterceptor(Families& families, const ServerRpcInfo& info)
      : families_(families),
        method_(info.method()),
        is_unary_(info.type() == ServerRpcInfo::Type::UNARY),
        start_(SteadyClock::now()),
        in_flight_(families.in_flight.Add({{"method", method_}})) {
    in_flight_.Increment();
  }

  ~RpcInterceptor() override {
    in_flight_.Decrement();
    families_.requests.Add({{"method", method_}, {"code", absl::StatusCodeToString(code_)}}).Increment();
    if (!is_unary_) return;
    const std::chrono::duration<double> duration = SteadyClock::now() - start_;
    families_.duration.Add({{"method", method_}}, kDurationBuckets).Observe(duration.count());
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      code_ = static_cast<absl::StatusCode>(methods->GetSendStatus().error_code());
    }
    methods->Proceed();
  }

 private:
  Families& families_;
  const std::string method_;
  const bool is_unary_;
  const SteadyClock::time_point start_;
  prometheus::Gauge& in_flight_;
  // A call that ends without a status was cancelled by its client.
  absl::StatusCode code_ = absl::StatusCode::kCancelled;
};

class RpcMetrics final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit RpcMetrics(Metrics& metrics) : families_(metrics.registry()) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new RpcInterceptor(families_, *info);
  }

 private:
  Families families_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRpcMetrics(Metrics& metrics) {
  return std::make_unique<RpcMetrics>(metrics);
}

}  // namespace tutti
