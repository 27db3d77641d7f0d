#include <gmock/gmock.h>

#include "mediaplane/recording/recordings_fixture.h"

namespace tutti::mediaplane {
namespace {

using testing::ElementsAre;

// Recordings whose uploads a test ends by hand.
class RecordingsUploadTest : public RecordingsTest {
 protected:
  using Done = std::function<void(absl::StatusOr<media::v1::RecordingFolder>)>;

  void SetUp() override {
    change_options_ = [this](RecordingsOptions& options) {
      options.upload = [this](const std::string& folder, Done done) { Keep("upload", folder, std::move(done)); };
      options.delete_uploads = [this](const std::string& folder, Done done) {
        Keep("delete", folder, std::move(done));
      };
    };
    RecordingsTest::SetUp();
  }

  void Keep(const std::string& what, const std::string& folder, Done done) {
    begun_.push_back(what);
    works_.push_back([this, what, folder, done = std::move(done)](bool succeeds) {
      if (!succeeds) return done(absl::UnavailableError("no object store"));
      auto state = ReadFolderState(folder);
      if (what == "upload") {
        state->mutable_state()->set_uploaded(true);
        EXPECT_TRUE(WriteFolderState(disk_, folder, *state).ok());
      }
      done(state);
    });
  }

  void EndWork(bool succeeds) {
    ASSERT_FALSE(works_.empty());
    const auto work = std::move(works_.front());
    works_.pop_front();
    work(succeeds);
    Poll();
  }

  void Poll() {
    recordings_->Poll();
    RunWriters();
    recordings_->Poll();
  }

  void Record(int id) {
    const BridgeSlot bridge = *node_->engine().AddBridge();
    PutOk(Request(id, 1), bridge);
    Run(100 * kMs);
    PutOk(Request(id, 2, Put::WANTED_STOP), bridge);
    ASSERT_EQ(Finish(id).status(), State::STATUS_ENDED);
  }

  bool FolderIsHere(int id) const { return std::filesystem::exists(Path(id, "")); }

  std::vector<std::string> begun_;
  std::deque<std::function<void(bool)>> works_;
};

TEST_F(RecordingsUploadTest, GoesWhenItIsOverAndSaysSo) {
  Record(1);
  EXPECT_THAT(begun_, ElementsAre("upload"));
  EXPECT_FALSE(Last(1).uploaded());
  media::v1::ReadRecordingFileRequest read;
  read.set_recording_id(Id(1));
  read.set_name(Id(1) + ".wav");
  EXPECT_TRUE(recordings_->FindFile(read).ok());
  EndWork(true);
  EXPECT_TRUE(Last(1).uploaded());
  EXPECT_EQ(Last(1).status(), State::STATUS_ENDED);
  EXPECT_EQ(recordings_->FindFile(read).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(figures_.uploaded, 1u);
  EXPECT_EQ(figures_.kept, 0u);
  Restart();
  Poll();
  EXPECT_THAT(begun_, ElementsAre("upload"));
}

TEST_F(RecordingsUploadTest, IsTriedAgainAlsoAfterARestart) {
  Record(1);
  EndWork(false);
  EXPECT_FALSE(Last(1).uploaded());
  EXPECT_EQ(figures_.upload_failures, 1u);
  EXPECT_THAT(begun_, ElementsAre("upload"));
  clock_.Advance(absl::Seconds(5));
  Poll();
  EXPECT_THAT(begun_, ElementsAre("upload", "upload"));
  works_.clear();
  Restart();
  Poll();
  EXPECT_THAT(begun_, ElementsAre("upload", "upload", "upload"));
  EndWork(true);
  EXPECT_TRUE(Last(1).uploaded());
}

TEST_F(RecordingsUploadTest, DeletedOnItsWayItIsUndone) {
  Record(1);
  recordings_->Delete(Id(1));
  Poll();
  EXPECT_TRUE(FolderIsHere(1));
  EndWork(true);
  EXPECT_THAT(begun_, ElementsAre("upload", "delete"));
  EXPECT_FALSE(Last(1).uploaded());
  // Dies before it is undone.
  works_.clear();
  Restart();
  Poll();
  EXPECT_THAT(begun_, ElementsAre("upload", "delete", "delete"));
  EndWork(false);
  EXPECT_TRUE(FolderIsHere(1));
  clock_.Advance(absl::Seconds(5));
  Poll();
  EndWork(true);
  EXPECT_FALSE(FolderIsHere(1));
}

TEST_F(RecordingsUploadTest, DeletedAfterItIsUploadedItJustGoes) {
  Record(1);
  EndWork(true);
  recordings_->Delete(Id(1));
  Poll();
  EXPECT_FALSE(FolderIsHere(1));
  EXPECT_THAT(begun_, ElementsAre("upload"));
}

TEST_F(RecordingsUploadTest, DeletedWhileItWaitsItIsUndone) {
  Record(1);
  EndWork(false);
  recordings_->Delete(Id(1));
  clock_.Advance(absl::Seconds(5));
  Poll();
  EXPECT_THAT(begun_, ElementsAre("upload", "delete"));
  EndWork(true);
  EXPECT_FALSE(FolderIsHere(1));
}

}  // namespace
}  // namespace tutti::mediaplane
