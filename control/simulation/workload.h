#ifndef CONTROL_SIMULATION_WORKLOAD_H_
#define CONTROL_SIMULATION_WORKLOAD_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "control/core/core.h"
#include "control/core/principal.h"
#include "control/simulation/checker.h"
#include "control/simulation/requests.h"
#include "control/simulation/webhook_receivers.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// The customers: they make rooms and calls, change and end them.
class Workload {
 public:
  Workload(World& world, const Checker& checker, WebhookReceivers& webhooks, Requests::PickReplica pick)
      : world_(world), checker_(checker), webhooks_(webhooks), pick_(pick), requests_(world, std::move(pick)) {}

  // One webhook of each kind, now and later.
  void CreateWebhooks();

  // One request, of any kind.
  void Operate();
  // Ends everything: rooms first.
  void EndAll();

  Requests& requests() { return requests_; }
  // What was created by a key was created once.
  void CheckEnd(SimulatedDatabase& database);

 private:
  // Of the rooms that have one.
  static constexpr const char* kPins[] = {"11", "22"};

  template <typename T>
  using Done = Requests::Done<T>;

  static const control::Principal& Customer();

  // --- workload_rooms.cc
  void CreateRoom();
  void ChangeRoom();
  void DeleteRoom(const std::string& id);
  void Lock();
  void MuteAll();
  void Get();

  // --- workload_calls.cc
  void CreateCall();
  v1::Action Join();
  void HangUp(const std::string& id);
  void Reoffer();
  void HoldOrMute();

  // --- workload_participants.cc
  void Kick();
  void Move();
  void Control();
  std::string PeerOf(const std::string& id);

  // --- workload_flows.cc
  v1::Action Plain(const std::string& type);
  v1::Action Sleep(int ms);
  std::string Sound();
  // Something that others do for the call, or its caller.
  v1::Action Act();
  void CreateFlow();
  void DeleteFlow();

  // --- workload_jobs.cc: recordings and transcriptions.
  void OperateJob();
  void StartRecording();
  void StopRecording();
  void PauseRecording();
  void StartTranscribe();
  void StopTranscribe();

  std::string NewId();
  std::string NewKey();
  // Mostly one with somebody in it.
  std::string BusyRoom();
  const std::string& OneOf(const std::vector<std::string>& ids);

  World& world_;
  const Checker& checker_;
  WebhookReceivers& webhooks_;
  const Requests::PickReplica pick_;
  Requests requests_;
  int keys_ = 0;
  int actions_ = 0;
  int puts_ = 0;
  // The resource that each key was answered with.
  std::map<std::string, std::string> created_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_WORKLOAD_H_
