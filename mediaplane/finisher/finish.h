#ifndef MEDIAPLANE_FINISHER_FINISH_H_
#define MEDIAPLANE_FINISHER_FINISH_H_

#include <string>

#include "absl/status/status.h"
#include "mediaplane/recording/disk.h"

namespace tutti::mediaplane {

// Brings a recording's folder from FINISHING to ENDED, or to FAILED with the failure that
// its state has: headers that tell of all that is there, speakers' files as long as the
// mixed one, the wanted format (of one that failed: WAV as it is). A conversion that
// fails keeps the WAV files and makes it FAILED. Repeating it changes nothing; whatever
// it dies in, the next run ends it. An error: the state could not be read or written.
absl::Status FinishRecording(Disk& disk, const std::string& folder);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_FINISHER_FINISH_H_
