#include "speech/synthesizer/espeak_output.h"

#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/language/language.h"

namespace tutti::speech {
namespace {

constexpr size_t kVoicesMax = 1000;
// Columns of the table: priority, language, age and gender, name, file, others.
constexpr size_t kLanguageColumn = 1;
constexpr size_t kFileColumn = 4;

constexpr size_t kHeadBytes = 12;
constexpr size_t kChunkHeadBytes = 8;
constexpr size_t kFormatBytes = 16;
constexpr int kRateMaxHz = 96'000;

uint32_t Number(std::string_view bytes, size_t place, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= uint32_t{static_cast<unsigned char>(bytes[place + i])} << (8 * i);
  return value;
}

// "en-us": regions in capitals, as BCP 47 recommends.
std::string Tag(absl::string_view word) {
  std::string tag;
  for (const absl::string_view subtag : absl::StrSplit(word, '-')) {
    const bool region = !tag.empty() && subtag.size() == 2;
    if (!tag.empty()) tag += '-';
    tag += region ? absl::AsciiStrToUpper(subtag) : std::string(subtag);
  }
  return tag;
}

v1::Voice MakeVoice(absl::string_view word, absl::string_view language) {
  v1::Voice voice;
  voice.set_voice(std::string(word));
  voice.set_language(Tag(language));
  voice.set_provider("espeak-ng");
  return voice;
}

absl::Status NoWav(const char* why) { return absl::InvalidArgumentError(why); }

}  // namespace

std::vector<v1::Voice> ParseEspeakVoices(std::string_view table) {
  std::vector<v1::Voice> voices;
  // The voice for a wider tag, by how well it suits: the least number.
  std::map<std::string, std::pair<int, v1::Voice>> wider;
  std::set<std::string> known;
  for (const absl::string_view line : absl::StrSplit(absl::string_view(table.data(), table.size()), '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.size() <= kFileColumn || !absl::ascii_isdigit(words[0][0])) continue;
    const std::string word(words[kLanguageColumn]);
    if (!IsLanguageTag(word) || voices.size() == kVoicesMax || !known.insert(Tag(word)).second) continue;
    voices.push_back(MakeVoice(word, word));
    // "(zh-cmn 5)(zh 5)" is here "(zh-cmn", "5)(zh", "5)".
    for (size_t i = kFileColumn + 1; i + 1 < words.size(); ++i) {
      const size_t begin = words[i].rfind('(');
      if (begin == absl::string_view::npos) continue;
      const std::string other(words[i].substr(begin + 1));
      int number = 0;
      if (!IsLanguageTag(other) || !absl::SimpleAtoi(words[i + 1].substr(0, words[i + 1].find(')')), &number)) continue;
      const auto [place, is_new] = wider.try_emplace(Tag(other), number, MakeVoice(word, other));
      if (!is_new && number < place->second.first) place->second = {number, MakeVoice(word, other)};
    }
  }
  for (auto& [language, voice] : wider) {
    if (voices.size() < kVoicesMax && known.insert(language).second) voices.push_back(std::move(voice.second));
  }
  return voices;
}

absl::StatusOr<Sound> ParseEspeakWav(std::string_view wav) {
  if (wav.size() < kHeadBytes || wav.substr(0, 4) != "RIFF" || wav.substr(8, 4) != "WAVE") return NoWav("it is no WAV");
  Sound sound;
  for (size_t place = kHeadBytes; wav.size() - place >= kChunkHeadBytes;) {
    const std::string_view name = wav.substr(place, 4);
    const size_t size = Number(wav, place + 4, 4);
    place += kChunkHeadBytes;
    if (name == "data") {
      if (sound.sample_rate_hz == 0) return NoWav("its data come before its format");
      const std::string_view data = wav.substr(place);
      sound.samples.resize(data.size() / sizeof(int16_t));
      for (size_t i = 0; i < sound.samples.size(); ++i) {
        sound.samples[i] = static_cast<int16_t>(Number(data, i * sizeof(int16_t), sizeof(int16_t)));
      }
      return sound;
    }
    if (size > wav.size() - place) return NoWav("it ends within its head");
    if (name == "fmt ") {
      if (size < kFormatBytes || Number(wav, place, 2) != 1 || Number(wav, place + 2, 2) != 1 ||
          Number(wav, place + 14, 2) != 16) {
        return NoWav("it is not PCM of 16 bit, mono");
      }
      const uint32_t rate = Number(wav, place + 4, 4);
      if (rate < 1000 || rate > kRateMaxHz) return NoWav("its sample rate is out of bounds");
      sound.sample_rate_hz = static_cast<int>(rate);
    }
    // Chunks begin at even places.
    place += size;
    if (size % 2 == 1 && place < wav.size()) ++place;
  }
  return NoWav("it has no data");
}

}  // namespace tutti::speech
