#include <cstdint>
#include <string>

#include "control/flow/registry.h"
#include "google/protobuf/util/json_util.h"
#include "tutti/control/v1/call.pb.h"

// A flow as a client writes it, in JSON: it is refused or taken, and what was
// taken once is taken again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const tutti::flow::Registry* const kRegistry = new tutti::flow::Registry();
  tutti::control::v1::Call call;
  const std::string json(reinterpret_cast<const char*>(data), size);
  if (!google::protobuf::util::JsonStringToMessage(json, &call).ok()) return 0;
  const bool taken = kRegistry->Check(call.actions()).ok();
  tutti::control::v1::Call copy;
  if (!copy.ParseFromString(call.SerializeAsString())) return 0;
  if (kRegistry->Check(copy.actions()).ok() != taken) __builtin_trap();
  return 0;
}
