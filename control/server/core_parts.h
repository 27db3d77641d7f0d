#ifndef CONTROL_SERVER_CORE_PARTS_H_
#define CONTROL_SERVER_CORE_PARTS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "control/core/core.h"
#include "control/http_client/curl_http_client.h"
#include "control/server/options.h"
#include "control/sound/sounds.h"
#include "control/speech/speech_client.h"
#include "control/store/queued_store.h"

namespace tutti::control {

// The core over its store, and what it asks of the world: sounds, texts of speech, URLs of others.
class CoreParts {
 public:
  // What tells of the store's commits, from its threads.
  struct Hooks {
    std::function<void(const QueuedStore::CommitReport&)> on_commit;
    // Of another replica.
    std::function<void()> on_remote_commit;
  };

  // All outlive it. An error is one sentence for the operator.
  static absl::StatusOr<std::unique_ptr<CoreParts>> Open(const ServerOptions& options, Clock& clock, NodePicker& nodes,
                                                         EffectSink& sink, Hooks hooks);

  Core& core() { return *core_; }
  QueuedStore& store() { return *store_; }
  HttpClient& http() { return *http_; }
  Sounds& sounds() { return *sounds_; }
  IdGenerator& ids() { return ids_; }
  // Of media nodes' leases and the like: this process.
  const std::string& owner() const { return owner_; }

  // Whoever waits for a response of others is told, while what it belongs to is still there.
  void StopRequests();
  // What was submitted is committed; the answers find nobody.
  void CloseStore() { store_.reset(); }

 private:
  CoreParts(const ServerOptions& options, Clock& clock);

  absl::Status OpenStore(const ServerOptions& options, Clock& clock, Hooks hooks);
  absl::Status MakeSounds(const ServerOptions& options);
  CoreOptions WithOthers(CoreOptions options);

  IdGenerator ids_;
  const std::string process_id_;
  const std::string owner_;
  std::unique_ptr<CurlHttpClient> http_;
  std::unique_ptr<SpeechClient> speech_;
  std::unique_ptr<Sounds> sounds_;
  std::unique_ptr<QueuedStore> store_;
  std::unique_ptr<Core> core_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVER_CORE_PARTS_H_
