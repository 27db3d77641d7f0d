#include "mediaplane/recording/folder.h"

#include <errno.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/id/id.h"
#include "common/status/status.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "mediaplane/recording/wav.h"
#include "openssl/sha.h"

namespace tutti::mediaplane {
namespace {

using media::v1::PutRecordingRequest;
using media::v1::RecordingFile;
using media::v1::RecordingFolder;

// All speakers that there can be take two thirds of it.
constexpr size_t kStateBytesMax = size_t{1} << 20;
constexpr size_t kUuidLength = 36;

constexpr std::pair<std::string_view, const char*> kFormats[] = {
    {".wav", "audio/wav"}, {".flac", "audio/flac"}, {".ogg", "audio/ogg"}};

// UUID of version 8 (RFC 9562 section 5.8), the same whenever it is asked for.
std::string FileId(const std::string& recording_id, std::string_view name) {
  const std::string text = absl::StrCat(recording_id, "/", std::string(name));
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  hash[6] = static_cast<unsigned char>((hash[6] & 0x0f) | 0x80);
  hash[8] = static_cast<unsigned char>((hash[8] & 0x3f) | 0x80);
  std::string id;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    absl::StrAppendFormat(&id, "%02x", hash[i]);
  }
  return id;
}

// Of a speaker's stem, "RECORDING_ID-PARTICIPANT_ID-LEG_ID".
std::optional<LegName> SpeakerOf(const std::string& recording_id, const std::string& stem) {
  if (stem.size() != 3 * kUuidLength + 2 || !absl::StartsWith(stem, absl::StrCat(recording_id, "-"))) return {};
  const LegName name = {.leg_id = stem.substr(2 * kUuidLength + 2),
                        .participant_id = stem.substr(kUuidLength + 1, kUuidLength)};
  if (stem[2 * kUuidLength + 1] != '-' || !IsUuid(name.leg_id) || !IsUuid(name.participant_id)) return {};
  return name;
}

}  // namespace

std::string MixedName(const std::string& recording_id, std::string_view extension) {
  return absl::StrCat(recording_id, ".", std::string(extension));
}

std::string SpeakerName(const std::string& recording_id, const LegName& speaker, std::string_view extension) {
  return absl::StrCat(recording_id, "-", speaker.participant_id, "-", speaker.leg_id, ".", std::string(extension));
}

absl::StatusOr<RecordingFolder> ParseFolderState(std::string_view text) {
  const auto refuse = [](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat("a recording's state ", what));
  };
  if (text.size() > kStateBytesMax) return refuse("is too long");
  RecordingFolder state;
  google::protobuf::TextFormat::Parser parser;
  parser.SetRecursionLimit(10);
  class Silent final : public google::protobuf::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } silent;
  parser.RecordErrorsTo(&silent);
  if (!parser.ParseFromString(std::string(text), &state)) return refuse("is no text of its kind");
  const PutRecordingRequest& request = state.request();
  if (!IsUuid(request.recording_id()) || state.state().recording_id() != request.recording_id()) {
    return refuse("has no id, or two");
  }
  if (request.sample_rate_hz() != 8000 && request.sample_rate_hz() != 16000) return refuse("has no rate");
  return state;
}

std::string RenderFolderState(const RecordingFolder& state) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(state, &text);
  return text;
}

absl::StatusOr<RecordingFolder> ReadFolderState(const std::string& folder) {
  std::ifstream file(absl::StrCat(folder, "/", kStateName), std::ios::binary);
  if (!file) return absl::ErrnoToStatus(errno, absl::StrCat("no state in ", folder));
  std::string text(kStateBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  return ParseFolderState(text);
}

absl::Status WriteFolderState(Disk& disk, const std::string& folder, const RecordingFolder& state) {
  return disk.Replace(absl::StrCat(folder, "/", kStateName), RenderFolderState(state));
}

absl::StatusOr<std::vector<RecordingFile>> ListFiles(const std::string& folder, const std::string& recording_id) {
  std::error_code error;
  std::filesystem::directory_iterator it(folder, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("can't list ", folder));
  std::map<std::string, RecordingFile> sounds;  // by stem: the mixed one is the shortest
  std::vector<RecordingFile> files;
  bool markers = false;
  int64_t markers_size = 0;
  for (; it != std::filesystem::directory_iterator(); it.increment(error)) {
    const std::filesystem::path& path = it->path();
    const auto size = static_cast<int64_t>(it->file_size(error));
    if (error) continue;
    const std::string name = path.filename().string(), stem = path.stem().string();
    if (name == kMarkersName) {
      markers = true;
      markers_size = size;
      continue;
    }
    const std::optional<LegName> speaker = SpeakerOf(recording_id, stem);
    const auto* format = std::find_if(std::begin(kFormats), std::end(kFormats),
                                      [&](const auto& f) { return path.extension() == f.first; });
    if (format == std::end(kFormats) || (!speaker && stem != recording_id)) continue;
    if (sounds.contains(stem) && format == kFormats) continue;
    RecordingFile& file = sounds[stem];
    file.set_file_id(speaker ? FileId(recording_id, stem) : recording_id);
    file.set_kind(speaker ? RecordingFile::KIND_SPEAKER : RecordingFile::KIND_MIXED);
    if (speaker) {
      file.set_leg_id(speaker->leg_id);
      file.set_participant_id(speaker->participant_id);
    }
    file.set_name(name);
    file.set_content_type(format->second);
    file.set_size(size);
  }
  for (auto& [stem, file] : sounds) files.push_back(std::move(file));
  if (markers) {
    RecordingFile& file = files.emplace_back();
    file.set_file_id(FileId(recording_id, kMarkersName));
    file.set_kind(RecordingFile::KIND_MARKERS);
    file.set_name(kMarkersName);
    file.set_content_type("application/json");
    file.set_size(markers_size);
  }
  return files;
}

int64_t WavMilliseconds(int64_t file_bytes, uint32_t sample_rate_hz) {
  const int64_t data = std::max<int64_t>(file_bytes - static_cast<int64_t>(kWavHeaderBytes), 0);
  return data / static_cast<int64_t>(kWavSampleBytes) * 1000 / static_cast<int64_t>(sample_rate_hz);
}

}  // namespace tutti::mediaplane
