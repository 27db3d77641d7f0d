#include "control/simulation/webhook_receivers.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/principal.h"
#include "nlohmann/json.hpp"

namespace tutti::control::simulation {
namespace {

constexpr int kTaken = 204;
constexpr int kFailed = 500;
constexpr int kGone = 410;

constexpr absl::Duration kPauseMax = absl::Milliseconds(40);
constexpr absl::Duration kSlowPauseMax = absl::Seconds(2);
// Longer than a request may take.
constexpr absl::Duration kTooSlowPause = absl::Seconds(12);

// What one that goes away takes before.
constexpr int kTakenUntilGone = 30;

constexpr int kEventsMax = 1'000'000;

const char* NameOf(WebhookReceivers::Kind kind) {
  using Kind = WebhookReceivers::Kind;
  switch (kind) {
    case Kind::kGood:
      return "good";
    case Kind::kSlow:
      return "slow";
    case Kind::kFlaky:
      return "flaky";
    case Kind::kBroken:
      return "broken";
    case Kind::kGone:
      return "gone";
  }
  return "";
}

}  // namespace

std::string HeaderOf(const HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

std::string WebhookReceivers::Add(Kind kind) {
  const std::string url = absl::StrCat("http://hooks/", NameOf(kind), receivers_.size());
  receivers_[url].kind = kind;
  return url;
}

void WebhookReceivers::OnMade(const std::string& url, const std::string& webhook_id) {
  std::string& known = receivers_.at(url).webhook_id;
  if (!known.empty() && known != webhook_id) world_.Fail(absl::StrCat("a key made two webhooks of ", url));
  known = webhook_id;
}

WebhookReceivers::Message WebhookReceivers::Read(const HttpRequest& request) const {
  const auto body = nlohmann::json::parse(request.body);
  const Message message{body["id"], body["stream"], body["sequence"]};
  if (HeaderOf(request, "webhook-id") != message.id) world_.Fail("a webhook's id is not the event's");
  return message;
}

void WebhookReceivers::OnBegin(const HttpRequest& request) {
  const Message message = Read(request);
  if (++under_way_[{request.url, message.stream}] > 1) {
    world_.Fail(absl::StrCat("two requests at a time of ", message.stream, " to ", request.url));
  }
}

void WebhookReceivers::OnEnd(const HttpRequest& request) { --under_way_[{request.url, Read(request).stream}]; }

std::pair<absl::Duration, int> WebhookReceivers::Take(const HttpRequest& request) {
  const auto place = receivers_.find(request.url);
  if (place == receivers_.end()) {
    world_.Fail(absl::StrCat("a webhook of nobody: ", request.url));
    return {};
  }
  Receiver& receiver = place->second;
  const Message message = Read(request);
  CheckMessage(receiver, message);
  const int status = StatusOf(receiver);
  ++counts_[absl::StrCat("webhook_", NameOf(receiver.kind), "_", status)];
  Stream& stream = receiver.streams[message.stream];
  stream.sequence = message.sequence;
  if (status == kTaken) {
    stream.is_taken = true;
    receiver.taken.emplace(message.stream, message.sequence);
  }
  return {PauseOf(receiver.kind), status};
}

int WebhookReceivers::StatusOf(Receiver& receiver) {
  ++receiver.received;
  switch (receiver.kind) {
    case Kind::kFlaky:
      return !is_healed_ && world_.random.Chance(300) ? (world_.random.Chance(300) ? 0 : kFailed) : kTaken;
    case Kind::kBroken:
      return is_healed_ ? kTaken : kFailed;
    case Kind::kGone:
      receiver.is_gone = receiver.is_gone || receiver.received > kTakenUntilGone;
      return receiver.is_gone ? kGone : kTaken;
    default:
      return kTaken;
  }
}

absl::Duration WebhookReceivers::PauseOf(Kind kind) {
  if (kind == Kind::kSlow && !is_healed_) {
    if (world_.random.Chance(30)) return kTooSlowPause;
    if (world_.random.Chance(200)) return world_.random.Between(absl::ZeroDuration(), kSlowPauseMax);
  }
  return world_.random.Between(absl::ZeroDuration(), kPauseMax);
}

void WebhookReceivers::CheckMessage(Receiver& receiver, const Message& message) {
  Stream& stream = receiver.streams[message.stream];
  const auto what = [&] {
    return absl::StrCat(NameOf(receiver.kind), " ", message.stream, " ", message.sequence, " after ", stream.sequence);
  };
  std::string id;
  absl::Status read = database_->Inspect([&](control::Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto stored, tx.outbox.ReadStream(message.stream, message.sequence - 1, 1));
    if (!stored.empty() && stored[0].event.sequence() == message.sequence) id = stored[0].event.id();
    return absl::OkStatus();
  });
  if (!read.ok() || id != message.id) world_.Fail(absl::StrCat("a webhook of no event, or under another id: ", what()));
  if (message.sequence == stream.sequence) {
    ++counts_["webhook_repeats"];
    return;
  }
  if (message.sequence < stream.sequence) world_.Fail(absl::StrCat("a webhook out of order: ", what()));
  const bool is_next = stream.is_taken && message.sequence == stream.sequence + 1;
  stream.is_taken = false;
  if (!is_next && CountMissing(receiver, message.stream, message.sequence) > 0) {
    world_.Fail(absl::StrCat("a webhook before its turn: ", what()));
  }
}

int64_t WebhookReceivers::StartOf(Receiver& receiver) {
  int64_t start = -1;
  absl::Status read = database_->Inspect([&](control::Transaction& tx) -> absl::Status {
    if (receiver.webhook_id.empty()) {
      // Whoever made it has not heard of it.
      TUTTI_ASSIGN_OR_RETURN(const auto enabled, tx.webhooks.FindEnabled());
      for (const auto& record : enabled) {
        const auto found = receivers_.find(record.webhook().uri());
        if (found != receivers_.end() && &found->second == &receiver) receiver.webhook_id = record.webhook().id();
      }
    }
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.webhooks.Find(receiver.webhook_id, control::Lock::kNo));
    if (record.has_value()) start = record->start_position();
    return absl::OkStatus();
  });
  if (!read.ok()) world_.Fail(read.ToString());
  return start;
}

std::set<std::pair<std::string, int64_t>> WebhookReceivers::FindDead(const Receiver& receiver) {
  std::set<std::pair<std::string, int64_t>> dead;
  absl::Status read = database_->Inspect([&](control::Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto found, tx.webhook_deliveries.List(
                                                 receiver.webhook_id, v1::WebhookDelivery::STATE_DEAD, {}, kEventsMax));
    for (const auto& delivery : found) dead.emplace(delivery.stream, delivery.sequence);
    return absl::OkStatus();
  });
  if (!read.ok()) world_.Fail(read.ToString());
  return dead;
}

int WebhookReceivers::CountMissing(Receiver& receiver, const std::string& stream, int64_t before) {
  const int64_t start = StartOf(receiver);
  const auto dead = FindDead(receiver);
  int missing = 0;
  absl::Status read = database_->Inspect([&](control::Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto stored, tx.outbox.ReadStream(stream, 0, kEventsMax));
    for (const auto& entry : stored) {
      const std::pair<std::string, int64_t> key(stream, entry.event.sequence());
      if (entry.position <= start || key.second >= before) continue;
      if (!receiver.taken.contains(key) && !dead.contains(key)) ++missing;
    }
    return absl::OkStatus();
  });
  if (!read.ok()) world_.Fail(read.ToString());
  return missing;
}

void WebhookReceivers::CheckEnd() {
  for (auto& [url, receiver] : receivers_) {
    const int64_t start = StartOf(receiver);
    if (start < 0 || receiver.is_gone) continue;
    const auto dead = FindDead(receiver);
    counts_["webhook_dead"] += static_cast<int64_t>(dead.size());
    absl::Status read =
        database_->Inspect([&, &url = url, &receiver = receiver](control::Transaction& tx) -> absl::Status {
          TUTTI_ASSIGN_OR_RETURN(const auto stored, tx.outbox.ReadAll(control::kDefaultCustomerId, start, kEventsMax));
          for (const auto& entry : stored) {
            const std::pair<std::string, int64_t> key(entry.event.stream(), entry.event.sequence());
            if (receiver.taken.contains(key) || dead.contains(key)) continue;
            world_.Fail(absl::StrCat("an event never came to ", url, ": ", entry.event.ShortDebugString()));
            return absl::OkStatus();
          }
          return absl::OkStatus();
        });
    if (!read.ok()) world_.Fail(read.ToString());
  }
}

}  // namespace tutti::control::simulation
