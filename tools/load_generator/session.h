#ifndef TOOLS_LOAD_GENERATOR_SESSION_H_
#define TOOLS_LOAD_GENERATOR_SESSION_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mediaplane/audio/format.h"
#include "tools/api_client/api_client.h"
#include "tools/load_generator/load_worker.h"
#include "tools/load_generator/plan.h"

namespace tutti::tools {

// The rooms and calls of a run, by REST. Some requests go side by side.
class Session {
 public:
  // Makes the rooms, and for each planned caller its sockets and its call, and
  // waits until all are joined. What was made is ended in any case when the
  // session is destroyed. `stop` gives up early.
  static absl::StatusOr<std::unique_ptr<Session>> Start(const LoadOptions& options, mediaplane::Codec codec,
                                                        const std::atomic<bool>& stop);
  ~Session();

  std::vector<LoadCaller>& callers() { return callers_; }
  const std::string& local_address() const { return local_address_; }

  // Hangs up every call, ends the rooms, and waits until the server has.
  absl::Status End();

 private:
  static constexpr int kClients = 8;

  Session() = default;
  absl::Status MakeRooms(const LoadOptions& options, const std::atomic<bool>& stop);
  absl::Status MakeCalls(mediaplane::Codec codec, const std::vector<PlannedCaller>& plan,
                         const std::atomic<bool>& stop);
  absl::Status WaitJoined(const std::vector<PlannedCaller>& plan, const std::atomic<bool>& stop);
  // Does `work(client, i)` for 0 … count - 1 on all clients; the first error.
  absl::Status ForAll(size_t count, const std::atomic<bool>& stop,
                      const std::function<absl::Status(ApiClient&, size_t)>& work);

  std::vector<ApiClient> clients_;
  std::string local_address_;
  std::vector<std::string> room_ids_;
  std::vector<std::string> call_ids_;  // by caller; empty: none
  std::vector<LoadCaller> callers_;
};

}  // namespace tutti::tools

#endif  // TOOLS_LOAD_GENERATOR_SESSION_H_
