#ifndef TOOLS_DEMO_ROOM_H_
#define TOOLS_DEMO_ROOM_H_

#include <signal.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/api_client/api_client.h"
#include "tools/caller/rtp_session.h"
#include "tools/demo/matching.h"
#include "tools/demo/script.h"

namespace tutti::tools {

struct RoomOptions {
  std::string address;  // local, for media
  std::string folder;   // for the WAV files
  // Blocked in all threads; one of them ends the demo early.
  sigset_t signals;
};

// What each person received.
struct RoomResult {
  // At kMatchRateHz, from the script's start to half a second after its end.
  std::vector<std::vector<int16_t>> heard;
  std::vector<CallerStatistics> statistics;
  std::vector<std::string> files;
};

// Makes a room, lets everybody in one after the other, plays the script, prints
// live what happens, lets all leave and ends the room. CANCELLED by a signal.
// Whatever happens: calls are hung up and the room is deleted.
absl::StatusOr<RoomResult> HoldConference(ApiClient& client, const Script& script, const RoomOptions& options);

// The table of who heard whom, a line for each listener.
std::string Table(const std::vector<Person>& people, const Matches& matches);

// What is wrong: "Karl did not hear Anna.", "Anna heard herself."; empty: all well.
std::vector<std::string> Complaints(const std::vector<Person>& people, const Matches& matches);

// From `start_index` (may be negative) on, `size` samples; silence where there are none.
std::vector<int16_t> Cut(const std::vector<int16_t>& samples, int64_t start_index, size_t size);

}  // namespace tutti::tools

#endif  // TOOLS_DEMO_ROOM_H_
