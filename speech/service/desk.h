#ifndef SPEECH_SERVICE_DESK_H_
#define SPEECH_SERVICE_DESK_H_

#include "speech/service/slots.h"
#include "speech/service/worker_pool.h"

namespace tutti::speech {

// Where texts wait for one synthesizer: each has places and threads of its own, so
// that one that hangs holds up no other.
struct Desk {
  // Texts that wait, are spoken or are sent; each may hold some 15 MB of samples.
  static constexpr int kTextsMax = 32;
  // Texts that are spoken at the same time.
  static constexpr int kThreads = 2;

  Slots slots{kTextsMax};
  WorkerPool workers{kThreads};
};

}  // namespace tutti::speech

#endif  // SPEECH_SERVICE_DESK_H_
