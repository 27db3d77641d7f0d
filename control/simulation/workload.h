#ifndef CONTROL_SIMULATION_WORKLOAD_H_
#define CONTROL_SIMULATION_WORKLOAD_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/core/core.h"
#include "control/simulation/checker.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// The customers: they make rooms and calls, change and end them, at any replica,
// and ask again, elsewhere, when they got no answer or an error that a repeat may
// mend.
class Workload {
 public:
  // A replica that lives, by its index; null: none does.
  using PickReplica = std::function<control::Core*(int* index)>;

  Workload(World& world, const Checker& checker, PickReplica pick)
      : world_(world), checker_(checker), pick_(std::move(pick)) {}

  // One request, of any kind.
  void Operate();
  // Ends everything: rooms first.
  void EndAll();
  // Its connections are gone.
  void OnReplicaDeath(int index);

  // Who waits and for how long already, where it is longer than anything may take.
  void CheckAnswers();
  // Everybody was answered, and what was created by a key was created once.
  void CheckEnd(SimulatedDatabase& database);

 private:
  template <typename T>
  using Done = control::Done<T>;
  // A request in progress, until it is answered for good.
  struct Request {
    std::string what;
    int replica = 0;
    absl::Duration since;
    int attempts = 0;
    bool is_over = false;
    std::function<void()> again;
  };

  // Sends until there is an answer; `check` sees a good one.
  template <typename T>
  void Send(const std::string& what, std::function<void(control::Core&, Done<T>)> send,
            std::function<void(const T&)> check);
  // Where two of them ask for one and the same, now and then by two at once.
  template <typename T>
  void SendTwins(const std::string& what, bool is_same, std::function<void(control::Core&, Done<T>)> send,
                 std::function<void(const T&)> check);
  template <typename T>
  void SendOnce(const std::shared_ptr<Request>& request, const std::function<void(control::Core&, Done<T>)>& send,
                const std::function<void(const T&)>& check);

  void CreateRoom();
  void ChangeRoom();
  void DeleteRoom(const std::string& id);
  void CreateCall();
  void HangUp(const std::string& id);
  void Kick();
  void Reoffer();
  // Of recordings and transcriptions.
  void OperateJob();
  void StartRecording();
  void StopRecording();
  void PauseRecording();
  void StartTranscribe();
  void StopTranscribe();
  void Get();
  std::string NewId();
  std::string NewKey();
  v1::Action Join();
  const std::string& OneOf(const std::vector<std::string>& ids);

  World& world_;
  const Checker& checker_;
  const PickReplica pick_;
  std::vector<std::shared_ptr<Request>> requests_;
  int keys_ = 0;
  // The resource that each key was answered with.
  std::map<std::string, std::string> created_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_WORKLOAD_H_
