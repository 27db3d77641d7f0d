#ifndef MEDIAPLANE_AUDIO_FORMAT_H_
#define MEDIAPLANE_AUDIO_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace tutti::mediaplane {

// The media plane's unit of work: every leg gives and takes one frame a tick.
constexpr int kTickMs = 20;
constexpr int64_t kTickNs = int64_t{kTickMs} * 1'000'000;

// What a leg may send or receive. Every codec here has a constant bit rate, so a
// frame's bytes follow from its length.
enum class Codec : uint8_t {
  kNone,  // nothing negotiated
  kPcmu,
  kPcma,
  kG722,
  kL16At8000,
  kL16At16000,
  kCount,
};

// The rates at which audio is mixed. A room keeps one sum for each.
enum class MixRate : uint8_t { k8000, k16000, kCount };

// Facts of a codec. A "unit" is one step of the RTP timestamp.
struct AudioFormat {
  Codec codec = Codec::kNone;
  MixRate rate = MixRate::k8000;
  bool stateless = true;            // encoding depends on this frame's samples alone
  uint8_t bytes_per_unit = 1;       // payload bytes for one step of the RTP timestamp
  uint8_t payload_type_static = 0;  // RFC 3551; 255 when there is none
  uint8_t silence_byte = 0;         // what a payload of silence is filled with
  uint16_t sample_rate = 8000;      // Hz
  uint16_t clock_rate = 8000;       // RTP clock, Hz; G.722's is 8000 (RFC 3551 section 4.5.2)
  uint16_t samples_per_frame = 160;
  uint16_t units_per_frame = 160;  // RTP clock steps a frame
  uint16_t bytes_per_frame = 160;
  const char* name = "";  // SDP encoding name
};

constexpr size_t kSamplesPerFrameMax = 320;  // 20 ms at 16 kHz
constexpr size_t kBytesPerFrameMax = 640;    // L16 at 16 kHz

constexpr std::array<AudioFormat, static_cast<size_t>(Codec::kCount)> kAudioFormats = {{
    {},
    {Codec::kPcmu, MixRate::k8000, true, 1, 0, 0xff, 8000, 8000, 160, 160, 160, "PCMU"},
    {Codec::kPcma, MixRate::k8000, true, 1, 8, 0xd5, 8000, 8000, 160, 160, 160, "PCMA"},
    {Codec::kG722, MixRate::k16000, false, 1, 9, 0xfe, 16000, 8000, 320, 160, 160, "G722"},
    {Codec::kL16At8000, MixRate::k8000, true, 2, 255, 0, 8000, 8000, 160, 160, 320, "L16"},
    {Codec::kL16At16000, MixRate::k16000, true, 2, 255, 0, 16000, 16000, 320, 320, 640, "L16"},
}};

constexpr const AudioFormat& FormatOf(Codec codec) { return kAudioFormats[static_cast<size_t>(codec)]; }

constexpr size_t SamplesPerFrame(MixRate rate) { return rate == MixRate::k8000 ? 160 : 320; }

constexpr int SampleRateHz(MixRate rate) { return rate == MixRate::k8000 ? 8000 : 16000; }

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_FORMAT_H_
