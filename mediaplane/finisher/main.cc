// recording_finish FOLDER: makes a recording's files what they shall be in the end.
// Run by the media plane, apart from its packets.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <cstdio>
#include <string>

#include "mediaplane/finisher/finish.h"
#include "mediaplane/recording/disk.h"

namespace {

constexpr int kNiceness = 10;

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: recording_finish FOLDER\n");
    return 2;
  }
  const std::string folder = argv[argc - 1];
  // Packets first.
  static_cast<void>(setpriority(PRIO_PROCESS, 0, kNiceness));
  // One that a dead media plane left behind may still be at it.
  const int lock = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0 || flock(lock, LOCK_EX) != 0) {
    std::perror(("recording_finish: " + folder).c_str());
    return 1;
  }
  tutti::mediaplane::PosixDisk disk;
  const absl::Status status = tutti::mediaplane::FinishRecording(disk, folder);
  if (status.ok()) return 0;
  std::fprintf(stderr, "recording_finish: %s\n", std::string(status.message()).c_str());
  return 1;
}
