#include "gateway/rest/rest_handler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/protojson/protojson.h"
#include "common/status/status.h"
#include "gateway/http/error_response.h"
#include "gateway/rest/control_call.h"
#include "gateway/rest/request_builder.h"
#include "grpcpp/impl/codegen/proto_utils.h"

namespace tutti::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

constexpr size_t kIdempotencyKeyBytesMax = 128;

bool IsVisible(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isgraph(c); });
}

// From the response's own field, RFC 9110 section 8.8.3.
void AddEtag(const Message& message, Response& response) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName("etag");
  if (field == nullptr || field->type() != FieldDescriptor::TYPE_STRING || field->is_repeated()) return;
  const std::string etag = message.GetReflection()->GetString(message, field);
  if (etag.empty() || !IsVisible(etag) || etag.find('"') != std::string::npos) return;
  response.headers.push_back({"ETag", absl::StrCat("\"", etag, "\"")});
}

Response Options(const std::string& allow) {
  Response response;
  response.status = 204;
  response.headers.push_back({"Allow", allow});
  return response;
}

std::string Allow(std::set<std::string> allowed) {
  if (allowed.contains("GET")) allowed.insert("HEAD");
  allowed.insert("OPTIONS");
  return absl::StrJoin(allowed, ", ");
}

}  // namespace

RestHandler::RestHandler(RouteTable routes, std::shared_ptr<grpc::Channel> channel, IdGenerator& ids,
                         absl::Duration deadline)
    : routes_(std::move(routes)), ids_(ids), stub_(std::move(channel)), deadline_(deadline) {}

RestHandler::~RestHandler() {
  std::set<std::shared_ptr<BodyStream>> streams;
  {
    absl::MutexLock lock(&mutex_);
    for (RestCall* call : calls_) call->context.TryCancel();
    streams = streams_;
  }
  for (const auto& stream : streams) stream->Cancel();
  streams.clear();
  const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return calls_.empty() && streams_.empty(); };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&none));
}

void RestHandler::Handle(Request request, Reply reply) {
  const auto fail = [&](int http_status, const absl::Status& status, const Route* route = nullptr) {
    Response response = ErrorResponse(http_status, status, request.request_id);
    if (route != nullptr) response.route = route->label;
    return response;
  };
  const auto path = ParsePath(request.Path());
  if (!path.ok()) return reply(fail(400, path.status()));
  RouteTable::Match match = routes_.Find(request.method == "HEAD" ? "GET" : request.method, *path);
  if (match.allowed.empty()) {
    return reply(fail(404, Error(absl::StatusCode::kNotFound, "PATH_NOT_FOUND", "Nothing is at this path.")));
  }
  const std::string allow = Allow(match.allowed);
  if (request.method == "OPTIONS") return reply(Options(allow));
  if (match.route == nullptr) {
    Response response = fail(405, Error(absl::StatusCode::kInvalidArgument, "METHOD_NOT_ALLOWED",
                                        absl::StrCat("This path takes ", allow, ".")));
    response.headers.push_back({"Allow", allow});
    return reply(std::move(response));
  }
  if (absl::Status type = CheckMediaType(*match.route, request); !type.ok()) return reply(fail(415, type, match.route));
  auto message = BuildRequest(*match.route, match.bindings, request);
  if (!message.ok()) return reply(fail(HttpStatus(message.status().code()), message.status(), match.route));

  auto call = std::make_unique<RestCall>();
  if (!AddCredentials(request, call->context)) {
    return reply(fail(
        401,
        Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "The Authorization header can't be one of ours."),
        match.route));
  }
  const std::string key(request.Find("idempotency-key"));
  if (key.size() > kIdempotencyKeyBytesMax || !IsVisible(key)) {
    return reply(fail(400,
                      Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
                            "Idempotency-Key has 1–128 printable characters.", {{"field", "Idempotency-Key"}}),
                      match.route));
  }
  if (!key.empty()) call->context.AddMetadata("idempotency-key", key);
  call->trace_id = AddTrace(request, ids_, call->context);
  if (match.route->streams && !AddBodyHeaders(request, call->context)) {
    return reply(fail(400,
                      Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
                            "Range, If-Range and If-None-Match have at most 1024 printable characters."),
                      match.route));
  }
  call->route = match.route;
  call->request_id = request.request_id;
  call->reply = std::move(reply);
  call->request = *std::move(message);
  call->response.reset(MessageFactory::generated_factory()->GetPrototype(call->route->method->output_type())->New());
  match.route->streams ? StartStream(std::move(call)) : StartCall(std::move(call));
}

void RestHandler::StartStream(std::unique_ptr<RestCall> call) {
  const auto stream = std::make_shared<BodyStream>(std::move(call), deadline_);
  {
    absl::MutexLock lock(&mutex_);
    streams_.insert(stream);
  }
  // Last of all that the stream does: from there on the handler may be gone.
  stream->Start(stub_, [this](const std::shared_ptr<BodyStream>& ended) {
    absl::MutexLock lock(&mutex_);
    streams_.erase(ended);
  });
}

void RestHandler::StartCall(std::unique_ptr<RestCall> owned) {
  RestCall* call = owned.release();
  call->context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline_));
  {
    absl::MutexLock lock(&mutex_);
    calls_.insert(call);
  }
  stub_.UnaryCall(&call->context, call->route->grpc_method, {}, call->request.get(), call->response.get(),
                  [this, call](const grpc::Status& status) { FinishCall(call, status); });
}

void RestHandler::FinishCall(RestCall* call, const grpc::Status& status) {
  const std::unique_ptr<RestCall> owned(call);
  Response response;
  if (status.ok()) {
    const Message* answer = call->response.get();
    const FieldDescriptor* field = call->route->response_field;
    if (field != nullptr) answer = &answer->GetReflection()->GetMessage(*answer, field);
    response.route = call->route->label;
    response.body = protojson::Write(*answer);
    AddEtag(*answer, response);
  } else {
    response = FailureOf(*call, status);
  }
  call->reply(std::move(response));
  call->reply = nullptr;
  // Last: from here on the handler may be gone.
  absl::MutexLock lock(&mutex_);
  calls_.erase(call);
}

}  // namespace tutti::gateway
