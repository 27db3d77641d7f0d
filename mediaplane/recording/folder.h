#ifndef MEDIAPLANE_RECORDING_FOLDER_H_
#define MEDIAPLANE_RECORDING_FOLDER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mediaplane/recording/disk.h"
#include "mediaplane/tap/leg_names.h"
#include "tutti/media/v1/recording_folder.pb.h"

namespace tutti::mediaplane {

// What is in a recording's folder, RECORDINGS_DIR/RECORDING_ID:
//   RECORDING_ID.wav           the mix; or .flac or .ogg once it is finished
//   RECORDING_ID-PARTICIPANT_ID-LEG_ID.wav  what a participant adds to it, on the same
//                              time line
//   markers.json               who came and left when
//   state                      media.v1.RecordingFolder as text
//   reserve                    while it is written: room for its end on a full disk
//   NAME.upload                how far a file's upload has come
//   deleted                    it is deleted, but not yet from the object store
constexpr char kMarkersName[] = "markers.json";
constexpr char kStateName[] = "state";
constexpr char kReserveName[] = "reserve";
constexpr char kDeletedName[] = "deleted";

// Of the program that uploads: config.v1.ObjectStore as text.
constexpr char kObjectStoreVariable[] = "TUTTI_OBJECT_STORE";

std::string MixedName(const std::string& recording_id, std::string_view extension);
std::string SpeakerName(const std::string& recording_id, const LegName& speaker, std::string_view extension);

// INVALID_ARGUMENT for what this program can't have written.
absl::StatusOr<media::v1::RecordingFolder> ParseFolderState(std::string_view text);
std::string RenderFolderState(const media::v1::RecordingFolder& state);

// NOT_FOUND when there is none.
absl::StatusOr<media::v1::RecordingFolder> ReadFolderState(const std::string& folder);
absl::Status WriteFolderState(Disk& disk, const std::string& folder, const media::v1::RecordingFolder& state);

// The recording's files as they are there, the mixed one first, then speakers by participant,
// then the markers. Of a file in two formats the one that is not WAV: it is complete
// once it has its name.
absl::StatusOr<std::vector<media::v1::RecordingFile>> ListFiles(const std::string& folder,
                                                                const std::string& recording_id);

// Of 16 bit samples in a WAV file of this many bytes.
int64_t WavMilliseconds(int64_t file_bytes, uint32_t sample_rate_hz);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_FOLDER_H_
