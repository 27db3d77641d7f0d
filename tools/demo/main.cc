#include <signal.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "tools/api_client/api_client.h"
#include "tools/caller/media_sockets.h"
#include "tools/demo/matching.h"
#include "tools/demo/room.h"
#include "tools/demo/script.h"

ABSL_FLAG(std::string, gateway, "http://127.0.0.1:8080", "Where the REST gateway listens.");
ABSL_FLAG(std::string, out, "", "Folder for the WAV files; a new one among the temporary files if not given.");
ABSL_FLAG(std::string, address, "", "Local IP address for the media; the one towards the gateway if not given.");

namespace tutti::tools {
namespace {

absl::StatusOr<std::string> OutputFolder() {
  std::string folder = absl::GetFlag(FLAGS_out);
  if (folder.empty()) {
    folder = (std::filesystem::temp_directory_path() / "tutti-demo-XXXXXX").string();
    if (mkdtemp(folder.data()) != nullptr) return folder;
  } else if (mkdir(folder.c_str(), 0777) == 0 || errno == EEXIST) {
    return folder;
  }
  return Error(absl::StatusCode::kInvalidArgument, "NO_FOLDER",
               absl::StrCat("Can't make the folder ", folder, ": ", std::strerror(errno), "."));
}

// True when everybody heard everybody else and nobody itself.
absl::StatusOr<bool> Run(const sigset_t& signals) {
  TUTTI_ASSIGN_OR_RETURN(std::string folder, OutputFolder());
  TUTTI_ASSIGN_OR_RETURN(ApiClient client, ApiClient::Connect(absl::GetFlag(FLAGS_gateway)));
  std::string address = absl::GetFlag(FLAGS_address);
  if (address.empty()) {
    TUTTI_ASSIGN_OR_RETURN(address, LocalAddressTowards(absl::GetFlag(FLAGS_gateway)));
  }
  TUTTI_ASSIGN_OR_RETURN(const Script script, MakeScript());
  absl::PrintF("A conference of %d people, each a caller with its own RTP stream.\n\n", script.people.size());
  TUTTI_ASSIGN_OR_RETURN(const RoomResult result,
                         HoldConference(client, script, {std::move(address), folder, signals}));
  const Matches matches = MatchVoices(script.voices, result.heard, script.segments);
  absl::PrintF(
      "\nWho heard whom, by what each received: how like the voice is to what was said (100 %% is the same wave),\n"
      "its level against what was sent, its delay on the way.\n\n%s\n",
      Table(script.people, matches));
  uint64_t lost = 0;
  for (const CallerStatistics& statistics : result.statistics) lost += statistics.packets_lost;
  const std::vector<std::string> complaints = Complaints(script.people, matches);
  for (const std::string& complaint : complaints) absl::PrintF("%s\n", complaint);
  if (complaints.empty()) absl::PrintF("Everybody heard everybody else, and nobody itself. ");
  absl::PrintF("%d packets were lost on the way.\n\nListen to it:\n", lost);
  for (const std::string& file : result.files) absl::PrintF("  %s\n", file);
  return complaints.empty();
}

}  // namespace
}  // namespace tutti::tools

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("holds a conference with four callers who speak, and shows who heard whom.");
  absl::ParseCommandLine(argc, argv);
  // Before any thread, so that only the room's wait takes them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const absl::StatusOr<bool> well = tutti::tools::Run(signals);
  if (well.ok()) return *well ? 0 : 1;
  absl::FPrintF(stderr, "demo: %s\n", std::string(well.status().message()));
  return absl::IsCancelled(well.status()) ? 130 : 1;
}
