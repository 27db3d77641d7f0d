#ifndef CONTROL_SIMULATION_REQUESTS_H_
#define CONTROL_SIMULATION_REQUESTS_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/core.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// What customers ask for: each request is sent to any replica, and again, elsewhere,
// when there was no answer or an error that a repeat may mend.
class Requests {
 public:
  // A replica that lives, by its index; null: none does.
  using PickReplica = std::function<control::Core*(int* index)>;
  template <typename T>
  using Done = control::Done<T>;

  Requests(World& world, PickReplica pick) : world_(world), pick_(std::move(pick)) {}

  // Sends until there is an answer; `check` sees a good one.
  template <typename T>
  void Send(const std::string& what, std::function<void(control::Core&, Done<T>)> send,
            std::function<void(const T&)> check) {
    const std::shared_ptr<Request> request = Add(what);
    request->again = [this, weak = std::weak_ptr<Request>(request), send, check] {
      if (const auto locked = weak.lock()) SendOnce<T>(locked, send, check);
    };
    request->again();
  }
  // Where two of them ask for one and the same, now and then by two at once.
  template <typename T>
  void SendTwins(const std::string& what, bool is_same, std::function<void(control::Core&, Done<T>)> send,
                 std::function<void(const T&)> check) {
    Send<T>(what, send, check);
    if (is_same && world_.random.Chance(250)) Send<T>(absl::StrCat(what, " (twin)"), send, check);
  }

  // Its connections are gone.
  void OnReplicaDeath(int index);

  // Nobody waits for longer than anything may take.
  void CheckAnswers();
  // Everybody was answered.
  void CheckEnd();

 private:
  // A request in progress, until it is answered for good.
  struct Request {
    std::string what;
    int replica = 0;
    absl::Duration since;
    int attempts = 0;
    bool is_over = false;
    std::function<void()> again;
  };

  std::shared_ptr<Request> Add(const std::string& what);
  // Null: no replica lives.
  control::Core* Begin(const std::shared_ptr<Request>& request);
  // True: the answer is a good one, to the attempt that counts.
  bool Take(const std::shared_ptr<Request>& request, int attempt, const absl::Status& answer);
  void Repeat(const std::shared_ptr<Request>& request);

  template <typename T>
  void SendOnce(const std::shared_ptr<Request>& request, const std::function<void(control::Core&, Done<T>)>& send,
                const std::function<void(const T&)>& check) {
    control::Core* core = Begin(request);
    if (core == nullptr) return;
    send(*core, [this, request, attempt = request->attempts, check](const absl::StatusOr<T>& answer) {
      if (Take(request, attempt, answer.status())) check(*answer);
    });
  }

  World& world_;
  const PickReplica pick_;
  std::vector<std::shared_ptr<Request>> requests_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_REQUESTS_H_
