#include "speech/recognizer/utterance_queue.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tutti::speech {
namespace {

static_assert(std::endian::native == std::endian::little, "samples are copied as they come");

size_t Bytes(const Utterance& utterance) { return utterance.samples.size() * sizeof(int16_t); }

}  // namespace

UtteranceQueue::StreamId UtteranceQueue::Open() {
  Stream stream;
  stream.id = ++last_id_;
  turn_.push_back(std::move(stream));
  streams_[last_id_] = std::prev(turn_.end());
  return last_id_;
}

void UtteranceQueue::Close(StreamId stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  for (const auto& [id, utterance] : found->second->utterances) bytes_ -= Bytes(*utterance);
  turn_.erase(found->second);
  streams_.erase(found);
}

void UtteranceQueue::Begin(StreamId stream, uint64_t id, const std::string& speaker, int sample_rate_hz) {
  Stream& its = *streams_.at(stream);
  if (!its.speakers.contains(speaker) && its.speakers.size() >= limits_.speakers_max) {
    const auto idle = std::find_if(its.speakers.begin(), its.speakers.end(),
                                   [](const auto& other) { return other.second.utterances.empty(); });
    if (idle != its.speakers.end()) its.speakers.erase(idle);
  }
  auto utterance = std::make_shared<Utterance>();
  utterance->stream_id = stream;
  utterance->id = id;
  utterance->speaker_id = speaker;
  utterance->sample_rate_hz = sample_rate_hz;
  its.speakers[speaker].utterances.push_back(utterance);
  its.utterances[id] = std::move(utterance);
}

void UtteranceQueue::Append(StreamId stream, uint64_t id, const std::string& samples) {
  if (samples.empty()) return;
  Utterance& utterance = *streams_.at(stream)->utterances.at(id);
  const size_t before = utterance.samples.size();
  utterance.samples.resize(before + samples.size() / sizeof(int16_t));
  std::memcpy(utterance.samples.data() + before, samples.data(), samples.size() / sizeof(int16_t) * sizeof(int16_t));
  bytes_ += Bytes(utterance) - before * sizeof(int16_t);
}

void UtteranceQueue::End(StreamId stream, uint64_t id, absl::Time now) {
  Stream& its = *streams_.at(stream);
  Utterance& utterance = *its.utterances.at(id);
  utterance.ended = true;
  utterance.ended_at = now;
  its.ended_bytes += Bytes(utterance);
  ++its.ended;
}

template <typename Wanted>
std::shared_ptr<Utterance> UtteranceQueue::Take(Wanted wanted) {
  for (auto stream = turn_.begin(); stream != turn_.end(); ++stream) {
    std::shared_ptr<Utterance> first;
    Speaker* whose = nullptr;
    for (auto& [id, speaker] : stream->speakers) {
      if (speaker.busy || speaker.utterances.empty() || !wanted(*speaker.utterances.front())) continue;
      if (first != nullptr && first->ended_at <= speaker.utterances.front()->ended_at) continue;
      first = speaker.utterances.front();
      whose = &speaker;
    }
    if (first == nullptr) continue;
    whose->busy = true;
    turn_.splice(turn_.end(), turn_, stream);
    return first;
  }
  return nullptr;
}

std::shared_ptr<Utterance> UtteranceQueue::TakeEnded() {
  return Take([](const Utterance& utterance) { return utterance.ended; });
}

std::shared_ptr<Utterance> UtteranceQueue::TakeLive() {
  return Take(
      [](const Utterance& utterance) { return !utterance.ended && !utterance.given_up && !utterance.samples.empty(); });
}

int UtteranceQueue::waiting() const {
  int count = 0;
  for (const Stream& stream : turn_) {
    for (const auto& [id, speaker] : stream.speakers) {
      if (speaker.utterances.empty()) continue;
      const auto ended = std::count_if(speaker.utterances.begin(), speaker.utterances.end(),
                                       [](const auto& utterance) { return utterance->ended; });
      count += static_cast<int>(ended) - (speaker.busy && speaker.utterances.front()->ended ? 1 : 0);
    }
  }
  return count;
}

absl::Time UtteranceQueue::oldest(absl::Time now) const {
  absl::Time oldest = now;
  for (const Stream& stream : turn_) {
    for (const auto& [id, speaker] : stream.speakers) {
      const size_t first = speaker.busy ? 1 : 0;
      if (speaker.utterances.size() <= first || !speaker.utterances[first]->ended) continue;
      oldest = std::min(oldest, speaker.utterances[first]->ended_at);
    }
  }
  return oldest;
}

bool UtteranceQueue::HasEnded() const {
  for (const Stream& stream : turn_) {
    for (const auto& [id, speaker] : stream.speakers) {
      if (!speaker.busy && !speaker.utterances.empty() && speaker.utterances.front()->ended) return true;
    }
  }
  return false;
}

UtteranceQueue::Speaker* UtteranceQueue::FindSpeaker(const Utterance& utterance) {
  const auto stream = streams_.find(utterance.stream_id);
  return stream == streams_.end() ? nullptr : &stream->second->speakers.at(utterance.speaker_id);
}

void UtteranceQueue::PutBack(const Utterance& utterance) {
  if (Speaker* const speaker = FindSpeaker(utterance)) speaker->busy = false;
}

void UtteranceQueue::Answer(const Utterance& utterance) {
  Speaker* const speaker = FindSpeaker(utterance);
  if (speaker == nullptr) return;
  Stream& stream = *streams_.at(utterance.stream_id);
  speaker->busy = false;
  bytes_ -= Bytes(utterance);
  stream.ended_bytes -= Bytes(utterance);
  --stream.ended;
  // The last one to use the reference: it may go with these.
  const uint64_t id = utterance.id;
  speaker->utterances.pop_front();
  stream.utterances.erase(id);
}

SpeakerProfile* UtteranceQueue::profile(const Utterance& utterance) {
  Speaker* const speaker = FindSpeaker(utterance);
  return speaker == nullptr ? nullptr : &speaker->profile;
}

bool UtteranceQueue::full(StreamId stream) const {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return false;
  return found->second->ended_bytes > limits_.ended_bytes_max || found->second->ended > limits_.ended_max;
}

size_t UtteranceQueue::unanswered(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? 0 : found->second->utterances.size();
}

}  // namespace tutti::speech
