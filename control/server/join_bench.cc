// Joins and leaves a second through gRPC, the store and a media node without
// media, with CreateConference at 100/s beside them: the target S9. Prints a
// table, a line a run; run it alone on the machine.
//   join_bench [rooms=600] [runs=3] [rate=1000]
// `rate` is that of the paced half: joins and leaves begun a second.

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
constexpr int kCallers = 64;
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

// Runs `work(i)` for each i below `count`: `rate` a second, or with rate 0 one
// after the other as fast as kCallers threads can.
void InParallel(int count, int rate, const std::function<void(int)>& work) {
  std::atomic<int> next{0};
  std::vector<std::thread> threads;
  const auto begin = SteadyClock::now();
  for (int t = 0; t < kCallers; ++t) {
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) {
        if (rate > 0) std::this_thread::sleep_until(begin + std::chrono::microseconds(int64_t{1'000'000} * i / rate));
        work(i);
      }
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

// CreateConference at 100 a second, until it ends.
class Creator {
 public:
  explicit Creator(v1::ConferenceService::Stub& stub)
      : thread_([this, &stub] {
          for (auto at = SteadyClock::now(); !done_; at += std::chrono::milliseconds(10)) {
            std::this_thread::sleep_until(at);
            CreateRoom(stub);
            // From when it was due: one that waits for another counts as late.
            ms_.push_back(Seconds(SteadyClock::now() - at) * 1'000);
          }
        }) {}

  // Its latencies in order, ms.
  std::vector<double> End() {
    done_ = true;
    thread_.join();
    std::sort(ms_.begin(), ms_.end());
    return ms_;
  }

 private:
  std::atomic<bool> done_{false};
  std::vector<double> ms_;
  std::thread thread_;
};

struct Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : conferences(v1::ConferenceService::NewStub(channel)),
        calls(v1::CallService::NewStub(channel)),
        events(v1::EventService::NewStub(channel)) {}
  std::unique_ptr<v1::ConferenceService::Stub> conferences;
  std::unique_ptr<v1::CallService::Stub> calls;
  std::unique_ptr<v1::EventService::Stub> events;
};

std::string Join(Stubs& stubs, const std::string& room_id) {
  v1::CreateCallRequest request;
  request.mutable_call()->set_type(v1::Call::TYPE_RTP);
  request.mutable_call()->set_sdp_offer(kOffer);
  v1::Action& action = *request.mutable_call()->add_actions();
  action.set_type("conference_join");
  (*action.mutable_option()->mutable_fields())["conference_id"].set_string_value(room_id);
  grpc::ClientContext context;
  v1::Call call;
  const grpc::Status status = stubs.calls->CreateCall(&context, request, &call);
  if (!status.ok()) Die("CreateCall: " + status.error_message());
  return call.id();
}

void Leave(Stubs& stubs, const std::string& call_id) {
  v1::HangupCallRequest request;
  request.set_id(call_id);
  grpc::ClientContext context;
  v1::Call call;
  const grpc::Status status = stubs.calls->HangupCall(&context, request, &call);
  if (!status.ok()) Die("HangupCall: " + status.error_message());
}

// All join, then all leave; a line of the table.
void Measure(Stubs& stubs, int rooms, int rate) {
  std::vector<std::string> room_ids(rooms);
  InParallel(rooms, 0, [&](int i) { room_ids[i] = CreateRoom(*stubs.conferences).id(); });
  Follower follower(*stubs.events);
  Creator creator(*stubs.conferences);
  const int count = rooms * kRoomSize;
  std::vector<std::string> call_ids(count);
  const auto begin = SteadyClock::now();
  InParallel(count, rate, [&](int i) { call_ids[i] = Join(stubs, room_ids[i % rooms]); });
  if (!WaitFor([&] { return follower.joined == count; })) Die("not all have joined");
  const double join_s = Seconds(SteadyClock::now() - begin);
  const auto leave_begin = SteadyClock::now();
  InParallel(count, rate, [&](int i) { Leave(stubs, call_ids[i]); });
  if (!WaitFor([&] { return follower.left == count; })) Die("not all have left");
  const double leave_s = Seconds(SteadyClock::now() - leave_begin);
  const std::vector<double> create_ms = creator.End();
  const std::string pace = rate > 0 ? absl::StrCat(rate, "/s") : "as fast as it goes";
  std::printf("%-20s %8.0f %9.0f %8.1f %8.1f\n", pace.c_str(), count / join_s, count / leave_s,
              create_ms[create_ms.size() / 2], create_ms[create_ms.size() * 99 / 100]);
  std::fflush(stdout);
}

int Main(int rooms, int runs, int rate) {
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
  Stubs stubs(MakeRpcChannel(absl::StrCat("127.0.0.1:", (*control)->GrpcPort())));
  std::printf("%-20s %8s %9s %8s %8s\n", "joins, leaves", "joins/s", "leaves/s", "p50 ms", "p99 ms");
  for (int run = 0; run < runs; ++run) Measure(stubs, rooms, rate);
  for (int run = 0; run < runs; ++run) Measure(stubs, rooms, 0);
  control->reset();
  std::filesystem::remove_all(data_dir);
  return 0;
}

}  // namespace
}  // namespace tutti::control

int main(int argc, char** argv) {
  const auto number = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  return tutti::control::Main(number(1, 600), number(2, 3), number(3, 1'000));
}
