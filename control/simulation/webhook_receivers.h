#ifndef CONTROL_SIMULATION_WEBHOOK_RECEIVERS_H_
#define CONTROL_SIMULATION_WEBHOOK_RECEIVERS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/http_client/http_client.h"
#include "control/simulation/simulated_store.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// Receivers of webhooks, each at its own URL, and what must hold of what comes there:
// every event of a stream, in order, under its id, one request at a time; a repeat
// only of the last one; what is left out is a dead letter.
class WebhookReceivers {
 public:
  enum class Kind { kGood, kSlow, kFlaky, kBroken, kGone };

  // Both outlive it; `counts` says what came to pass.
  WebhookReceivers(World& world, std::map<std::string, int64_t>& counts) : world_(world), counts_(counts) {}

  // Before the first request.
  void SetDatabase(SimulatedDatabase& database) { database_ = &database; }

  // The URL of a new one.
  std::string Add(Kind kind);
  // Its webhook was made.
  void OnMade(const std::string& url, const std::string& webhook_id);

  // A client has begun with a request, or has done with it.
  void OnBegin(const HttpRequest& request);
  void OnEnd(const HttpRequest& request);
  // What it answers, and after which time.
  std::pair<absl::Duration, int> Take(const HttpRequest& request);

  // From now on everyone answers well, and soon.
  void Heal() { is_healed_ = true; }
  // Nothing is lost, and nothing waits.
  void CheckEnd();

 private:
  struct Stream {
    // Of the last event that came, and whether it was ever taken.
    int64_t sequence = 0;
    bool is_taken = false;
  };
  struct Receiver {
    Kind kind = Kind::kGood;
    std::string webhook_id;
    int received = 0;
    bool is_gone = false;
    std::map<std::string, Stream> streams;
    // Taken ones, by stream and sequence.
    std::set<std::pair<std::string, int64_t>> taken;
  };
  struct Message {
    std::string id;
    std::string stream;
    int64_t sequence = 0;
  };

  Message Read(const HttpRequest& request) const;
  // Where its events begin, in all; below 0: it is not known yet.
  int64_t StartOf(Receiver& receiver);
  void CheckMessage(Receiver& receiver, const Message& message);
  // Events of the stream that nobody took and that are no dead letters, before a sequence.
  int CountMissing(Receiver& receiver, const std::string& stream, int64_t before);
  std::set<std::pair<std::string, int64_t>> FindDead(const Receiver& receiver);
  absl::Duration PauseOf(Kind kind);
  int StatusOf(Receiver& receiver);

  World& world_;
  std::map<std::string, int64_t>& counts_;
  SimulatedDatabase* database_ = nullptr;
  bool is_healed_ = false;
  std::map<std::string, Receiver> receivers_;
  // Requests under way, by URL and stream.
  std::map<std::pair<std::string, std::string>, int> under_way_;
};

// The value of a header; empty: there is none.
std::string HeaderOf(const HttpRequest& request, const std::string& name);

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_WEBHOOK_RECEIVERS_H_
