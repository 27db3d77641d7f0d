#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "speech/recognizer/utterance_queue.h"
#include "speech/service/stream_checker.h"

// A stream of messages, each behind a byte of length. Whatever the checker lets
// through, the queue behind it can keep.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tutti::speech::v1::RecognizeRequest;
  tutti::speech::StreamChecker checker;
  tutti::speech::UtteranceQueue queue({.speakers_max = 4});
  const auto stream = queue.Open();
  while (size > 0) {
    const size_t length = std::min<size_t>(data[0], size - 1);
    RecognizeRequest message;
    const bool parsed = message.ParseFromArray(data + 1, static_cast<int>(length));
    data += 1 + length;
    size -= 1 + length;
    if (!parsed) continue;
    if (!checker.Check(message).ok()) break;
    if (message.has_begin()) {
      queue.Begin(stream, message.begin().utterance_id(), message.begin().speaker_id(),
                  static_cast<int>(message.begin().sample_rate_hz()));
    } else if (message.has_samples()) {
      queue.Append(stream, message.samples().utterance_id(), message.samples().samples());
    } else if (message.has_end()) {
      queue.End(stream, message.end().utterance_id(), absl::UnixEpoch());
    }
    if (const auto taken = queue.TakeEnded()) queue.Answer(*taken);
  }
  if (queue.unanswered(stream) != checker.open().size()) std::abort();
  queue.Close(stream);
  if (queue.bytes() != 0) std::abort();
  return 0;
}
