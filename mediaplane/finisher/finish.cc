#include "mediaplane/finisher/finish.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/finisher/convert.h"
#include "mediaplane/recording/folder.h"
#include "mediaplane/recording/wav.h"

namespace tutti::mediaplane {
namespace {

using media::v1::RecordingFile;
using media::v1::RecordingFolder;
using media::v1::RecordingState;

constexpr char kWavType[] = "audio/wav";

std::string In(const std::string& folder, const std::string& name) { return absl::StrCat(folder, "/", name); }

std::string WithExtension(const std::string& path, const char* extension) {
  return absl::StrCat(path.substr(0, path.rfind('.') + 1), extension);
}

// When it was last written to, for one whose end nobody has told.
void SetEnd(const std::string& path, RecordingState& state) {
  struct stat status;
  if (state.has_tm_end() || !state.has_tm_start() || stat(path.c_str(), &status) != 0) return;
  state.mutable_tm_end()->set_seconds(status.st_mtim.tv_sec);
  state.mutable_tm_end()->set_nanos(static_cast<int32_t>(status.st_mtim.tv_nsec / 1000 * 1000));
}

uint64_t DataBytes(uint64_t file_bytes) {
  const uint64_t data = std::max<uint64_t>(file_bytes, kWavHeaderBytes) - kWavHeaderBytes;
  return data / kWavSampleBytes * kWavSampleBytes;
}

// So many bytes of samples, and a header that tells of them.
absl::Status Repair(Disk& disk, const std::string& path, uint32_t rate, uint64_t data_bytes) {
  TUTTI_ASSIGN_OR_RETURN(const auto file, disk.Open(path));
  TUTTI_RETURN_IF_ERROR(file->Resize(kWavHeaderBytes + data_bytes));
  TUTTI_RETURN_IF_ERROR(file->WriteAt(0, MakeWavHeader(rate, data_bytes)));
  return file->Sync();
}

absl::Status RepairAll(Disk& disk, const std::string& folder, RecordingFolder& recording) {
  const uint32_t rate = recording.request().sample_rate_hz();
  TUTTI_ASSIGN_OR_RETURN(const std::vector<RecordingFile> files, ListFiles(folder, recording.request().recording_id()));
  // A run before this one has come as far as to convert it.
  if (files.empty() || files[0].kind() != RecordingFile::KIND_MIXED || files[0].content_type() != kWavType) {
    return absl::OkStatus();
  }
  SetEnd(In(folder, files[0].name()), *recording.mutable_state());
  const uint64_t data_bytes = DataBytes(static_cast<uint64_t>(files[0].size()));
  recording.mutable_state()->set_duration_ms(WavMilliseconds(files[0].size(), rate));
  for (const RecordingFile& file : files) {
    if (file.content_type() != kWavType) continue;
    TUTTI_RETURN_IF_ERROR(Repair(disk, In(folder, file.name()), rate, data_bytes));
  }
  return absl::OkStatus();
}

absl::Status ConvertFile(Disk& disk, const std::string& from, const std::string& to, SoundFormat format) {
  // A file has its name once it is complete.
  const std::string part = absl::StrCat(to, ".part");
  absl::Status status = ConvertSound(from, part, format);
  if (status.ok()) {
    TUTTI_ASSIGN_OR_RETURN(const auto file, disk.Open(part));
    status = file->Sync();
  }
  if (status.ok() && std::rename(part.c_str(), to.c_str()) != 0) {
    status = absl::InternalError(absl::StrCat("can't rename ", part));
  }
  if (!status.ok()) static_cast<void>(disk.Remove(part));
  return status;
}

// All files or none: WAV files go once the last is converted.
absl::Status ConvertAll(Disk& disk, const std::string& folder, const RecordingFolder& recording) {
  const bool flac = recording.request().format() == media::v1::RECORDING_FORMAT_FLAC;
  TUTTI_ASSIGN_OR_RETURN(const std::vector<RecordingFile> files, ListFiles(folder, recording.request().recording_id()));
  std::vector<std::string> sounds;  // as WAV
  absl::Status status;
  for (const RecordingFile& file : files) {
    if (file.kind() == RecordingFile::KIND_MARKERS) continue;
    const std::string wav = WithExtension(In(folder, file.name()), "wav");
    sounds.push_back(wav);
    if (!status.ok() || file.content_type() != kWavType) continue;
    status = ConvertFile(disk, wav, WithExtension(wav, flac ? "flac" : "ogg"),
                         flac ? SoundFormat::kFlac : SoundFormat::kOggOpus);
  }
  for (const std::string& wav : sounds) {
    const std::string goes = status.ok() ? wav : WithExtension(wav, flac ? "flac" : "ogg");
    if (const absl::Status removed = disk.Remove(goes); status.ok()) TUTTI_RETURN_IF_ERROR(removed);
  }
  return status;
}

}  // namespace

absl::Status FinishRecording(Disk& disk, const std::string& folder) {
  TUTTI_ASSIGN_OR_RETURN(RecordingFolder recording, ReadFolderState(folder));
  RecordingState& state = *recording.mutable_state();
  if (state.status() != RecordingState::STATUS_FINISHING) return absl::OkStatus();
  TUTTI_RETURN_IF_ERROR(disk.Remove(In(folder, kReserveName)));
  TUTTI_RETURN_IF_ERROR(RepairAll(disk, folder, recording));
  const bool converts = recording.request().format() == media::v1::RECORDING_FORMAT_FLAC ||
                        recording.request().format() == media::v1::RECORDING_FORMAT_OGG;
  if (converts && state.failure() == RecordingState::FAILURE_UNSPECIFIED) {
    if (const absl::Status status = ConvertAll(disk, folder, recording); !status.ok()) {
      std::fprintf(stderr, "recording_finish: %s\n", std::string(status.message()).c_str());
      state.set_failure(RecordingState::FAILURE_CONVERSION);
    }
  }
  TUTTI_ASSIGN_OR_RETURN(const std::vector<RecordingFile> files, ListFiles(folder, recording.request().recording_id()));
  state.mutable_files()->Assign(files.begin(), files.end());
  state.set_status(state.failure() == RecordingState::FAILURE_UNSPECIFIED ? RecordingState::STATUS_ENDED
                                                                          : RecordingState::STATUS_FAILED);
  return WriteFolderState(disk, folder, recording);
}

}  // namespace tutti::mediaplane
