#include "control/flow/variables.h"

namespace tutti::flow {
namespace {

constexpr char kBegin[] = "${";

void SubstituteIn(google::protobuf::Value& value, const Variables& variables) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kStringValue:
      if (HasVariables(value.string_value())) value.set_string_value(Substitute(value.string_value(), variables));
      break;
    case google::protobuf::Value::kStructValue:
      Substitute(*value.mutable_struct_value(), variables);
      break;
    case google::protobuf::Value::kListValue:
      for (google::protobuf::Value& item : *value.mutable_list_value()->mutable_values()) {
        SubstituteIn(item, variables);
      }
      break;
    default:
      break;
  }
}

}  // namespace

bool HasVariables(const std::string& text) {
  const size_t begin = text.find(kBegin);
  return begin != std::string::npos && text.find('}', begin) != std::string::npos;
}

std::string Substitute(const std::string& text, const Variables& variables) {
  std::string result;
  size_t at = 0;
  for (;;) {
    const size_t begin = text.find(kBegin, at);
    const size_t end = begin == std::string::npos ? begin : text.find('}', begin);
    if (end == std::string::npos) break;
    result.append(text, at, begin - at);
    const auto found = variables.find(text.substr(begin + 2, end - begin - 2));
    if (found != variables.end()) result += found->second;
    at = end + 1;
  }
  return result.append(text, at, std::string::npos);
}

void Substitute(google::protobuf::Struct& content, const Variables& variables) {
  for (auto& [name, value] : *content.mutable_fields()) SubstituteIn(value, variables);
}

}  // namespace tutti::flow
