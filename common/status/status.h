#ifndef COMMON_STATUS_STATUS_H_
#define COMMON_STATUS_STATUS_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace tutti {

// An error as it crosses every interface of ours: a code, a sentence for people
// that names the resource and its state, and a reason for programs
// ("CONFERENCE_NOT_FOUND"). `details` are further facts ("supported": "en-US").
absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message,
                   const std::map<std::string, std::string>& details = {});

// What a status says besides its code and message; empty where it says nothing.
struct ErrorDetail {
  std::string reason;
  std::map<std::string, std::string> details;
};

ErrorDetail GetErrorDetail(const absl::Status& status);

// The payload of a status that Error made: a serialized google.rpc.ErrorInfo of
// domain "tutti".
inline constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";

}  // namespace tutti

// Returns early with the error of an expression that gives an absl::Status.
#define TUTTI_RETURN_IF_ERROR(expression)                                   \
  do {                                                                      \
    if (absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

#define TUTTI_STATUS_CONCAT_INNER(a, b) a##b
#define TUTTI_STATUS_CONCAT(a, b) TUTTI_STATUS_CONCAT_INNER(a, b)

// `TUTTI_ASSIGN_OR_RETURN(auto x, F());` assigns the value of an absl::StatusOr
// or returns its error.
#define TUTTI_ASSIGN_OR_RETURN(target, expression) \
  TUTTI_ASSIGN_OR_RETURN_INNER(TUTTI_STATUS_CONCAT(status_or_, __LINE__), target, expression)
#define TUTTI_ASSIGN_OR_RETURN_INNER(holder, target, expression) \
  auto holder = (expression);                                    \
  if (!holder.ok()) return holder.status();                      \
  target = *std::move(holder)

#endif  // COMMON_STATUS_STATUS_H_
