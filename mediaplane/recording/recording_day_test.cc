// A recording of 24 hours in emulated time.

#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mediaplane/recording/folder.h"
#include "mediaplane/recording/recording_files.h"
#include "mediaplane/recording/time_line.h"
#include "mediaplane/recording/wav.h"

namespace tutti::mediaplane {
namespace {

constexpr int64_t kTicksADay = 24 * 3600 * 50;
constexpr int64_t kTicksAnHour = 3600 * 50;
constexpr char kId[] = "01890000-0000-7000-8000-000000000001";

TEST(RecordingDayTest, ADayIsAsLongAsADayAndEverythingIsInItsPlace) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/day-", getpid());
  media::v1::RecordingFolder state;
  state.mutable_request()->set_recording_id(kId);
  state.mutable_request()->set_sample_rate_hz(16000);
  PosixDisk disk;
  RecordingFiles files(disk, folder, state.request());
  ASSERT_TRUE(files.Begin(state).ok());
  TimeLine line(MixRate::k16000, kTicksADay);
  const std::vector<int16_t> silence(320);
  std::vector<int16_t> sound(320);
  // Every hour a second of sound that says which; between 5:00 and 6:00 nothing comes; a
  // pause of an hour is no part of it.
  int64_t tick_ns = kTickNs;
  for (int64_t tick = 0; !line.over(); tick_ns += kTickNs) {
    const int64_t hour = tick / kTicksAnHour;
    if (hour == 5 && tick % kTicksAnHour >= 100 && tick % kTicksAnHour < kTicksAnHour - 100) {
      ++tick;
      continue;
    }
    if (tick == 7 * kTicksAnHour && !line.paused()) {
      line.Pause(true);
      for (int64_t paused = 0; paused < kTicksAnHour; ++paused, tick_ns += kTickNs) EXPECT_FALSE(line.Advance(tick_ns));
      line.Pause(false);
    }
    ASSERT_TRUE(line.Advance(tick_ns));
    std::fill(sound.begin(), sound.end(), static_cast<int16_t>(1000 + hour));
    line.AddMix(tick % kTicksAnHour < 50 ? sound : silence);
    if (++tick % 25 == 0 || line.over()) {
      const SoundBatch batch = line.Take();
      // Silence alone is written each 50 s, to be quick.
      if (tick % 2500 == 0 || !batch.tracks[0].samples.empty() || line.over()) {
        ASSERT_TRUE(files.Write(batch).ok());
      }
      line.Written(batch);
    }
    ASSERT_LE(line.waiting(), 25);
  }
  EXPECT_FALSE(line.Advance(tick_ns));
  EXPECT_EQ(line.ticks(), kTicksADay);
  EXPECT_EQ(line.filled(), kTicksAnHour - 200);

  const std::string path = absl::StrCat(folder, "/", kId, ".wav");
  EXPECT_EQ(std::filesystem::file_size(path), kWavHeaderBytes + kTicksADay * 640ull);
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, 20'000'000) << "silence takes no room";
  SF_INFO info = {};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(info.frames, 24 * 3600 * 16'000ll);
  for (int hour = 0; hour < 24; ++hour) {
    const auto at = [&](double seconds) {
      int16_t sample = -1;
      EXPECT_GE(sf_seek(file, static_cast<sf_count_t>((hour * 3600 + seconds) * 16'000), SEEK_SET), 0);
      EXPECT_EQ(sf_read_short(file, &sample, 1), 1);
      return sample;
    };
    EXPECT_EQ(at(0), 1000 + hour);
    EXPECT_EQ(at(0.999), 1000 + hour);
    EXPECT_EQ(at(1), 0);
    EXPECT_EQ(at(3599.999), 0);
  }
  sf_close(file);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tutti::mediaplane
