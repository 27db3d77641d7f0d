#ifndef MEDIAPLANE_FINISHER_UPLOAD_H_
#define MEDIAPLANE_FINISHER_UPLOAD_H_

#include <string>

#include "absl/status/status.h"
#include "common/s3/bucket.h"
#include "common/s3/upload.h"
#include "mediaplane/recording/disk.h"

namespace tutti::mediaplane {

// Brings the files of a recording that is over to the object store, as
// "RECORDING_ID/NAME"; once all are there its state says so, and then they go here.
// Whatever it dies in, the next run goes on from there. An error: not all are there.
absl::Status UploadRecording(Disk& disk, s3::Bucket& bucket, const std::string& folder,
                             const s3::UploadOptions& options);

// Removes the files of a recording that is deleted: here, and what was uploaded of them.
absl::Status DeleteUploads(Disk& disk, s3::Bucket& bucket, const std::string& folder);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_FINISHER_UPLOAD_H_
