#ifndef CONTROL_CORE_PAGING_H_
#define CONTROL_CORE_PAGING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/status/status.h"
#include "control/core/steps.h"
#include "control/core/token.h"
#include "control/rules/validate.h"
#include "control/rules/work.h"

namespace tutti::control {

// The point where a page begins; INVALID_ARGUMENT where the token is not of this
// `scope`.
absl::StatusOr<PageStart> OpenPageToken(const TokenSigner& signer, const std::string& scope, const std::string& token);
std::string MakePageToken(const TokenSigner& signer, const std::string& scope, int64_t position, const std::string& id);

// What a list is ordered by.
template <typename Resource>
int64_t PagePosition(const Resource& resource) {
  return table::Microseconds(resource.tm_create());
}
// Milliseconds from the transcription's start.
inline int64_t PagePosition(const v1::Transcript& transcript) { return transcript.tm_transcript(); }

// Of `records`, in the list's order and one more than `size` where there are more.
template <typename Record, typename Response>
void FillPage(const TokenSigner& signer, const std::string& scope, const std::vector<Record>& records, int size,
              Response& response) {
  for (size_t i = 0; i < records.size() && i < static_cast<size_t>(size); ++i) {
    *response.add_result() = Show(records[i]);
  }
  if (records.size() <= static_cast<size_t>(size)) return;
  const auto& last = response.result(size - 1);
  response.set_next_page_token(MakePageToken(signer, scope, PagePosition(last), last.id()));
}

// A page of what `list` reads: (transaction, where to begin, how many at most). `scope` names the list with its
// filters and its customer.
template <typename Response, typename Request, typename List>
absl::StatusOr<Response> ReadPage(Steps& steps, const std::string& scope, const Request& request, const List& list) {
  TUTTI_ASSIGN_OR_RETURN(const int size, CheckPageSize(request.page_size()));
  TUTTI_ASSIGN_OR_RETURN(const PageStart start, OpenPageToken(steps.signer(), scope, request.page_token()));
  Response response;
  TUTTI_RETURN_IF_ERROR(steps.Read([&](Transaction& tx) -> absl::Status {
    // One more tells whether there is another page.
    TUTTI_ASSIGN_OR_RETURN(const auto records, list(tx, start, size + 1));
    FillPage(steps.signer(), scope, records, size, response);
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace tutti::control

#endif  // CONTROL_CORE_PAGING_H_
