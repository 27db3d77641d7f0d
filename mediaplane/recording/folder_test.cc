#include "mediaplane/recording/folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/id/id.h"

namespace tutti::mediaplane {
namespace {

constexpr char kId[] = "01890000-0000-7000-8000-000000000001";
constexpr char kLeg[] = "01890000-0000-7000-8000-000000000002";
constexpr char kParticipant[] = "01890000-0000-7000-8000-000000000003";

media::v1::RecordingFolder State() {
  media::v1::RecordingFolder state;
  state.mutable_request()->set_recording_id(kId);
  state.mutable_request()->set_sample_rate_hz(8000);
  state.mutable_state()->set_recording_id(kId);
  state.mutable_state()->set_status(media::v1::RecordingState::STATUS_FINISHING);
  return state;
}

class FolderTest : public testing::Test {
 protected:
  FolderTest() { std::filesystem::create_directories(folder_); }
  ~FolderTest() override { std::filesystem::remove_all(folder_); }

  void Make(const std::string& name, size_t bytes = 10) {
    std::ofstream(folder_ + "/" + name) << std::string(bytes, 'x');
  }

  const std::string folder_ = absl::StrCat(testing::TempDir(), "/folder-test-", getpid());
};

TEST_F(FolderTest, ItsStateComesBack) {
  PosixDisk disk;
  EXPECT_EQ(ReadFolderState(folder_).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(WriteFolderState(disk, folder_, State()).ok());
  const auto read = ReadFolderState(folder_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(RenderFolderState(*read), RenderFolderState(State()));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/state.part"));
}

TEST_F(FolderTest, AStateThatIsNoneIsRefused) {
  auto no_rate = State(), other_id = State(), no_id = State();
  no_rate.mutable_request()->set_sample_rate_hz(0);
  other_id.mutable_state()->set_recording_id(kLeg);
  no_id.mutable_request()->set_recording_id("../x");
  no_id.mutable_state()->set_recording_id("../x");
  for (const std::string& text :
       {std::string(), std::string("garbage"), std::string("unknown_field: 1"), std::string(2 << 20, ' '),
        RenderFolderState(no_rate), RenderFolderState(other_id), RenderFolderState(no_id)}) {
    EXPECT_EQ(ParseFolderState(text).status().code(), absl::StatusCode::kInvalidArgument) << text.substr(0, 100);
  }
}

TEST_F(FolderTest, ItsFilesTheMixedOneFirst) {
  const std::string speaker = absl::StrCat(kId, "-", kParticipant, "-", kLeg);
  Make(absl::StrCat(speaker, ".wav"), 5);
  Make(absl::StrCat(kId, ".wav"), 7);
  Make("markers.json", 3);
  for (const char* other : {"state", "state.part", "reserve", "x.wav", "-.wav"}) Make(other);
  Make(absl::StrCat(kId, ".flac.part"));
  Make(absl::StrCat(kLeg, ".wav"));
  for (const char* other : {"x.wav", "-.wav", "-x.wav"}) Make(absl::StrCat(speaker, other));
  Make(absl::StrCat(kId, "-", kLeg, ".wav"));
  const auto files = ListFiles(folder_, kId);
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 3u);
  EXPECT_EQ((*files)[0].file_id(), kId);
  EXPECT_EQ((*files)[0].size(), 7);
  EXPECT_EQ((*files)[1].leg_id(), kLeg);
  EXPECT_EQ((*files)[1].participant_id(), kParticipant);
  EXPECT_EQ((*files)[1].size(), 5);
  EXPECT_TRUE(IsUuid((*files)[1].file_id())) << (*files)[1].file_id();
  EXPECT_EQ((*files)[2].kind(), media::v1::RecordingFile::KIND_MARKERS);
  EXPECT_NE((*files)[1].file_id(), (*files)[2].file_id());
  // Once it is converted it is that.
  Make(absl::StrCat(kId, ".flac"), 2);
  EXPECT_EQ((*ListFiles(folder_, kId))[0].content_type(), "audio/flac");
}

}  // namespace
}  // namespace tutti::mediaplane
