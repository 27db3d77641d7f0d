#ifndef MEDIAPLANE_AUDIO_HOLD_MUSIC_H_
#define MEDIAPLANE_AUDIO_HOLD_MUSIC_H_

#include <cstdint>
#include <vector>

namespace tutti::mediaplane {

// 16 s of quiet broken chords at 16 kHz, peaks at -14 dBFS, whose end goes over into
// its beginning: what a room hears where nobody has chosen anything else.
std::vector<int16_t> MakeHoldMusic();

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_HOLD_MUSIC_H_
