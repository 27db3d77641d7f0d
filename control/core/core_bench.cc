// What control's rules and store cost, without gRPC: joins and leaves in rooms
// of ten over SQLite on the disk below TMPDIR, with durable commits and as many
// requests under way as clients of a gateway would have.

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "benchmark/benchmark.h"
#include "common/clock/clock.h"
#include "control/core/core.h"
#include "control/core/fake_media_node.h"
#include "control/store/sqlite_store.h"

namespace tutti::control {
namespace {

constexpr int kUnderWay = 64;
constexpr int kRoomSize = 10;

// Answers each command at once, on the store's thread.
class LoopbackMedia final : public EffectSink, public NodePicker {
 public:
  void OnCommit(Effects effects) override {
    for (const MediaRef& ref : effects.bridges) {
      auto command = core->media_commands().ReadBridge(ref);
      if (!command.ok()) continue;
      if (auto* put = std::get_if<media::v1::PutBridgeRequest>(&command->request)) {
        benchmark::DoNotOptimize(node_.Put(*put));
      } else {
        core->media_commands().BridgeRemoved(
            "n", node_.Remove(std::get<media::v1::RemoveBridgeRequest>(command->request)), Ignore);
      }
    }
    for (const MediaRef& ref : effects.legs) {
      auto command = core->media_commands().ReadLeg(ref);
      if (!command.ok()) continue;
      if (auto* put = std::get_if<media::v1::PutLegRequest>(&command->request)) {
        auto state = node_.Put(*put);
        if (state.ok()) core->media_commands().LegPut("n", *state, "", Ignore);
      } else {
        core->media_commands().LegRemoved("n", node_.Remove(std::get<media::v1::RemoveLegRequest>(command->request)),
                                          Ignore);
      }
    }
    if (!node_.events.empty()) {
      core->media_nodes().HandleEvents(lease, "e", {node_.events.begin(), node_.events.end()}, Ignore);
      node_.events.clear();
    }
    for (const v1::Event& event : effects.events) {
      if (event.type() != "conferencecall_joined") continue;
      absl::MutexLock lock(&mutex);
      ++joined;
    }
  }
  absl::StatusOr<std::string> Pick(const std::string&) override { return std::string("n"); }

  NodeSnapshot Snapshot(absl::Time now) { return node_.Snapshot(now); }
  static void Ignore(const absl::Status&) {}

  Core* core = nullptr;
  NodeLease lease;
  absl::Mutex mutex;
  int64_t joined ABSL_GUARDED_BY(mutex) = 0;

 private:
  FakeMediaNode node_{"n", "e"};
};

void BM_JoinsAndLeaves(benchmark::State& state) {
  const char* root = std::getenv("TMPDIR");
  std::string directory = std::string(root == nullptr ? "/tmp" : root) + "/core_benchXXXXXX";
  if (mkdtemp(directory.data()) == nullptr) return state.SkipWithError("no directory for the data base");
  {
    SystemClock clock;
    IdGenerator ids(clock);
    LoopbackMedia media;
    auto store = SqliteStore::Open(directory + "/tutti.db", clock, {});
    if (!store.ok()) return state.SkipWithError(store.status().ToString().c_str());
    Core core(**store, clock, ids, media, media,
              [](const media::v1::MediaDescription&, const std::string&, int64_t) { return std::string("v=0"); }, {});
    media.core = &core;
    if (!core.Start().ok()) return state.SkipWithError("start");
    absl::Mutex mutex;
    bool ready = false;
    core.media_nodes().Claim("n", "bench", absl::Hours(1), [&](absl::StatusOr<NodeLease> lease) {
      media.lease = *lease;
      core.media_nodes().Reconcile(*lease, media.Snapshot(clock.Now()), [&](const absl::Status&) {
        absl::MutexLock lock(&mutex);
        ready = true;
      });
    });
    mutex.LockWhen(absl::Condition(&ready));
    mutex.Unlock();

    const Principal principal = DefaultPrincipal();
    int under_way = 0;
    int64_t failed = 0;
    std::string room;
    int in_room = kRoomSize;
    const auto below_limit = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return under_way < kUnderWay; };
    const auto idle = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return under_way == 0; };
    for (auto _ : state) {
      if (in_room == kRoomSize) {
        bool made = false;
        core.conferences().Create(principal, {}, "", [&](absl::StatusOr<v1::Conference> conference) {
          absl::MutexLock lock(&mutex);
          room = conference->id();
          made = true;
        });
        mutex.LockWhen(absl::Condition(&made));
        mutex.Unlock();
        in_room = 0;
      }
      ++in_room;
      v1::CreateCallRequest request;
      request.mutable_call()->set_type(v1::Call::TYPE_RTP);
      request.mutable_call()->set_sdp_offer(std::string(400, 'x'));
      v1::Action& join = *request.mutable_call()->add_actions();
      join.set_type("conference_join");
      (*join.mutable_option()->mutable_fields())["conference_id"].set_string_value(room);
      mutex.LockWhen(absl::Condition(&below_limit));
      ++under_way;
      mutex.Unlock();
      core.calls().Create(principal, request, {}, "", [&](absl::StatusOr<v1::Call> call) {
        if (!call.ok()) {
          absl::MutexLock lock(&mutex);
          ++failed;
          --under_way;
          return;
        }
        core.calls().Hangup(principal, call->id(), [&](const absl::StatusOr<v1::Call>&) {
          absl::MutexLock lock(&mutex);
          --under_way;
        });
      });
    }
    mutex.LockWhen(absl::Condition(&idle));
    mutex.Unlock();
    state.SetItemsProcessed(state.iterations());
    state.counters["failed"] = static_cast<double>(failed);
    absl::MutexLock lock(&media.mutex);
    state.counters["joined"] = static_cast<double>(media.joined);
    // The store runs what is left before the core ends.
    store->reset();
  }
  std::filesystem::remove_all(directory);
}
BENCHMARK(BM_JoinsAndLeaves)->Unit(benchmark::kMicrosecond)->MeasureProcessCPUTime()->UseRealTime()->MinTime(3);

}  // namespace
}  // namespace tutti::control

BENCHMARK_MAIN();
