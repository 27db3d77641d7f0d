#include "control/service/media_streams.h"

#include <openssl/rand.h>

#include <cstdlib>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/rules/validate.h"

namespace tutti::control {
namespace {

constexpr int kRateDefault = 16'000;
constexpr size_t kTokenBytes = 32;

// The bridge's own command may be on its way: so often, and so long apart.
constexpr int kAttemptsMax = 20;
constexpr absl::Duration kPause = absl::Milliseconds(100);

bool MayPass(const absl::Status& status) {
  return GetErrorDetail(status).reason == "BRIDGE_NOT_FOUND" || absl::IsUnavailable(status) ||
         absl::IsDeadlineExceeded(status);
}

}  // namespace

std::string MakeStreamToken() {
  unsigned char bytes[kTokenBytes];
  if (RAND_bytes(bytes, sizeof(bytes)) != 1) std::abort();
  return absl::BytesToHexString({reinterpret_cast<const char*>(bytes), sizeof(bytes)});
}

void MediaStreams::Open(const Principal& principal, const v1::OpenMediaStreamRequest& request,
                        Done<v1::MediaStream> done) {
  if (absl::Status status = CheckOpenMediaStream(request); !status.ok()) return done(status);
  v1::OpenMediaStreamRequest filled = request;
  if (filled.rate() == 0) filled.set_rate(kRateDefault);
  if (filled.direction() == v1::OpenMediaStreamRequest::DIRECTION_SENDRECV) {
    return OpenCall(principal, filled, make_token_(), std::move(done));
  }
  OpenTap(principal, filled, make_token_(), std::move(done));
}

absl::StatusOr<MediaStreams::Node> MediaStreams::FindNode(const std::string& node_id) const {
  const auto found = nodes_.find(node_id);
  if (found != nodes_.end()) return found->second;
  return Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE",
               absl::StrCat("media node ", node_id, " is not configured"));
}

void MediaStreams::OpenTap(const Principal& principal, const v1::OpenMediaStreamRequest& request,
                           const std::string& token, Done<v1::MediaStream> done) {
  auto tap = std::make_shared<Tap>();
  tap->request.set_token(token);
  tap->request.set_bridge_id(request.id());
  tap->request.set_sample_rate_hz(request.rate());
  tap->done = std::move(done);
  conferences_.PlaceBridge(principal, request.id(), [this, tap](const absl::StatusOr<MediaRef>& bridge) {
    if (!bridge.ok()) return tap->done(bridge.status());
    tap->node_id = bridge->node_id;
    queue_.Post([this, tap] { SendTap(tap); });
  });
}

void MediaStreams::SendTap(const std::shared_ptr<Tap>& tap) {
  const auto node = FindNode(tap->node_id);
  if (!node.ok()) return tap->done(node.status());
  node->client->OpenAudioStream(tap->request, [this, tap, address = node->address](
                                                  const absl::StatusOr<media::v1::OpenAudioStreamResponse>& opened) {
    if (opened.ok()) {
      v1::MediaStream stream;
      stream.set_media_address(address);
      stream.set_token(tap->request.token());
      stream.set_rate(static_cast<int>(tap->request.sample_rate_hz()));
      return tap->done(std::move(stream));
    }
    if (!MayPass(opened.status())) return tap->done(opened.status());
    if (++tap->attempts < kAttemptsMax) return queue_.PostAfter(kPause, [this, tap] { SendTap(tap); });
    tap->done(Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE",
                    absl::StrCat("media node ", tap->node_id, " does not open the stream")));
  });
}

void MediaStreams::OpenCall(const Principal& principal, const v1::OpenMediaStreamRequest& request,
                            const std::string& token, Done<v1::MediaStream> done) {
  calls_.CreateStream(
      principal, request, token,
      [this, principal, rate = request.rate(), token, done = std::move(done)](const absl::StatusOr<v1::Call>& call) {
        if (!call.ok()) return done(call.status());
        const absl::Status status = reads_.Run([this, principal, id = call->id(), rate, token, done] {
          const auto leg = calls_.FindLeg(principal, id);
          if (!leg.ok()) return done(leg.status());
          const auto node = FindNode(leg->node_id);
          if (!node.ok()) return done(node.status());
          v1::MediaStream stream;
          stream.set_media_address(node->address);
          stream.set_token(token);
          stream.set_call_id(id);
          stream.set_rate(rate);
          done(std::move(stream));
        });
        if (!status.ok()) done(status);
      });
}

}  // namespace tutti::control
