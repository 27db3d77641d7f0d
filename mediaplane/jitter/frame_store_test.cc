#include "mediaplane/jitter/frame_store.h"

#include <gtest/gtest.h>

#include <vector>

namespace tutti::mediaplane {
namespace {

class FrameStoreTest : public testing::Test {
 protected:
  FrameStoreTest() { store_.SetFormat(FormatOf(Codec::kPcmu)); }

  int Write(int64_t frame, uint16_t offset, uint16_t units, uint8_t value) {
    return store_.Write(frame, offset, std::vector<uint8_t>(units, value).data(), units);
  }

  FrameStore store_;
};

TEST_F(FrameStoreTest, PiecesInAnyOrderMakeAWholeFrame) {
  EXPECT_EQ(Write(0, 80, 40, 3), 40);
  EXPECT_EQ(Write(0, 0, 40, 1), 40);
  EXPECT_FALSE(store_.Whole(0));
  EXPECT_EQ(Write(0, 120, 40, 4), 40);
  EXPECT_EQ(Write(0, 40, 40, 2), 40);
  ASSERT_TRUE(store_.Whole(0));
  const auto taken = store_.Take();
  EXPECT_EQ(taken.units, 160);
  for (int i = 0; i < 160; ++i) ASSERT_EQ(taken.bytes[i], 1 + i / 40);
  EXPECT_EQ(store_.units(), 0u);
}

TEST_F(FrameStoreTest, OverlapsCountOnce) {
  EXPECT_EQ(Write(0, 20, 40, 1), 40);
  EXPECT_EQ(Write(0, 30, 20, 1), 0);
  EXPECT_EQ(Write(0, 0, 160, 1), 120);
  EXPECT_EQ(store_.units(), 160u);
}

TEST_F(FrameStoreTest, MoreThanThreeSeparatePiecesAreRefusedUntilTheyJoin) {
  EXPECT_EQ(Write(0, 0, 10, 1), 10);
  EXPECT_EQ(Write(0, 40, 10, 1), 10);
  EXPECT_EQ(Write(0, 80, 10, 1), 10);
  EXPECT_EQ(Write(0, 120, 10, 1), -1);
  EXPECT_EQ(Write(0, 10, 30, 1), 30) << "joins two";
  EXPECT_EQ(Write(0, 120, 10, 1), 10);
  EXPECT_EQ(store_.units(), 70u);
}

TEST_F(FrameStoreTest, HolesRepeatTheirNeighbours) {
  Write(0, 40, 40, 7);
  Write(0, 100, 20, 9);
  const auto taken = store_.Take();
  EXPECT_EQ(taken.units, 60);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(taken.bytes[i], 7);
  for (int i = 100; i < 120; ++i) ASSERT_EQ(taken.bytes[i], 9);
  for (int i = 120; i < 160; ++i) ASSERT_NE(taken.bytes[i], 0xee);
}

TEST_F(FrameStoreTest, MissingFramesHaveNoBytesAndNumbersGoOn) {
  Write(2, 0, 160, 5);
  EXPECT_EQ(store_.begin(), 0);
  EXPECT_EQ(store_.end(), 3);
  EXPECT_FALSE(store_.Has(0));
  EXPECT_EQ(store_.Take().bytes, nullptr);
  EXPECT_EQ(store_.Take().bytes, nullptr);
  EXPECT_EQ(store_.Take().bytes[0], 5);
  EXPECT_EQ(store_.Take().bytes, nullptr);
  EXPECT_EQ(store_.begin(), 4);
  EXPECT_EQ(store_.end(), 4);
}

TEST_F(FrameStoreTest, HoldsWhatItPromises) {
  for (const Codec codec : {Codec::kPcmu, Codec::kL16At8000, Codec::kL16At16000}) {
    FrameStore store;
    const AudioFormat& format = FormatOf(codec);
    store.SetFormat(format);
    const auto frames = static_cast<int64_t>(FrameStore::FramesMax(format));
    EXPECT_GE(frames * kTickMs, 360);
    for (int64_t round = 0; round < 3; ++round) {
      const int64_t first = store.begin();
      for (int64_t i = 0; i < frames; ++i) {
        ASSERT_TRUE(store.Fits(first + i));
        const std::vector<uint8_t> bytes(format.bytes_per_frame, static_cast<uint8_t>(i));
        store.Write(first + i, 0, bytes.data(), format.units_per_frame);
      }
      EXPECT_FALSE(store.Fits(first + frames));
      for (int64_t i = 0; i < frames; ++i) {
        const auto taken = store.Take();
        ASSERT_EQ(taken.bytes[0], i);
        ASSERT_EQ(taken.bytes[format.bytes_per_frame - 1], i);
      }
    }
  }
}

}  // namespace
}  // namespace tutti::mediaplane
