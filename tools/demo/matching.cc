#include "tools/demo/matching.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "tools/caller/resample.h"

namespace tutti::tools {
namespace {

using Signal = std::vector<float>;

constexpr int64_t kPart = kMatchRateHz;          // one second
constexpr int64_t kDelayMax = kMatchRateHz / 2;  // 500 ms
constexpr int kCoarse = 4;                       // the first search is at 4 kHz
constexpr int64_t kTaps = 9;                     // fit of a fractional delay
constexpr int64_t kBandHz = 6'400;               // both sides are compared below 3.2 kHz
constexpr double kSaidEnergyMin = 1e5;           // mean square of a part worth to be compared: about -40 dBFS
constexpr double kLikenessMin = 0.7;
constexpr double kLevelDbMin = -12;
constexpr double kOwnLevelDbMax = -25;
constexpr double kOwnLikenessMin = 0.3;

// Without what narrowband lines don't carry.
Signal Band(const std::vector<int16_t>& samples) {
  const std::vector<int16_t> narrow = Resample(Resample(samples, kMatchRateHz, kBandHz), kBandHz, kMatchRateHz);
  return Signal(narrow.begin(), narrow.end());
}

Signal Decimate(const Signal& signal) {
  // It has no energy above 3.2 kHz; averaging weakens what would alias.
  Signal out(signal.size() / kCoarse);
  for (size_t i = 0; i < out.size(); ++i) {
    for (int k = 0; k < kCoarse; ++k) out[i] += signal[i * kCoarse + k] / kCoarse;
  }
  return out;
}

float At(const Signal& signal, int64_t i) {
  return i >= 0 && i < static_cast<int64_t>(signal.size()) ? signal[static_cast<size_t>(i)] : 0;
}

Signal Slice(const Signal& signal, int64_t begin, int64_t end) {
  Signal out(static_cast<size_t>(end - begin));
  for (int64_t i = begin; i < end; ++i) out[static_cast<size_t>(i - begin)] = At(signal, i);
  return out;
}

double Dot(const float* a, const float* b, size_t size) {
  // Several sums, so that the compiler may use vectors.
  float sums[8] = {};
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    for (size_t k = 0; k < 8; ++k) sums[k] += a[i + k] * b[i + k];
  }
  double sum = 0;
  for (; i < size; ++i) sum += a[i] * b[i];
  for (const float one : sums) sum += one;
  return sum;
}

struct Found {
  int64_t delay = 0;
  double likeness = 0;
  double gain = 0;
};

// The delay in [from, to] at which `heard` (longer by `to`) is most like `said`.
Found Search(const Signal& said, const Signal& heard, int64_t from, int64_t to) {
  Found best;
  const size_t size = said.size();
  const double said_energy = Dot(said.data(), said.data(), size);
  double best_dot = 0;
  for (int64_t delay = from; delay <= to; ++delay) {
    const double dot = Dot(said.data(), heard.data() + delay, size);
    if (dot > best_dot) {
      best_dot = dot;
      best.delay = delay;
    }
  }
  const float* const part = heard.data() + best.delay;
  best.gain = said_energy > 0 ? best_dot / said_energy : 0;
  best.likeness = best_dot / std::sqrt(said_energy * Dot(part, part, size) + 1);
  return best;
}

// Coarse, then fine. `heard` begins where `said` begins and goes kDelayMax further.
Found FindVoice(const Signal& said, const Signal& heard) {
  const Found coarse = Search(Decimate(said), Decimate(heard), 0, kDelayMax / kCoarse - 1);
  const int64_t middle = coarse.delay * kCoarse;
  return Search(said, heard, std::max<int64_t>(0, middle - 2 * kCoarse), std::min(kDelayMax, middle + 2 * kCoarse));
}

// Solves a x = b for a symmetric positive a, by elimination with a little ridge.
std::vector<double> Solve(std::vector<std::vector<double>> a, std::vector<double> b) {
  const size_t n = b.size();
  for (size_t i = 0; i < n; ++i) a[i][i] *= 1 + 1e-6;
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = i + 1; k < n; ++k) {
      const double factor = a[i][i] == 0 ? 0 : a[k][i] / a[i][i];
      for (size_t j = i; j < n; ++j) a[k][j] -= factor * a[i][j];
      b[k] -= factor * b[i];
    }
  }
  std::vector<double> x(n);
  for (size_t i = n; i-- > 0;) {
    double sum = b[i];
    for (size_t j = i + 1; j < n; ++j) sum -= a[i][j] * x[j];
    x[i] = a[i][i] == 0 ? 0 : sum / a[i][i];
  }
  return x;
}

// Fits `heard` by all `voices` together, each a short filter around its delay,
// and takes them out of it. Returns each voice's level in it, as a factor.
std::vector<double> TakeOut(const std::vector<Signal>& voices, const std::vector<int64_t>& delays, Signal& heard) {
  std::vector<Signal> columns;
  for (size_t v = 0; v < voices.size(); ++v) {
    for (int64_t tap = -kTaps / 2; tap <= kTaps / 2; ++tap) {
      const int64_t delay = delays[v] + tap;
      columns.push_back(Slice(voices[v], -delay, static_cast<int64_t>(heard.size()) - delay));
    }
  }
  std::vector<std::vector<double>> a(columns.size(), std::vector<double>(columns.size()));
  std::vector<double> b(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    b[i] = Dot(columns[i].data(), heard.data(), heard.size());
    for (size_t j = 0; j < columns.size(); ++j) a[i][j] = Dot(columns[i].data(), columns[j].data(), heard.size());
  }
  const std::vector<double> x = Solve(std::move(a), std::move(b));
  std::vector<double> levels;
  for (size_t v = 0; v < voices.size(); ++v) {
    Signal voice(heard.size());
    for (size_t tap = 0; tap < kTaps; ++tap) {
      for (size_t i = 0; i < heard.size(); ++i) {
        voice[i] += static_cast<float>(x[v * kTaps + tap]) * columns[v * kTaps + tap][i];
      }
    }
    const Signal& plain = columns[v * kTaps + kTaps / 2];
    const double said = Dot(plain.data(), plain.data(), plain.size());
    levels.push_back(said > 0 ? std::sqrt(Dot(voice.data(), voice.data(), voice.size()) / said) : 0);
    for (size_t i = 0; i < heard.size(); ++i) heard[i] -= voice[i];
  }
  return levels;
}

double Decibel(double factor) { return factor < 1e-5 ? -100 : 20 * std::log10(factor); }

// What one listener received of one speaker, over all parts.
struct Findings {
  double likeness_sum = 0;
  double weight = 0;
  std::vector<double> delays_ms;
  double level_lowest = 1e9;
  double level_highest = 0;
};

class Matcher {
 public:
  Matcher(const std::vector<Signal>& said, const Signal& heard, size_t listener)
      : said_(said), heard_(heard), listener_(listener), findings_(said.size()) {}

  void Part(const Segment& segment, int64_t begin, int64_t end) {
    const Signal whole = Slice(heard_, begin, end + kDelayMax + 1);
    Signal heard = whole;
    std::vector<size_t> waiting;
    for (const int speaker : segment.speakers) {
      if (static_cast<size_t>(speaker) != listener_ && Talks(speaker, begin, end)) waiting.push_back(speaker);
    }
    // The clearest voice first: what is left without it shows the next one.
    std::vector<size_t> speakers;
    std::vector<Signal> voices;
    std::vector<int64_t> delays;
    std::vector<double> levels;
    while (!waiting.empty()) {
      size_t clearest = 0;
      Found best;
      for (size_t i = 0; i < waiting.size(); ++i) {
        const Found found = FindVoice(Slice(said_[waiting[i]], begin, end), heard);
        if (i == 0 || found.likeness > best.likeness) {
          best = found;
          clearest = i;
        }
      }
      const size_t speaker = waiting[clearest];
      waiting.erase(waiting.begin() + static_cast<ptrdiff_t>(clearest));
      speakers.push_back(speaker);
      // What was said before this part still arrives in it.
      voices.push_back(Slice(said_[speaker], begin - kDelayMax, end + kDelayMax));
      delays.push_back(best.delay - kDelayMax);
      heard = whole;
      levels = TakeOut(voices, delays, heard);
      if (segment.speakers.size() > 1) continue;
      const Signal voice = Slice(said_[speaker], begin, end);
      const double energy = Dot(voice.data(), voice.data(), voice.size());
      findings_[speaker].likeness_sum += best.likeness * energy;
      findings_[speaker].weight += energy;
      findings_[speaker].delays_ms.push_back(1000.0 * best.delay / kMatchRateHz);
    }
    for (size_t i = 0; i < speakers.size(); ++i) Level(findings_[speakers[i]], levels[i]);
    if (std::count(segment.speakers.begin(), segment.speakers.end(), static_cast<int>(listener_)) == 0) return;
    if (!Talks(static_cast<int>(listener_), begin, end)) return;
    const Found own = FindVoice(Slice(said_[listener_], begin, end), heard);
    // Any two sounds are a little alike at some delay.
    if (own.likeness >= kOwnLikenessMin) Level(findings_[listener_], own.gain);
  }

  std::vector<Match> Result() const {
    std::vector<Match> matches(findings_.size());
    for (size_t i = 0; i < findings_.size(); ++i) {
      const Findings& findings = findings_[i];
      if (findings.weight > 0) matches[i].likeness = findings.likeness_sum / findings.weight;
      matches[i].level_db =
          Decibel(i == listener_ ? findings.level_highest : (findings.level_lowest > 1e8 ? 0 : findings.level_lowest));
      if (findings.delays_ms.empty()) continue;
      std::vector<double> delays = findings.delays_ms;
      std::nth_element(delays.begin(), delays.begin() + delays.size() / 2, delays.end());
      matches[i].delay_ms = delays[delays.size() / 2];
    }
    return matches;
  }

 private:
  bool Talks(int speaker, int64_t begin, int64_t end) const {
    const Signal voice = Slice(said_[static_cast<size_t>(speaker)], begin, end);
    return Dot(voice.data(), voice.data(), voice.size()) >= kSaidEnergyMin * voice.size();
  }

  static void Level(Findings& findings, double level) {
    findings.level_lowest = std::min(findings.level_lowest, level);
    findings.level_highest = std::max(findings.level_highest, level);
  }

  const std::vector<Signal>& said_;
  const Signal& heard_;
  const size_t listener_;
  std::vector<Findings> findings_;
};

}  // namespace

Matches MatchVoices(const std::vector<std::vector<int16_t>>& said, const std::vector<std::vector<int16_t>>& heard,
                    const std::vector<Segment>& segments) {
  std::vector<Signal> voices;
  for (const auto& one : said) voices.push_back(Band(one));
  Matches matches;
  for (size_t listener = 0; listener < heard.size(); ++listener) {
    const Signal signal = Band(heard[listener]);
    Matcher matcher(voices, signal, listener);
    for (const Segment& segment : segments) {
      const int64_t parts = std::max<int64_t>(1, (segment.end - segment.begin) / kPart);
      for (int64_t part = 0; part < parts; ++part) {
        const int64_t begin = segment.begin + (segment.end - segment.begin) * part / parts;
        matcher.Part(segment, begin, segment.begin + (segment.end - segment.begin) * (part + 1) / parts);
      }
    }
    matches.push_back(matcher.Result());
  }
  return matches;
}

bool Heard(const Match& match) { return match.likeness >= kLikenessMin && match.level_db >= kLevelDbMin; }

bool HeardItself(const Match& match) { return match.level_db > kOwnLevelDbMax; }

}  // namespace tutti::tools
