#include "mediaplane/recording/wav.h"

#include <gtest/gtest.h>
#include <sndfile.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace tutti::mediaplane {
namespace {

class WavTest : public testing::Test {
 protected:
  ~WavTest() override { std::remove(path_.c_str()); }

  // A sparse file whose last sample is 12345.
  SF_INFO Read(uint64_t data_bytes, int16_t& last) {
    {
      std::ofstream file(path_, std::ios::binary | std::ios::trunc);
      const auto header = MakeWavHeader(16000, data_bytes);
      file.write(reinterpret_cast<const char*>(header.data()), static_cast<std::streamsize>(header.size()));
      const int16_t sample = 12'345;
      file.seekp(static_cast<std::streamoff>(kWavHeaderBytes + data_bytes - sizeof(sample)));
      file.write(reinterpret_cast<const char*>(&sample), sizeof(sample));
    }
    SF_INFO info = {};
    SNDFILE* file = sf_open(path_.c_str(), SFM_READ, &info);
    EXPECT_NE(file, nullptr) << sf_strerror(nullptr);
    if (file == nullptr) return info;
    EXPECT_EQ(sf_seek(file, info.frames - 1, SEEK_SET), info.frames - 1);
    EXPECT_EQ(sf_read_short(file, &last, 1), 1);
    sf_close(file);
    return info;
  }

  const std::string path_ = absl::StrCat(testing::TempDir(), "/wav-test-", getpid());
};

TEST_F(WavTest, UpToFourGibItIsWavAndThenRf64) {
  for (const uint64_t bytes :
       {uint64_t{2}, uint64_t{32'000}, kWavDataBytesMax - 1, kWavDataBytesMax + 1, uint64_t{5} << 30}) {
    int16_t last = 0;
    const SF_INFO info = Read(bytes, last);
    EXPECT_EQ(info.frames, static_cast<sf_count_t>(bytes / 2));
    EXPECT_EQ(info.samplerate, 16000);
    EXPECT_EQ(info.channels, 1);
    EXPECT_EQ(info.format & SF_FORMAT_TYPEMASK, bytes > kWavDataBytesMax ? SF_FORMAT_RF64 : SF_FORMAT_WAV) << bytes;
    EXPECT_EQ(info.format & SF_FORMAT_SUBMASK, SF_FORMAT_PCM_16);
    EXPECT_EQ(last, 12'345);
  }
}

}  // namespace
}  // namespace tutti::mediaplane
