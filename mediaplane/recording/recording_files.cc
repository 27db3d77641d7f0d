#include "mediaplane/recording/recording_files.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/recording/folder.h"
#include "mediaplane/recording/wav.h"

namespace tutti::mediaplane {
namespace {

constexpr char kWav[] = "wav";
// State and markers of a full disk's last moment.
constexpr size_t kReserveBytes = 16 * 1024;

std::span<const uint8_t> Bytes(std::span<const int16_t> samples) {
  return {reinterpret_cast<const uint8_t*>(samples.data()), samples.size_bytes()};
}

}  // namespace

RecordingFiles::RecordingFiles(Disk& disk, std::string folder, const media::v1::PutRecordingRequest& request)
    : disk_(disk),
      folder_(std::move(folder)),
      recording_id_(request.recording_id()),
      rate_(request.sample_rate_hz() == 8000 ? MixRate::k8000 : MixRate::k16000) {}

absl::Status RecordingFiles::Begin(const media::v1::RecordingFolder& state) {
  TUTTI_RETURN_IF_ERROR(disk_.MakeFolder(folder_));
  TUTTI_RETURN_IF_ERROR(WriteState(state));
  {
    TUTTI_ASSIGN_OR_RETURN(const auto reserve, disk_.Open(absl::StrCat(folder_, "/", kReserveName)));
    TUTTI_RETURN_IF_ERROR(reserve->WriteAt(0, std::vector<uint8_t>(kReserveBytes, 0xff)));
  }
  return Write({.tracks = std::vector<Track>(1)});
}

absl::Status RecordingFiles::WriteState(const media::v1::RecordingFolder& state) {
  return WriteFolderState(disk_, folder_, state);
}

absl::Status RecordingFiles::WriteMarkers(const std::string& json) {
  return disk_.Replace(absl::StrCat(folder_, "/", kMarkersName), json);
}

absl::Status RecordingFiles::Write(const SoundBatch& batch) {
  TUTTI_RETURN_IF_ERROR(WriteTrack(batch.tracks[0], batch.ticks_end));
  for (size_t i = 1; i < batch.tracks.size(); ++i) {
    const Track& track = batch.tracks[i];
    TUTTI_RETURN_IF_ERROR(WriteTrack(track, track.runs.back().tick + track.runs.back().ticks));
  }
  return absl::OkStatus();
}

absl::Status RecordingFiles::WriteTrack(const Track& track, int64_t ticks_end) {
  const uint64_t frame_bytes = SamplesPerFrame(rate_) * kWavSampleBytes;
  const auto place = [&](int64_t tick) { return kWavHeaderBytes + static_cast<uint64_t>(tick) * frame_bytes; };
  const std::string name =
      track.speaker == nullptr ? MixedName(recording_id_, kWav) : SpeakerName(recording_id_, *track.speaker, kWav);
  TUTTI_ASSIGN_OR_RETURN(const auto file, disk_.Open(absl::StrCat(folder_, "/", name)));
  std::span<const int16_t> samples = track.samples;
  for (const Track::Run& run : track.runs) {
    const size_t count = static_cast<size_t>(run.ticks) * SamplesPerFrame(rate_);
    TUTTI_RETURN_IF_ERROR(file->WriteAt(place(run.tick), Bytes(samples.first(count))));
    bytes_written_ += count * kWavSampleBytes;
    samples = samples.subspan(count);
  }
  // Silence takes no room: the header tells of it last, so no reader finds less than
  // it says.
  TUTTI_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size < place(ticks_end)) TUTTI_RETURN_IF_ERROR(file->Resize(place(ticks_end)));
  const uint64_t data = std::max(place(ticks_end), uint64_t{kWavHeaderBytes}) - kWavHeaderBytes;
  return file->WriteAt(0, MakeWavHeader(static_cast<uint32_t>(SampleRateHz(rate_)), data));
}

absl::Status RecordingFiles::FreeReserve() { return disk_.Remove(absl::StrCat(folder_, "/", kReserveName)); }

absl::Status RecordingFiles::Sync() {
  TUTTI_ASSIGN_OR_RETURN(const auto file, disk_.Open(absl::StrCat(folder_, "/", MixedName(recording_id_, kWav))));
  return file->Sync();
}

}  // namespace tutti::mediaplane
