#ifndef CONTROL_FLOW_STRUCT_READER_H_
#define CONTROL_FLOW_STRUCT_READER_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "google/protobuf/struct.pb.h"

namespace tutti::flow {

// Fills `message` from a free-form object by the message's descriptor: strings,
// booleans, whole and floating numbers, nested messages and lists of them, by
// field name. INVALID_ARGUMENT names the place, `path` before it: an unknown
// field, another type, a number out of its type's range. A null is a field left out.
absl::Status ReadStruct(const google::protobuf::Struct& object, const std::string& path,
                        google::protobuf::Message& message);

}  // namespace tutti::flow

#endif  // CONTROL_FLOW_STRUCT_READER_H_
