#ifndef CONTROL_SERVICE_MEDIA_STREAMS_H_
#define CONTROL_SERVICE_MEDIA_STREAMS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "control/core/calls.h"
#include "control/core/conferences.h"
#include "control/media/node_client.h"
#include "control/scheduler/task_queue.h"
#include "control/service/read_pool.h"

namespace tutti::control {

// Opens a room's sound for one program, to be heard or as a call of type
// `websocket`, and says where to get it. Thread-safe.
class MediaStreams {
 public:
  // How a media node is reached.
  struct Node {
    NodeClient* client = nullptr;
    // HOST:PORT of its gRPC API.
    std::string address;
  };

  // All outlive the server. `queue` is the clients'; `make_token` gives what nobody
  // guesses.
  MediaStreams(Conferences& conferences, Calls& calls, ReadPool& reads, TaskQueue& queue,
               std::map<std::string, Node> nodes, std::function<std::string()> make_token)
      : conferences_(conferences),
        calls_(calls),
        reads_(reads),
        queue_(queue),
        nodes_(std::move(nodes)),
        make_token_(std::move(make_token)) {}

  void Open(const Principal& principal, const v1::OpenMediaStreamRequest& request, Done<v1::MediaStream> done);

 private:
  // One that hears only, on its way.
  struct Tap {
    std::string node_id;
    media::v1::OpenAudioStreamRequest request;
    Done<v1::MediaStream> done;
    int attempts = 0;
  };

  void OpenTap(const Principal& principal, const v1::OpenMediaStreamRequest& request, const std::string& token,
               Done<v1::MediaStream> done);
  void SendTap(const std::shared_ptr<Tap>& tap);
  void OpenCall(const Principal& principal, const v1::OpenMediaStreamRequest& request, const std::string& token,
                Done<v1::MediaStream> done);
  // UNAVAILABLE (MEDIA_NODE_UNAVAILABLE): it is not configured (any more).
  absl::StatusOr<Node> FindNode(const std::string& node_id) const;

  Conferences& conferences_;
  Calls& calls_;
  ReadPool& reads_;
  TaskQueue& queue_;
  const std::map<std::string, Node> nodes_;
  const std::function<std::string()> make_token_;
};

// 32 random bytes in hexadecimal digits.
std::string MakeStreamToken();

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_MEDIA_STREAMS_H_
