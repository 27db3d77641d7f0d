#ifndef CONTROL_CORE_CORE_H_
#define CONTROL_CORE_CORE_H_

#include <utility>

#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "control/core/calls.h"
#include "control/core/census.h"
#include "control/core/conferencecalls.h"
#include "control/core/conferences.h"
#include "control/core/events.h"
#include "control/core/flow_operations.h"
#include "control/core/flows.h"
#include "control/core/media_commands.h"
#include "control/core/media_nodes.h"
#include "control/core/owners.h"
#include "control/core/recordings.h"
#include "control/core/steps.h"
#include "control/core/stored_files.h"
#include "control/core/transcribes.h"
#include "control/core/upkeep.h"
#include "control/core/uploaded_sounds.h"
#include "control/core/webhooks.h"
#include "control/rules/media.h"
#include "control/rules/options.h"
#include "control/store/store.h"

namespace tutti::control {

// Every rule of conferences, conferencecalls, calls, recordings and transcriptions, a
// part for each thing that is asked. Starts no thread and waits for nothing: a method
// that changes something submits one step to the store and calls `done` from the
// store's thread after the commit (and after the commit's effects went to the sink); a
// method that reads answers at once. Thread-safe.
class Core {
 public:
  // All references must outlive the core, and the core every `done`.
  Core(Store& store, Clock& clock, IdGenerator& ids, NodePicker& nodes, EffectSink& sink, AnswerWriter answer_writer,
       CoreOptions options)
      : steps_(store, clock, ids, nodes, sink, std::move(answer_writer), std::move(options)) {}

  // Reads what page tokens and cursors are signed with. Once, before the rest.
  absl::Status Start() { return steps_.Start(); }

  // What customers ask.
  Conferences& conferences() { return conferences_; }
  Conferencecalls& conferencecalls() { return conferencecalls_; }
  Calls& calls() { return calls_; }
  Flows& flows() { return flows_; }
  UploadedSounds& uploaded_sounds() { return uploaded_sounds_; }
  Recordings& recordings() { return recordings_; }
  Transcribes& transcribes() { return transcribes_; }
  Webhooks& webhooks() { return webhooks_; }
  Events& events() { return events_; }

  // What the other parts of control ask: those of the media plane, files, flows and time.
  StoredFiles& stored_files() { return stored_files_; }
  Owners& owners() { return owners_; }
  FlowOperations& flow_operations() { return flow_operations_; }
  MediaCommands& media_commands() { return media_commands_; }
  MediaNodes& media_nodes() { return media_nodes_; }
  Upkeep& upkeep() { return upkeep_; }
  Census& census() { return census_; }

 private:
  Steps steps_;
  Conferences conferences_{steps_};
  Conferencecalls conferencecalls_{steps_};
  Calls calls_{steps_};
  Flows flows_{steps_};
  UploadedSounds uploaded_sounds_{steps_};
  Recordings recordings_{steps_};
  Transcribes transcribes_{steps_};
  Webhooks webhooks_{steps_};
  Events events_{steps_};
  StoredFiles stored_files_{steps_};
  Owners owners_{steps_};
  FlowOperations flow_operations_{steps_};
  MediaCommands media_commands_{steps_};
  MediaNodes media_nodes_{steps_};
  Upkeep upkeep_{steps_};
  Census census_{steps_};
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_CORE_H_
