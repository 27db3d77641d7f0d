#ifndef GATEWAY_PAGES_PAGES_H_
#define GATEWAY_PAGES_PAGES_H_

#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "gateway/http/http.h"

namespace tutti::gateway {

// Calls its argument once, on any thread: OK when requests can be served.
using ReadyCheck = std::function<void(std::function<void(absl::Status)>)>;

// What is not API: / and /docs for people, /openapi.json, /healthz (the process
// lives) and /readyz (it can serve). All else goes on to `next`.
class Pages final : public Handler {
 public:
  // `next` outlives this.
  Pages(std::string openapi, ReadyCheck ready, Handler& next);

  void Handle(Request request, Reply reply) override;

 private:
  std::map<std::string, Response, std::less<>> pages_;
  const ReadyCheck ready_;
  Handler& next_;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_PAGES_PAGES_H_
