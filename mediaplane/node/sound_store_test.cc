#include "mediaplane/node/sound_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "mediaplane/node/sound_upload.h"

namespace tutti::mediaplane {
namespace {

std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

std::string Name(char digit) { return std::string(64, digit); }

// A sound of so many frames: 960 bytes each, of both rates.
std::shared_ptr<const Sound> Frames(size_t frames) {
  return Sound::Make(std::vector<int16_t>(frames * 160, 1), MixRate::k8000);
}

TEST(SoundStoreTest, WhatIsPutIsFoundOnce) {
  SoundStore store;
  EXPECT_EQ(Reason(store.Find(Name('a')).status()), "SOUND_NOT_FOUND");
  EXPECT_EQ(Reason(store.Get(Name('a')).status()), "SOUND_NOT_FOUND");
  ASSERT_TRUE(store.Insert(Name('a'), Frames(50)).ok());
  ASSERT_TRUE(store.Insert(Name('a'), Frames(60)).ok());
  EXPECT_EQ(store.size(), 1u);
  EXPECT_EQ(store.bytes(), 50u * 960);
  EXPECT_EQ(store.Get(Name('a'))->duration_ms(), 1000);
  EXPECT_EQ(store.Get(Name('a'))->bytes(), 50 * 960);
  EXPECT_FALSE(store.Get(Name('a'))->in_use());
  const auto found = *store.Find(Name('a'));
  EXPECT_TRUE(store.Get(Name('a'))->in_use());
}

TEST(SoundStoreTest, SoundsOfTheHouseNeedNoUploadAndOtherNamesAreRefused) {
  SoundStore store(0);
  for (const char* name : {"beep", "beep_entry", "beep_exit", "hold_music"}) EXPECT_TRUE(store.Find(name).ok()) << name;
  for (const std::string& name : {std::string(), std::string("bell"), std::string(63, 'a'), std::string(65, 'a'),
                                  std::string(64, 'A'), std::string(64, 'g')}) {
    EXPECT_EQ(store.Find(name).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
}

TEST(SoundStoreTest, TheOneNotUsedForLongestGivesWay) {
  SoundStore store(30 * 960);
  for (const char name : {'a', 'b', 'c'}) ASSERT_TRUE(store.Insert(Name(name), Frames(10)).ok());
  ASSERT_TRUE(store.Find(Name('a')).ok());
  ASSERT_TRUE(store.Insert(Name('d'), Frames(10)).ok());
  EXPECT_FALSE(store.Get(Name('b')).ok());
  EXPECT_TRUE(store.Get(Name('a')).ok());
  EXPECT_TRUE(store.Get(Name('c')).ok());
  EXPECT_EQ(store.bytes(), 30u * 960);
}

TEST(SoundStoreTest, WhatIsInUseNeverGivesWay) {
  SoundStore store(30 * 960);
  for (const char name : {'a', 'b', 'c'}) ASSERT_TRUE(store.Insert(Name(name), Frames(10)).ok());
  const auto a = *store.Find(Name('a'));
  auto b = *store.Find(Name('b'));
  EXPECT_EQ(Reason(store.Insert(Name('d'), Frames(20))), "SOUND_CACHE_FULL");
  EXPECT_TRUE(store.Get(Name('c')).ok()) << "nothing gave way in vain";
  ASSERT_TRUE(store.Insert(Name('d'), Frames(10)).ok());
  EXPECT_TRUE(store.Get(Name('a')).ok());
  EXPECT_TRUE(store.Get(Name('b')).ok());
  EXPECT_FALSE(store.Get(Name('c')).ok());
  b.reset();
  ASSERT_TRUE(store.Insert(Name('e'), Frames(20)).ok());
  EXPECT_TRUE(store.Get(Name('a')).ok());
  EXPECT_EQ(store.size(), 2u);
}

class SoundUploadTest : public testing::Test {
 protected:
  absl::Status Head(const std::string& sha256, uint32_t rate) {
    media::v1::PutSoundRequest message;
    message.mutable_head()->set_sha256(sha256);
    message.mutable_head()->set_sample_rate_hz(rate);
    return upload_.Add(message);
  }
  absl::Status Samples(const std::string& bytes) {
    media::v1::PutSoundRequest message;
    message.set_samples(bytes);
    return upload_.Add(message);
  }

  SoundUpload upload_;
};

// Of "\x01\x00\xff\xff": 1, -1.
constexpr char kSha256[] = "16b8cb1fe734fbc60c6763c94c9e4cc55840ae966e7e508ba82f539d82702511";

TEST_F(SoundUploadTest, ASoundInPieces) {
  ASSERT_TRUE(Head(kSha256, 8000).ok());
  ASSERT_TRUE(Samples(std::string("\x01\x00\xff", 3)).ok());
  ASSERT_TRUE(Samples("\xff").ok());
  const auto sound = upload_.Finish();
  ASSERT_TRUE(sound.ok()) << sound.status();
  EXPECT_EQ((*sound)->frames(), 1u);
  EXPECT_EQ((*sound)->samples(MixRate::k8000)[0], 1);
  EXPECT_EQ((*sound)->samples(MixRate::k8000)[1], -1);
}

TEST_F(SoundUploadTest, OtherSamplesThanNamed) {
  ASSERT_TRUE(Head(kSha256, 16'000).ok());
  ASSERT_TRUE(Samples(std::string("\x01\x00\xff\x7f", 4)).ok());
  EXPECT_EQ(Reason(upload_.Finish().status()), "SOUND_HASH_MISMATCH");
}

TEST_F(SoundUploadTest, WhatIsNoUpload) {
  EXPECT_FALSE(upload_.Finish().ok());
  EXPECT_FALSE(Samples("ab").ok());
  EXPECT_FALSE(upload_.Add({}).ok());
  EXPECT_FALSE(Head("abc", 8000).ok());
  EXPECT_FALSE(Head(kSha256, 44'100).ok());
  ASSERT_TRUE(Head(kSha256, 8000).ok());
  EXPECT_FALSE(Head(kSha256, 8000).ok());
  EXPECT_FALSE(upload_.Finish().ok()) << "no samples";
  ASSERT_TRUE(Samples("abc").ok());
  EXPECT_EQ(Reason(upload_.Finish().status()), "INVALID_REQUEST_PARAMETER") << "half a sample";
  EXPECT_FALSE(Samples(std::string(SoundUpload::kMessageBytesMax + 1, 'a')).ok());
  const std::string piece(SoundUpload::kMessageBytesMax, 'a');
  for (size_t bytes = 3; bytes + piece.size() <= SoundUpload::kBytesMax; bytes += piece.size()) {
    ASSERT_TRUE(Samples(piece).ok());
  }
  EXPECT_FALSE(Samples(piece).ok());
}

}  // namespace
}  // namespace tutti::mediaplane
