// recording_finish FOLDER: makes a recording's files what they shall be in the end.
// recording_finish --upload FOLDER: brings them to the object store.
// recording_finish --delete FOLDER: removes them, here and there.
// Run by the media plane, apart from its packets. Where the object store is, with its
// keys, is in the environment (kObjectStoreVariable): others can read command lines.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/time/clock.h"
#include "common/clock/clock.h"
#include "common/s3/bucket_config.h"
#include "common/status/status.h"
#include "google/protobuf/text_format.h"
#include "mediaplane/finisher/finish.h"
#include "mediaplane/finisher/upload.h"
#include "mediaplane/recording/disk.h"
#include "mediaplane/recording/folder.h"

namespace {

constexpr int kNiceness = 10;

bool Pause(absl::Duration time) {
  absl::SleepFor(time);
  return true;
}

absl::Status MoveFiles(tutti::mediaplane::Disk& disk, const std::string& how, const std::string& folder) {
  tutti::config::v1::ObjectStore config;
  const char* text = std::getenv(tutti::mediaplane::kObjectStoreVariable);
  if (text == nullptr || !google::protobuf::TextFormat::ParseFromString(text, &config)) {
    return absl::InvalidArgumentError("the environment does not say where the object store is");
  }
  tutti::SystemClock clock;
  TUTTI_ASSIGN_OR_RETURN(const auto bucket, tutti::s3::Bucket::Make(tutti::s3::MakeBucketOptions(config), clock));
  if (how == "--delete") return tutti::mediaplane::DeleteUploads(disk, *bucket, folder);
  tutti::s3::UploadOptions options;
  options.pause = Pause;
  return tutti::mediaplane::UploadRecording(disk, *bucket, folder, options);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc == 3 ? argv[1] : "";
  if (argc != 2 && how != "--upload" && how != "--delete") {
    std::fprintf(stderr, "usage: recording_finish [--upload | --delete] FOLDER\n");
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
  const absl::Status status =
      how.empty() ? tutti::mediaplane::FinishRecording(disk, folder) : MoveFiles(disk, how, folder);
  if (status.ok()) return 0;
  std::fprintf(stderr, "recording_finish: %s\n", std::string(status.message()).c_str());
  return 1;
}
