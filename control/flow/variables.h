#ifndef CONTROL_FLOW_VARIABLES_H_
#define CONTROL_FLOW_VARIABLES_H_

#include <cstddef>
#include <string>

#include "control/flow/outcome.h"
#include "google/protobuf/struct.pb.h"

namespace tutti::flow {

// What a call keeps of its own variables.
constexpr size_t kVariablesMax = 64;
constexpr size_t kVariableBytesMax = 1'024;

// Whether the text names a variable: ${name}.
bool HasVariables(const std::string& text);

// The text with each ${name} replaced by the variable's value, empty where there
// is none; what comes of it is not looked at again.
std::string Substitute(const std::string& text, const Variables& variables);

// The same for every text inside, at any depth, but not for names.
void Substitute(google::protobuf::Struct& content, const Variables& variables);

}  // namespace tutti::flow

#endif  // CONTROL_FLOW_VARIABLES_H_
