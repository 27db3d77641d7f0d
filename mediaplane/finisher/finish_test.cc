#include "mediaplane/finisher/finish.h"

#include <gtest/gtest.h>
#include <sndfile.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mediaplane/recording/folder.h"
#include "mediaplane/recording/wav.h"

namespace tutti::mediaplane {
namespace {

using media::v1::RecordingFolder;
using media::v1::RecordingState;

constexpr char kId[] = "01890000-0000-7000-8000-000000000001";
constexpr char kLeg[] = "01890000-0000-7000-8000-000000000002";
constexpr char kParticipant[] = "01890000-0000-7000-8000-000000000003";

class FinishTest : public testing::TestWithParam<uint32_t> {
 protected:
  FinishTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~FinishTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  // `seconds` of a tone behind a header that tells of half of it.
  void MakeWav(const std::string& name, uint32_t rate, double seconds) {
    std::ofstream file(Path(name), std::ios::binary);
    std::vector<int16_t> samples(static_cast<size_t>(seconds * rate));
    for (size_t i = 0; i < samples.size(); ++i) {
      samples[i] = static_cast<int16_t>(9000 * std::sin(2 * M_PI * 503 * static_cast<double>(i) / rate));
    }
    const auto header = MakeWavHeader(rate, samples.size());
    file.write(reinterpret_cast<const char*>(header.data()), static_cast<std::streamsize>(header.size()));
    file.write(reinterpret_cast<const char*>(samples.data()), static_cast<std::streamsize>(samples.size() * 2));
  }

  void WriteState(media::v1::RecordingFormat format, uint32_t rate,
                  RecordingState::Failure failure = RecordingState::FAILURE_UNSPECIFIED) {
    RecordingFolder state;
    state.mutable_request()->set_recording_id(kId);
    state.mutable_request()->set_sample_rate_hz(rate);
    state.mutable_request()->set_format(format);
    state.mutable_state()->set_recording_id(kId);
    state.mutable_state()->set_status(RecordingState::STATUS_FINISHING);
    state.mutable_state()->set_failure(failure);
    state.mutable_state()->mutable_tm_start()->set_seconds(1000);
    ASSERT_TRUE(WriteFolderState(disk_, folder_, state).ok());
  }

  RecordingState Finished() {
    EXPECT_TRUE(FinishRecording(disk_, folder_).ok());
    const auto state = ReadFolderState(folder_);
    EXPECT_TRUE(state.ok());
    return state->state();
  }

  static double Seconds(const std::string& path, double& amplitude) {
    SF_INFO info = {};
    SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
    EXPECT_NE(file, nullptr) << path;
    if (file == nullptr) return 0;
    std::vector<int16_t> samples(static_cast<size_t>(info.frames));
    EXPECT_EQ(sf_read_short(file, samples.data(), info.frames), info.frames);
    sf_close(file);
    double sine = 0, cosine = 0;
    const size_t begin = samples.size() / 10, end = samples.size() * 9 / 10;
    for (size_t i = begin; i < end; ++i) {
      const double angle = 2 * M_PI * 503 * static_cast<double>(i) / info.samplerate;
      sine += samples[i] * std::sin(angle);
      cosine += samples[i] * std::cos(angle);
    }
    amplitude = 2 * std::hypot(sine, cosine) / static_cast<double>(end - begin);
    return static_cast<double>(info.frames) / info.samplerate;
  }

  const std::string folder_ = absl::StrCat(testing::TempDir(), "/finish-", getpid());
  PosixDisk disk_;
};

TEST_P(FinishTest, EachFormatHasTheSoundAndItsLength) {
  struct Case {
    media::v1::RecordingFormat format;
    const char* extension;
    const char* content_type;
  };
  for (const Case& one : {Case{media::v1::RECORDING_FORMAT_WAV, "wav", "audio/wav"},
                          Case{media::v1::RECORDING_FORMAT_FLAC, "flac", "audio/flac"},
                          Case{media::v1::RECORDING_FORMAT_OGG, "ogg", "audio/ogg"}}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    MakeWav(MixedName(kId, "wav"), GetParam(), 5.06);
    // One who spoke last in the middle.
    MakeWav(SpeakerName(kId, {kLeg, kParticipant}, "wav"), GetParam(), 2);
    std::ofstream(Path(kReserveName)) << "x";
    std::ofstream(Path(kMarkersName)) << "{}";
    WriteState(one.format, GetParam());
    const RecordingState state = Finished();
    EXPECT_EQ(state.status(), RecordingState::STATUS_ENDED);
    EXPECT_EQ(state.duration_ms(), 5060);
    ASSERT_EQ(state.files_size(), 3);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(state.files(i).content_type(), one.content_type);
      EXPECT_EQ(static_cast<uint64_t>(state.files(i).size()), std::filesystem::file_size(Path(state.files(i).name())));
    }
    EXPECT_EQ(state.files(0).name(), MixedName(kId, one.extension));
    EXPECT_EQ(state.files(1).name(), SpeakerName(kId, {kLeg, kParticipant}, one.extension));
    double amplitude = 0;
    EXPECT_NEAR(Seconds(Path(state.files(0).name()), amplitude), 5.06, 0.0001);
    EXPECT_NEAR(amplitude, 9000, 300) << one.extension;
    EXPECT_NEAR(Seconds(Path(state.files(1).name()), amplitude), 5.06, 0.0001);
    EXPECT_EQ(std::filesystem::exists(Path(MixedName(kId, "wav"))), one.format == media::v1::RECORDING_FORMAT_WAV);
    EXPECT_FALSE(std::filesystem::exists(Path(kReserveName)));
    // Again changes nothing.
    const RecordingState again = Finished();
    EXPECT_EQ(again.SerializeAsString(), state.SerializeAsString());
  }
}

INSTANTIATE_TEST_SUITE_P(Rates, FinishTest, testing::Values(8000, 16000));

TEST_F(FinishTest, OneThatFailedKeepsItsWav) {
  MakeWav(MixedName(kId, "wav"), 8000, 1);
  WriteState(media::v1::RECORDING_FORMAT_FLAC, 8000, RecordingState::FAILURE_NODE_LOST);
  const RecordingState state = Finished();
  EXPECT_EQ(state.status(), RecordingState::STATUS_FAILED);
  EXPECT_EQ(state.failure(), RecordingState::FAILURE_NODE_LOST);
  EXPECT_EQ(state.files(0).content_type(), "audio/wav");
  EXPECT_EQ(state.duration_ms(), 1000);
  EXPECT_GT(state.tm_end().seconds(), 1000) << "when it was last written to";
}

TEST_F(FinishTest, AConversionThatFailsKeepsTheWavOfAll) {
  MakeWav(MixedName(kId, "wav"), 8000, 1);
  MakeWav(SpeakerName(kId, {kLeg, kParticipant}, "wav"), 8000, 1);
  // Where the second one would be made there is something else.
  std::filesystem::create_directories(Path(SpeakerName(kId, {kLeg, kParticipant}, "flac.part")) + "/x");
  WriteState(media::v1::RECORDING_FORMAT_FLAC, 8000);
  const RecordingState state = Finished();
  EXPECT_EQ(state.status(), RecordingState::STATUS_FAILED);
  EXPECT_EQ(state.failure(), RecordingState::FAILURE_CONVERSION);
  ASSERT_EQ(state.files_size(), 2);
  for (const auto& file : state.files()) EXPECT_EQ(file.content_type(), "audio/wav");
  double amplitude = 0;
  EXPECT_NEAR(Seconds(Path(MixedName(kId, "wav")), amplitude), 1, 0.0001);
}

TEST_F(FinishTest, OneThatDiedBetweenTwoFilesIsFinished) {
  MakeWav(MixedName(kId, "wav"), 8000, 1);
  MakeWav(SpeakerName(kId, {kLeg, kParticipant}, "wav"), 8000, 1);
  WriteState(media::v1::RECORDING_FORMAT_FLAC, 8000);
  ASSERT_EQ(Finished().status(), RecordingState::STATUS_ENDED);
  // As it was before the WAV files went and the state was written.
  MakeWav(MixedName(kId, "wav"), 8000, 1);
  MakeWav(SpeakerName(kId, {kLeg, kParticipant}, "wav"), 8000, 1);
  std::filesystem::remove(Path(SpeakerName(kId, {kLeg, kParticipant}, "flac")));
  WriteState(media::v1::RECORDING_FORMAT_FLAC, 8000);
  const RecordingState state = Finished();
  EXPECT_EQ(state.status(), RecordingState::STATUS_ENDED);
  ASSERT_EQ(state.files_size(), 2);
  for (const auto& file : state.files()) EXPECT_EQ(file.content_type(), "audio/flac");
  EXPECT_FALSE(std::filesystem::exists(Path(MixedName(kId, "wav"))));
}

TEST_F(FinishTest, WithoutSoundItEndsWithoutFiles) {
  WriteState(media::v1::RECORDING_FORMAT_FLAC, 8000);
  EXPECT_EQ(Finished().status(), RecordingState::STATUS_ENDED);
  std::filesystem::remove(Path(kStateName));
  EXPECT_FALSE(FinishRecording(disk_, folder_).ok());
}

}  // namespace
}  // namespace tutti::mediaplane
