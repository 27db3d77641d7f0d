#include "mediaplane/finisher/convert.h"

#include <sndfile.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tutti::mediaplane {
namespace {

constexpr size_t kSamplesAtOnce = 65'536;
// libsndfile's scale of Opus is 256 to 6 kbit/s: about 31, plenty for speech and fair
// for music.
constexpr double kOpusCompression = 0.9;

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, Close>;

absl::Status Failed(const char* what, const std::string& path, SNDFILE* file) {
  return absl::InternalError(absl::StrCat("can't ", what, " ", path, ": ", sf_strerror(file)));
}

}  // namespace

absl::Status ConvertSound(const std::string& from, const std::string& to, SoundFormat format) {
  SF_INFO info = {};
  const File in(sf_open(from.c_str(), SFM_READ, &info));
  if (in == nullptr) return Failed("read", from, nullptr);
  SF_INFO wanted = {};
  wanted.samplerate = info.samplerate;
  wanted.channels = info.channels;
  wanted.format = format == SoundFormat::kFlac ? SF_FORMAT_FLAC | SF_FORMAT_PCM_16 : SF_FORMAT_OGG | SF_FORMAT_OPUS;
  File out(sf_open(to.c_str(), SFM_WRITE, &wanted));
  if (out == nullptr) return Failed("make", to, nullptr);
  if (format == SoundFormat::kOggOpus) {
    double compression = kOpusCompression;
    sf_command(out.get(), SFC_SET_COMPRESSION_LEVEL, &compression, sizeof(compression));
  }
  std::vector<short> samples(kSamplesAtOnce);
  for (;;) {
    const sf_count_t count = sf_read_short(in.get(), samples.data(), static_cast<sf_count_t>(samples.size()));
    if (count <= 0) break;
    if (sf_write_short(out.get(), samples.data(), count) != count) return Failed("write", to, out.get());
  }
  if (sf_error(in.get()) != SF_ERR_NO_ERROR) return Failed("read", from, in.get());
  // The last pages are written by the close.
  if (sf_close(out.release()) != SF_ERR_NO_ERROR) return Failed("write", to, nullptr);
  return absl::OkStatus();
}

}  // namespace tutti::mediaplane
