#include "gateway/pages/pages.h"

#include <utility>

#include "common/status/status.h"
#include "gateway/http/error_response.h"

namespace tutti::gateway {
namespace {

constexpr unsigned char kHome[] = {
#include "gateway/pages/home_bytes.inc"
};
constexpr unsigned char kDocs[] = {
#include "gateway/pages/docs_bytes.inc"
};
constexpr char kReadyPath[] = "/readyz";

// Its own script and style, and data from here: nothing from elsewhere.
constexpr char kPolicy[] =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

template <size_t kSize>
Response HtmlPage(const char* route, const unsigned char (&bytes)[kSize]) {
  Response page;
  page.route = route;
  page.content_type = "text/html; charset=utf-8";
  page.headers.push_back({"Content-Security-Policy", kPolicy});
  page.body.assign(bytes, bytes + kSize);
  return page;
}

Response JsonPage(const char* route, std::string body) {
  Response page;
  page.route = route;
  page.body = std::move(body);
  return page;
}

}  // namespace

Pages::Pages(std::string openapi, ReadyCheck ready, Handler& next) : ready_(std::move(ready)), next_(next) {
  pages_["/"] = HtmlPage("/", kHome);
  pages_["/docs"] = HtmlPage("/docs", kDocs);
  pages_["/openapi.json"] = JsonPage("/openapi.json", std::move(openapi));
  pages_["/healthz"] = JsonPage("/healthz", R"({"status":"ok"})");
  pages_[kReadyPath] = JsonPage(kReadyPath, R"({"status":"ready"})");
}

void Pages::Handle(Request request, Reply reply) {
  const auto page = pages_.find(request.Path());
  if (page == pages_.end()) return next_.Handle(std::move(request), std::move(reply));
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = ErrorResponse(
        405, Error(absl::StatusCode::kInvalidArgument, "METHOD_NOT_ALLOWED", "This path takes GET, HEAD."),
        request.request_id);
    response.headers.push_back({"Allow", "GET, HEAD"});
    response.route = page->second.route;
    return reply(std::move(response));
  }
  if (page->first != kReadyPath) return reply(page->second);
  const Response* ok = &page->second;
  ready_([ok, request_id = request.request_id, reply = std::move(reply)](const absl::Status& status) {
    if (status.ok()) return reply(*ok);
    Response response = ErrorResponse(status, request_id);
    response.route = ok->route;
    reply(std::move(response));
  });
}

}  // namespace tutti::gateway
