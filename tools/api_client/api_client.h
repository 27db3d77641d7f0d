#ifndef TOOLS_API_CLIENT_API_CLIENT_H_
#define TOOLS_API_CLIENT_API_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/api_client/http.h"

namespace tutti::tools {

// What the tools need of the resources; see proto/tutti/control/v1.
struct Conference {
  std::string id;
  std::string type;
  std::string status;
  std::string name;
  int participant_count = 0;
};

struct Conferencecall {
  std::string id;
  std::string conference_id;
  std::string reference_id;  // the call's id
  std::string status;
  std::string leave_reason;
};

struct Call {
  std::string id;
  std::string status;
  std::string sdp_answer;
  std::string hangup_reason;
};

// The REST surface as a library: the part that a caller needs. Errors are those
// of the server (code, reason and sentence of its envelope), UNAVAILABLE without
// an answer, and INTERNAL, reason UNEXPECTED_ANSWER, for one that makes no sense.
// Thread-safe, one request at a time: who wants several makes several clients.
class ApiClient {
 public:
  explicit ApiClient(std::unique_ptr<HttpTransport> transport);

  // Over libcurl to "http://127.0.0.1:8080".
  static absl::StatusOr<ApiClient> Connect(const std::string& gateway);

  // `type`: conference or connect.
  absl::StatusOr<Conference> CreateConference(const std::string& name, const std::string& type = "conference");
  absl::StatusOr<Conference> GetConference(const std::string& id);
  absl::StatusOr<Conference> DeleteConference(const std::string& id);

  // A call of type rtp. `actions` is the JSON array of the flow.
  absl::StatusOr<Call> CreateCall(const std::string& sdp_offer, const std::string& actions);
  // The same with the one action conference_join.
  absl::StatusOr<Call> JoinConference(const std::string& sdp_offer, const std::string& conference_id);
  absl::StatusOr<Call> GetCall(const std::string& id);
  absl::StatusOr<Call> Hangup(const std::string& id);

  // All pages. An empty `status` asks for all.
  absl::StatusOr<std::vector<Conferencecall>> ListConferencecalls(const std::string& conference_id,
                                                                  const std::string& status = "");

 private:
  std::unique_ptr<HttpTransport> transport_;
};

}  // namespace tutti::tools

#endif  // TOOLS_API_CLIENT_API_CLIENT_H_
