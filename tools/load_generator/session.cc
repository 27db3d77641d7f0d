#include "tools/load_generator/session.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/caller/negotiation.h"

namespace tutti::tools {
namespace {

constexpr auto kJoinedDeadline = std::chrono::seconds(60);
constexpr auto kEndedDeadline = std::chrono::seconds(30);
constexpr auto kPollEvery = std::chrono::milliseconds(50);

const std::atomic<bool> kNeverStop = false;

absl::Status Stopped() { return Error(absl::StatusCode::kCancelled, "STOPPED", "Stopped."); }

}  // namespace

absl::Status Session::ForAll(size_t count, const std::atomic<bool>& stop,
                             const std::function<absl::Status(ApiClient&, size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  absl::Status first_error;
  std::vector<std::thread> threads;
  for (ApiClient& client : clients_) {
    threads.emplace_back([&] {
      for (size_t i = next++; i < count; i = next++) {
        const absl::Status status = stop ? Stopped() : work(client, i);
        if (status.ok()) continue;
        const std::lock_guard lock(mutex);
        if (first_error.ok()) first_error = status;
        next = count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return first_error;
}

absl::StatusOr<std::unique_ptr<Session>> Session::Start(const LoadOptions& options, mediaplane::Codec codec,
                                                        const std::atomic<bool>& stop) {
  std::unique_ptr<Session> session(new Session);
  for (int i = 0; i < kClients; ++i) {
    TUTTI_ASSIGN_OR_RETURN(ApiClient client, ApiClient::Connect(options.gateway));
    session->clients_.push_back(std::move(client));
  }
  TUTTI_ASSIGN_OR_RETURN(session->local_address_, LocalAddressTowards(options.gateway));
  const std::vector<PlannedCaller> plan = MakePlan(options);
  TUTTI_RETURN_IF_ERROR(session->MakeRooms(options, stop));
  TUTTI_RETURN_IF_ERROR(session->MakeCalls(codec, plan, stop));
  TUTTI_RETURN_IF_ERROR(session->WaitJoined(plan, stop));
  return session;
}

absl::Status Session::MakeRooms(const LoadOptions& options, const std::atomic<bool>& stop) {
  room_ids_.resize(static_cast<size_t>(options.rooms));
  return ForAll(room_ids_.size(), stop, [&](ApiClient& client, size_t i) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const Conference room, client.CreateConference(absl::StrCat("load ", i)));
    room_ids_[i] = room.id;
    return absl::OkStatus();
  });
}

absl::Status Session::MakeCalls(mediaplane::Codec codec, const std::vector<PlannedCaller>& plan,
                                const std::atomic<bool>& stop) {
  call_ids_.resize(plan.size());
  std::vector<std::optional<LoadCaller>> callers(plan.size());
  TUTTI_RETURN_IF_ERROR(ForAll(plan.size(), stop, [&](ApiClient& client, size_t i) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(MediaSockets sockets, MediaSockets::Bind(local_address_));
    const uint16_t port = sockets.port();
    TUTTI_ASSIGN_OR_RETURN(const Call call, client.JoinConference(MakeOffer(codec, local_address_, port, port + 1),
                                                                  room_ids_[static_cast<size_t>(plan[i].room)]));
    call_ids_[i] = call.id;
    TUTTI_ASSIGN_OR_RETURN(const RemoteMedia remote, ReadAnswer(call.sdp_answer, codec));
    TUTTI_ASSIGN_OR_RETURN(const UdpAddress rtp, MakeUdpAddress(remote.address, remote.rtp_port));
    TUTTI_ASSIGN_OR_RETURN(const UdpAddress rtcp, MakeUdpAddress(remote.address, remote.rtcp_port));
    std::random_device random;
    callers[i].emplace(LoadCaller{.plan = plan[i],
                                  .sockets = std::move(sockets),
                                  .remote_rtp = rtp,
                                  .remote_rtcp = rtcp,
                                  .ssrc = random(),
                                  .sequence = static_cast<uint16_t>(random()),
                                  .timestamp = random(),
                                  .stream = {},
                                  .ear = nullptr,
                                  .decoder = nullptr});
    return absl::OkStatus();
  }));
  for (auto& caller : callers) callers_.push_back(*std::move(caller));
  return absl::OkStatus();
}

absl::Status Session::WaitJoined(const std::vector<PlannedCaller>& plan, const std::atomic<bool>& stop) {
  std::vector<int> wanted(room_ids_.size());
  for (const PlannedCaller& caller : plan) ++wanted[static_cast<size_t>(caller.room)];
  const auto deadline = std::chrono::steady_clock::now() + kJoinedDeadline;
  return ForAll(room_ids_.size(), stop, [&](ApiClient& client, size_t i) -> absl::Status {
    for (;;) {
      TUTTI_ASSIGN_OR_RETURN(const Conference room, client.GetConference(room_ids_[i]));
      if (room.participant_count == wanted[i]) return absl::OkStatus();
      if (stop) return Stopped();
      if (std::chrono::steady_clock::now() > deadline) {
        return Error(absl::StatusCode::kDeadlineExceeded, "NOT_JOINED",
                     absl::StrCat("Conference ", room_ids_[i], " has ", room.participant_count, " of ", wanted[i],
                                  " participants after a minute."));
      }
      std::this_thread::sleep_for(kPollEvery);
    }
  });
}

absl::Status Session::End() {
  // All are tried; the first refusal is told.
  absl::Status result;
  const auto note = [](absl::Status& first, const absl::Status& status) {
    if (first.ok() && !status.ok() && !absl::IsNotFound(status)) first = status;
  };
  std::mutex mutex;
  (void)ForAll(call_ids_.size(), kNeverStop, [&](ApiClient& client, size_t i) -> absl::Status {
    if (call_ids_[i].empty()) return absl::OkStatus();
    const absl::Status status = client.Hangup(call_ids_[i]).status();
    const std::lock_guard lock(mutex);
    note(result, status);
    return absl::OkStatus();
  });
  const auto deadline = std::chrono::steady_clock::now() + kEndedDeadline;
  (void)ForAll(room_ids_.size(), kNeverStop, [&](ApiClient& client, size_t i) -> absl::Status {
    if (room_ids_[i].empty()) return absl::OkStatus();
    absl::Status status = client.DeleteConference(room_ids_[i]).status();
    while (status.ok() && std::chrono::steady_clock::now() < deadline) {
      const absl::StatusOr<Conference> room = client.GetConference(room_ids_[i]);
      if (room.ok() && room->status != "terminated") {
        std::this_thread::sleep_for(kPollEvery);
        continue;
      }
      status = room.status();
      break;
    }
    const std::lock_guard lock(mutex);
    note(result, status);
    return absl::OkStatus();
  });
  call_ids_.clear();
  room_ids_.clear();
  return result;
}

Session::~Session() { (void)End(); }

}  // namespace tutti::tools
