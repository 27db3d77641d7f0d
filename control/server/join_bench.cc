// Joins and leaves a second through gRPC, the store and a media node without
// media: the target S9. Prints one line; run it alone on the machine.
//   join_bench [rooms=200] [callers=64]

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/rpc/client.h"
#include "control/media/fake_media_plane.h"
#include "control/media/wait_for.h"
#include "control/server/control_server.h"
#include "grpcpp/grpcpp.h"
#include "tutti/control/v1/call.grpc.pb.h"
#include "tutti/control/v1/conference.grpc.pb.h"
#include "tutti/control/v1/event.grpc.pb.h"

namespace tutti::control {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kRoomSize = 10;
constexpr char kOffer[] =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";

double Seconds(SteadyClock::duration duration) { return std::chrono::duration<double>(duration).count(); }

// Counts events of some types as they are committed.
class Follower {
 public:
  explicit Follower(v1::EventService::Stub& stub) {
    v1::WatchEventsRequest request;
    request.add_types("conferencecall_joined");
    request.add_types("conferencecall_leaved");
    reader_ = stub.Watch(&context_, request);
    reader_->WaitForInitialMetadata();
    thread_ = std::thread([this] {
      v1::Event event;
      while (reader_->Read(&event)) ++(event.type() == "conferencecall_joined" ? joined : left);
    });
  }

  ~Follower() {
    context_.TryCancel();
    thread_.join();
    reader_->Finish();
  }

  std::atomic<int> joined{0};
  std::atomic<int> left{0};

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::Event>> reader_;
  std::thread thread_;
};

// Runs `work(i)` for each i below `count` on `callers` threads.
void InParallel(int callers, int count, const std::function<void(int)>& work) {
  std::atomic<int> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < callers; ++t) {
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) work(i);
    });
  }
  for (auto& thread : threads) thread.join();
}

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

v1::Conference CreateRoom(v1::ConferenceService::Stub& stub) {
  grpc::ClientContext context;
  v1::Conference room;
  v1::CreateConferenceRequest request;
  request.mutable_conference();
  const grpc::Status status = stub.CreateConference(&context, request, &room);
  if (!status.ok()) Die("CreateConference: " + status.error_message());
  return room;
}

int Main(int rooms, int callers) {
  std::string data_dir = (std::filesystem::temp_directory_path() / "tutti_bench_XXXXXX").string();
  if (mkdtemp(data_dir.data()) == nullptr) Die("no temporary folder");
  FakeMediaPlane node;
  SystemClock clock;
  ControlServer::Options options;
  options.grpc_listen = "127.0.0.1:0";
  options.data_dir = data_dir;
  options.media_nodes = {{"node", node.Address()}};
  auto control = ControlServer::Start(options, clock);
  if (!control.ok()) Die(control.status().ToString());
  if (!WaitFor([&] { return (*control)->IsNodeUp("node"); })) Die("the node does not come up");
  const auto channel = MakeRpcChannel(absl::StrCat("127.0.0.1:", (*control)->GrpcPort()));
  const auto conferences = v1::ConferenceService::NewStub(channel);
  const auto calls = v1::CallService::NewStub(channel);
  const auto events = v1::EventService::NewStub(channel);

  std::vector<std::string> room_ids(rooms);
  InParallel(callers, rooms, [&](int i) { room_ids[i] = CreateRoom(*conferences).id(); });
  Follower follower(*events);

  // CreateConference at 100 a second, beside the joins.
  std::atomic<bool> done{false};
  std::vector<double> create_ms;
  std::thread creator([&] {
    for (auto at = SteadyClock::now(); !done; at += std::chrono::milliseconds(10)) {
      std::this_thread::sleep_until(at);
      const auto begin = SteadyClock::now();
      CreateRoom(*conferences);
      create_ms.push_back(Seconds(SteadyClock::now() - begin) * 1000);
    }
  });

  const int count = rooms * kRoomSize;
  std::vector<std::string> call_ids(count);
  const auto begin = SteadyClock::now();
  InParallel(callers, count, [&](int i) {
    v1::CreateCallRequest request;
    request.mutable_call()->set_type(v1::Call::TYPE_RTP);
    request.mutable_call()->set_sdp_offer(kOffer);
    v1::Action& action = *request.mutable_call()->add_actions();
    action.set_type("conference_join");
    (*action.mutable_option()->mutable_fields())["conference_id"].set_string_value(room_ids[i % rooms]);
    grpc::ClientContext context;
    v1::Call call;
    const grpc::Status status = calls->CreateCall(&context, request, &call);
    if (!status.ok()) Die("CreateCall: " + status.error_message());
    call_ids[i] = call.id();
  });
  if (!WaitFor([&] { return follower.joined == count; })) Die("not all have joined");
  const double join_s = Seconds(SteadyClock::now() - begin);

  const auto leave_begin = SteadyClock::now();
  InParallel(callers, count, [&](int i) {
    v1::HangupCallRequest request;
    request.set_id(call_ids[i]);
    grpc::ClientContext context;
    v1::Call call;
    const grpc::Status status = calls->HangupCall(&context, request, &call);
    if (!status.ok()) Die("HangupCall: " + status.error_message());
  });
  if (!WaitFor([&] { return follower.left == count; })) Die("not all have left");
  const double leave_s = Seconds(SteadyClock::now() - leave_begin);
  done = true;
  creator.join();

  std::sort(create_ms.begin(), create_ms.end());
  std::printf("joins/s %.0f  leaves/s %.0f  CreateConference at 100/s: p50 %.1f ms, p99 %.1f ms (%zu)\n",
              count / join_s, count / leave_s, create_ms[create_ms.size() / 2], create_ms[create_ms.size() * 99 / 100],
              create_ms.size());
  control->reset();
  std::filesystem::remove_all(data_dir);
  return 0;
}

}  // namespace
}  // namespace tutti::control

int main(int argc, char** argv) {
  const int rooms = argc > 1 ? std::atoi(argv[1]) : 200;
  const int callers = argc > 2 ? std::atoi(argv[2]) : 64;
  return tutti::control::Main(rooms, callers);
}
