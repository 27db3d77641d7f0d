#include "control/service/call_service.h"

#include <cstdint>
#include <utility>

#include "control/core/media_statistics.h"
#include "control/service/reply.h"
#include "control/service/request.h"
#include "sdp/sdp.h"

namespace tutti::control {
namespace {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

// An absent offer is the core's to judge.
absl::StatusOr<media::v1::MediaDescription> ParseOffer(const std::string& sdp_offer) {
  if (sdp_offer.empty()) return media::v1::MediaDescription();
  return sdp::Parse(sdp_offer);
}

}  // namespace

Reactor* CallService::CreateCall(Context* context, const v1::CreateCallRequest* request, v1::Call* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Call> done) {
    const auto key = GetIdempotencyKey(*context);
    if (!key.ok()) return done(key.status());
    const auto offer = ParseOffer(request->call().sdp_offer());
    if (!offer.ok()) return done(offer.status());
    calls_.Create(principal, *request, *offer, *key, std::move(done));
  });
}

Reactor* CallService::ListCalls(Context* context, const v1::ListCallsRequest* request,
                                v1::ListCallsResponse* response) {
  return AnswerFrom<v1::ListCallsResponse>(
      authenticator_, *context, reads_, response,
      [this, request = *request](const Principal& principal) { return calls_.List(principal, request); });
}

Reactor* CallService::GetCall(Context* context, const v1::GetCallRequest* request, v1::Call* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Call> done) {
    const absl::Status status =
        reads_.Run([this, principal, id = request->id(), done] { ReadCall(principal, id, done); });
    if (!status.ok()) done(status);
  });
}

void CallService::ReadCall(const Principal& principal, const std::string& id, const Done<v1::Call>& done) {
  auto call = calls_.Get(principal, id);
  if (!call.ok() || call->status() != v1::Call::STATUS_PROGRESSING) return done(std::move(call));
  const auto leg = calls_.FindLeg(principal, id);
  const auto node = leg.ok() ? nodes_.find(leg->node_id) : nodes_.end();
  if (node == nodes_.end()) return done(std::move(call));
  media::v1::GetLegRequest request;
  request.set_leg_id(id);
  // A node that does not answer leaves what is stored.
  node->second->GetLeg(request,
                       [call = *std::move(call), done](const absl::StatusOr<media::v1::LegState>& leg) mutable {
                         if (leg.ok() && leg->has_statistics())
                           *call.mutable_media_statistics() = ToMediaStatistics(leg->statistics());
                         done(std::move(call));
                       });
}

Reactor* CallService::DeleteCall(Context* context, const v1::DeleteCallRequest* request, v1::Call* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Call> done) {
    calls_.Hangup(principal, request->id(), std::move(done));
  });
}

Reactor* CallService::ReofferCall(Context* context, const v1::ReofferCallRequest* request, v1::Call* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Call> done) {
    const auto offer = ParseOffer(request->sdp_offer());
    if (!offer.ok()) return done(offer.status());
    calls_.Reoffer(principal, *request, *offer, std::move(done));
  });
}

Reactor* CallService::HangupCall(Context* context, const v1::HangupCallRequest* request, v1::Call* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Call> done) {
    calls_.Hangup(principal, request->id(), std::move(done));
  });
}

Reactor* CallService::HoldCall(Context* context, const v1::HoldCallRequest* request, v1::Call* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Call> done) {
    calls_.SetOnHold(principal, request->id(), true, std::move(done));
  });
}

Reactor* CallService::UnholdCall(Context* context, const v1::UnholdCallRequest* request, v1::Call* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Call> done) {
    calls_.SetOnHold(principal, request->id(), false, std::move(done));
  });
}

Reactor* CallService::MuteCall(Context* context, const v1::MuteCallRequest* request, v1::Call* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Call> done) {
    calls_.SetMuted(principal, request->id(), true, std::move(done));
  });
}

Reactor* CallService::UnmuteCall(Context* context, const v1::UnmuteCallRequest* request, v1::Call* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Call> done) {
    calls_.SetMuted(principal, request->id(), false, std::move(done));
  });
}

absl::StatusOr<std::string> WriteSdpAnswer(const media::v1::MediaDescription& answer, const std::string& call_id,
                                           int64_t version) {
  sdp::SessionInfo session;
  // 60 bits of the id: o= takes a number.
  int digits = 0;
  for (auto c = call_id.rbegin(); c != call_id.rend() && digits < 15; ++c) {
    if (*c == '-') continue;
    session.session_id = session.session_id << 4 | static_cast<uint64_t>(*c <= '9' ? *c - '0' : *c - 'a' + 10);
    ++digits;
  }
  session.session_version = static_cast<uint64_t>(version);
  for (const auto& section : answer.sections()) {
    if (section.rtp_port() == 0) continue;
    session.address = section.address();
    break;
  }
  return sdp::Write(answer, session);
}

}  // namespace tutti::control
