#include "mediaplane/transcription/utterance_queue.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

namespace tutti::mediaplane {
namespace {

constexpr size_t kSamplesPerMessage = 16'000;

int64_t MsOf(size_t samples, int sample_rate_hz) { return static_cast<int64_t>(samples) * 1'000 / sample_rate_hz; }

// Signed 16 bit, little endian.
std::string BytesOf(const int16_t* samples, size_t count) {
  std::string bytes(2 * count, '\0');
  for (size_t i = 0; i < count; ++i) {
    const auto bits = static_cast<uint16_t>(samples[i]);
    bytes[2 * i] = static_cast<char>(bits & 0xff);
    bytes[2 * i + 1] = static_cast<char>(bits >> 8);
  }
  return bytes;
}

}  // namespace

void UtteranceQueue::Add(const UtterancePiece& piece) {
  if (const auto* begun = std::get_if<UtteranceBegun>(&piece)) {
    if (begun->leg_id.empty()) {
      ++lost_;
    } else {
      utterances_[begun->id].begun = *begun;
    }
    return;
  }
  const auto* heard = std::get_if<UtteranceHeard>(&piece);
  const auto* ended = std::get_if<UtteranceEnded>(&piece);
  const auto it = utterances_.find(heard != nullptr ? heard->id : ended->id);
  if (it == utterances_.end() || it->second.dropped) return;
  Utterance& utterance = it->second;
  if (ended != nullptr) {
    utterance.end_ns = ended->speech_ns;
    return;
  }
  utterance.samples.insert(utterance.samples.end(), heard->samples.begin(), heard->samples.end());
  const int64_t ms = MsOf(heard->samples.size(), utterance.begun.sample_rate_hz);
  const int64_t leg_ms = leg_ms_[utterance.begun.leg_id] += ms;
  all_ms_ += ms;
  if (leg_ms > kLegMsMax || all_ms_ > kAllMsMax) Drop(it);
}

void UtteranceQueue::FreeSamples(Utterance& utterance) {
  const int64_t ms = MsOf(utterance.samples.size(), utterance.begun.sample_rate_hz);
  all_ms_ -= ms;
  const auto leg = leg_ms_.find(utterance.begun.leg_id);
  if (leg != leg_ms_.end() && (leg->second -= ms) <= 0) leg_ms_.erase(leg);
  utterance.samples = {};
}

void UtteranceQueue::Drop(Utterances::iterator it) {
  FreeSamples(it->second);
  ++lost_;
  it->second.dropped = true;
  if (!it->second.begin_sent) utterances_.erase(it);
}

std::optional<speech::v1::RecognizeRequest> UtteranceQueue::Next() {
  // Legs with an utterance that is not sent to its end.
  std::set<std::string> busy;
  int open = 0;
  for (auto& [id, utterance] : utterances_) {
    if (utterance.end_sent || busy.contains(utterance.begun.leg_id)) continue;
    speech::v1::RecognizeRequest request;
    if (!utterance.begin_sent) {
      // Those behind it wait, too: ids rise on the stream.
      if (open >= kOpenMax) return std::nullopt;
      utterance.begin_sent = true;
      ++sent_;
      speech::v1::UtteranceBegin& begin = *request.mutable_begin();
      begin.set_utterance_id(id);
      begin.set_speaker_id(utterance.begun.leg_id);
      begin.set_sample_rate_hz(static_cast<uint32_t>(utterance.begun.sample_rate_hz));
      return request;
    }
    if (utterance.samples_sent < utterance.samples.size()) {
      const size_t count = std::min(kSamplesPerMessage, utterance.samples.size() - utterance.samples_sent);
      request.mutable_samples()->set_utterance_id(id);
      request.mutable_samples()->set_samples(BytesOf(utterance.samples.data() + utterance.samples_sent, count));
      utterance.samples_sent += count;
      return request;
    }
    if (utterance.end_ns.has_value() || utterance.dropped) {
      utterance.end_sent = true;
      request.mutable_end()->set_utterance_id(id);
      return request;
    }
    busy.insert(utterance.begun.leg_id);
    ++open;
  }
  return std::nullopt;
}

void UtteranceQueue::Rewind() {
  for (auto it = utterances_.begin(); it != utterances_.end();) {
    const auto next = std::next(it);
    Utterance& utterance = it->second;
    if (utterance.dropped) {
      utterances_.erase(it);
    } else if (!utterance.text.has_value() && utterance.begin_sent) {
      utterance.begin_sent = utterance.end_sent = false;
      utterance.samples_sent = 0;
      if (++utterance.streams == kStreamsMax) Drop(it);
    }
    it = next;
  }
}

void UtteranceQueue::Answer(const speech::v1::RecognizedText& text) {
  const auto it = utterances_.find(text.utterance_id());
  if (it == utterances_.end() || !it->second.end_sent || it->second.text.has_value()) return;
  if (it->second.dropped) {
    utterances_.erase(it);
    return;
  }
  it->second.text = text;
  FreeSamples(it->second);
}

std::vector<UtteranceQueue::Utterance> UtteranceQueue::TakeAnswered() {
  std::vector<Utterance> answered;
  std::set<std::string> waiting;
  for (auto it = utterances_.begin(); it != utterances_.end();) {
    const auto next = std::next(it);
    Utterance& utterance = it->second;
    if (!utterance.dropped) {
      if (!utterance.text.has_value()) {
        waiting.insert(utterance.begun.leg_id);
      } else if (!waiting.contains(utterance.begun.leg_id)) {
        answered.push_back(std::move(utterance));
        utterances_.erase(it);
      }
    }
    it = next;
  }
  return answered;
}

const UtteranceQueue::Utterance* UtteranceQueue::Find(uint64_t id) const {
  const auto it = utterances_.find(id);
  return it == utterances_.end() || it->second.dropped || it->second.text.has_value() ? nullptr : &it->second;
}

void UtteranceQueue::DropAll() {
  for (auto it = utterances_.begin(); it != utterances_.end();) {
    const auto next = std::next(it);
    it->second.begin_sent = false;
    if (it->second.dropped) {
      utterances_.erase(it);
    } else if (!it->second.text.has_value()) {
      Drop(it);
    }
    it = next;
  }
}

int64_t UtteranceQueue::oldest_end_ns() const {
  int64_t oldest = 0;
  for (const auto& [id, utterance] : utterances_) {
    if (utterance.dropped || utterance.text.has_value() || !utterance.end_ns.has_value()) continue;
    if (oldest == 0 || *utterance.end_ns < oldest) oldest = *utterance.end_ns;
  }
  return oldest;
}

}  // namespace tutti::mediaplane
