#include "mediaplane/recording/uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "common/clock/fake_clock.h"

namespace tutti::mediaplane {
namespace {

using testing::ElementsAre;

class UploadsTest : public testing::Test {
 protected:
  FakeClock clock_;
  RecordingFigures figures_;
  std::vector<std::string> begun_;
  Uploads uploads_{[this](const std::string& id) { begun_.push_back(id); }, clock_, figures_};
};

TEST_F(UploadsTest, TwoGoAtATime) {
  for (const char* id : {"a", "b", "c"}) uploads_.Add(id);
  uploads_.Poll();
  EXPECT_THAT(begun_, ElementsAre("a", "b"));
  EXPECT_TRUE(uploads_.IsRunning("a"));
  EXPECT_FALSE(uploads_.IsRunning("c"));
  EXPECT_EQ(figures_.uploads_waiting, 3u);
  uploads_.Poll();
  uploads_.Done("b", true);
  uploads_.Poll();
  EXPECT_THAT(begun_, ElementsAre("a", "b", "c"));
  uploads_.Done("a", true);
  uploads_.Done("c", true);
  EXPECT_EQ(figures_.uploads_waiting, 0u);
  EXPECT_EQ(figures_.upload_failures, 0u);
}

TEST_F(UploadsTest, AfterAFailureOneTriesAfterPausesThatGrow) {
  uploads_.Add("a");
  uploads_.Add("b");
  uploads_.Poll();
  uploads_.Done("a", false);
  uploads_.Done("b", false);
  EXPECT_EQ(figures_.upload_failures, 2u);
  begun_.clear();
  // 5 s, and 10 s for the second one.
  clock_.Advance(absl::Milliseconds(9'999));
  uploads_.Poll();
  EXPECT_THAT(begun_, ElementsAre());
  clock_.Advance(absl::Milliseconds(1));
  uploads_.Poll();
  EXPECT_THAT(begun_, ElementsAre("a"));
  uploads_.Poll();
  uploads_.Done("a", false);
  for (int i = 0; i < 20; ++i) {
    clock_.Advance(absl::Minutes(5));
    begun_.clear();
    uploads_.Poll();
    ASSERT_EQ(begun_.size(), 1u) << i;
    uploads_.Done(begun_[0], false);
  }
  clock_.Advance(absl::Minutes(5));
  begun_.clear();
  uploads_.Poll();
  uploads_.Done(begun_[0], true);
  uploads_.Add("c");
  uploads_.Poll();
  EXPECT_EQ(begun_.size(), 3u);
}

TEST_F(UploadsTest, WhatIsDroppedHasNoTurn) {
  uploads_.Add("a");
  uploads_.Drop("a");
  uploads_.Poll();
  EXPECT_THAT(begun_, ElementsAre());
  EXPECT_EQ(figures_.uploads_waiting, 0u);
}

}  // namespace
}  // namespace tutti::mediaplane
