#ifndef CONTROL_MEDIA_MEDIA_FIXTURE_H_
#define CONTROL_MEDIA_MEDIA_FIXTURE_H_

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/core/core_fixture.h"
#include "control/media/dispatcher.h"
#include "control/media/fake_node_client.h"
#include "control/scheduler/fake_monotonic_clock.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// The core with its dispatcher and one fake node, on a queue that the test runs.
class MediaFixture : public CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    dispatcher_ = std::make_unique<Dispatcher>(core_->media_commands(), queue_,
                                               std::map<std::string, NodeClient*>{{"node-1", &client_}});
  }
  void TearDown() override {
    queue_.Stop();
    dispatcher_ = nullptr;
    CoreFixture::TearDown();
  }

  void OnCommit(Effects effects) override {
    if (dispatcher_ != nullptr) dispatcher_->Enqueue(effects);
  }

  // Runs what can run now.
  void Run() {
    for (bool busy = true; busy;) {
      busy = queue_.RunOne();
      busy = store_->RunPending() || busy;
    }
  }
  // The same while the time passes.
  void Let(absl::Duration duration) {
    Run();
    for (const absl::Duration end = now_ + duration; now_ < end; Run()) {
      const absl::Duration step = std::min(queue_.NextDue(), end) - now_;
      now_ += step;
      clock_.Advance(step);
      monotonic_.Advance(step);
    }
  }

  // The time passes, and nothing runs.
  void StandStill(absl::Duration duration) {
    now_ += duration;
    clock_.Advance(duration);
    monotonic_.Advance(duration);
  }

  // A call that runs until it has nothing to do, and one that joined.
  std::string Begin(const std::vector<v1::Action>& actions) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<v1::Call>>>();
    StartCall(actions, answer);
    Run();
    v1::ListCallsRequest request;
    request.set_page_size(1);
    return core_->calls().List(principal_, request)->result(0).id();
  }
  std::string NewRoom() {
    std::string id;
    core_->conferences().Create(principal_, {}, "",
                                [&](const absl::StatusOr<v1::Conference>& made) { id = made->id(); });
    Run();
    return id;
  }
  int SentTimes(const std::string& command) const {
    return static_cast<int>(std::count(client_.sent.begin(), client_.sent.end(), command));
  }

  FakeMonotonicClock monotonic_;
  TaskQueue queue_{monotonic_.Function(), TaskQueue::Runner::kCaller};
  FakeNodeClient client_{node_, queue_};
  std::unique_ptr<Dispatcher> dispatcher_;

 private:
  absl::Duration now_;
};

}  // namespace tutti::control

#endif  // CONTROL_MEDIA_MEDIA_FIXTURE_H_
