#include "common/config/config.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace tutti {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

constexpr size_t kFileBytesMax = 1 << 20;

absl::Status Invalid(const std::string& message) { return absl::InvalidArgumentError(message); }

// Without the text that the parser came upon: it may be a key.
std::string WithoutValues(const std::string& message) {
  for (const char* before : {", got:", ". Value:", ", found"}) {
    if (const size_t at = message.find(before); at != std::string::npos) return message.substr(0, at);
  }
  if (message.find("ApiKey\"") != std::string::npos) return "an api_key has the fields key and customer_id alone";
  return message;
}

// Keeps the first error of a text.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (message_.empty()) message_ = absl::StrCat(line + 1, ":", column + 1, ": ", WithoutValues(message));
  }
  const std::string& message() const { return message_; }

 private:
  std::string message_;
};

absl::Status ReadFile(const std::string& path, Message& config) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Invalid(absl::StrCat("can't read the configuration file ", path));
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) return Invalid(absl::StrCat("the configuration file ", path, " is over 1 MiB"));
  FirstError error;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFromString(text, &config)) return Invalid(absl::StrCat(path, ":", error.message()));
  return absl::OkStatus();
}

struct Target {
  Message* message = nullptr;
  const FieldDescriptor* field = nullptr;
};

// Walks "gateway.http_listen" down to its last field.
absl::StatusOr<Target> Find(const std::string& name, Message& config) {
  Target target{&config, nullptr};
  const std::vector<std::string> path = absl::StrSplit(name, '.');
  for (size_t i = 0; i < path.size(); ++i) {
    target.field = target.message->GetDescriptor()->FindFieldByName(path[i]);
    const bool is_last = i + 1 == path.size();
    if (target.field == nullptr || (target.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) == is_last) {
      return Invalid(absl::StrCat("unknown flag --", name, "; --help lists them"));
    }
    if (!is_last && target.field->is_repeated()) {
      return Invalid(absl::StrCat("--", name, " can't be a flag, for others can read command lines: write ", path[i],
                                  " { … } in the file of --config"));
    }
    if (!is_last) target.message = target.message->GetReflection()->MutableMessage(target.message, target.field);
  }
  return target;
}

absl::Status SetOne(const std::string& name, const std::string& value, const Target& target) {
  const auto* reflection = target.message->GetReflection();
  if (target.field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    if (target.field->is_repeated()) {
      reflection->AddString(target.message, target.field, value);
    } else {
      reflection->SetString(target.message, target.field, value);
    }
    return absl::OkStatus();
  }
  FirstError error;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFieldValueFromString(value, target.field, target.message)) {
    return Invalid(
        absl::StrCat("--", name, "=", value, " is not a value of this flag (", target.field->cpp_type_name(), ")"));
  }
  return absl::OkStatus();
}

absl::Status Set(const std::string& name, const std::string& value, Message& config) {
  TUTTI_ASSIGN_OR_RETURN(const Target target, Find(name, config));
  if (!target.field->is_repeated()) return SetOne(name, value, target);
  target.message->GetReflection()->ClearField(target.message, target.field);
  for (const auto& part : absl::StrSplit(value, ',', absl::SkipEmpty())) {
    TUTTI_RETURN_IF_ERROR(SetOne(name, std::string(part), target));
  }
  return absl::OkStatus();
}

struct Flag {
  std::string name;
  std::string value;
};

bool IsBool(const std::string& name, Message& config) {
  const auto target = Find(name, config);
  return target.ok() && target->field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
}

absl::StatusOr<std::vector<Flag>> SplitFlags(const std::vector<std::string>& arguments, Message& config) {
  std::vector<Flag> flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.rfind("--", 0) != 0) return Invalid(absl::StrCat("unexpected argument ", argument));
    const size_t equals = argument.find('=');
    Flag flag{argument.substr(2, equals == std::string::npos ? equals : equals - 2), ""};
    std::replace(flag.name.begin(), flag.name.end(), '-', '_');
    if (equals != std::string::npos) {
      flag.value = argument.substr(equals + 1);
    } else if (IsBool(flag.name, config)) {
      flag.value = "true";
    } else if (i + 1 < arguments.size()) {
      flag.value = arguments[++i];
    } else {
      return Invalid(absl::StrCat("--", flag.name, " needs a value"));
    }
    flags.push_back(std::move(flag));
  }
  return flags;
}

std::string DefaultOf(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return field.default_value_string();
    case FieldDescriptor::CPPTYPE_BOOL:
      return field.default_value_bool() ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(field.default_value_int32());
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(field.default_value_int64());
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(field.default_value_uint32());
    case FieldDescriptor::CPPTYPE_ENUM:
      return field.default_value_enum()->name();
    default:
      return "";
  }
}

void AppendHelp(const google::protobuf::Descriptor& type, const std::string& prefix, std::string& text) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && field.is_repeated()) {
      absl::StrAppend(&text, "  ", prefix, field.name(),
                      " { … }\n      only in the file: ", field.options().GetExtension(config::v1::help), "\n");
      continue;
    }
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      AppendHelp(*field.message_type(), absl::StrCat(prefix, field.name(), "."), text);
      continue;
    }
    absl::StrAppend(&text, "  --", prefix, field.name(), "=", field.is_repeated() ? "a,b,…" : DefaultOf(field),
                    "\n      ", field.options().GetExtension(config::v1::help), "\n");
  }
}

}  // namespace

absl::Status ReadConfig(const std::vector<std::string>& arguments, Message& config) {
  TUTTI_ASSIGN_OR_RETURN(const std::vector<Flag> flags, SplitFlags(arguments, config));
  config.Clear();
  for (const Flag& flag : flags) {
    if (flag.name == "config") TUTTI_RETURN_IF_ERROR(ReadFile(flag.value, config));
  }
  for (const Flag& flag : flags) {
    if (flag.name != "config") TUTTI_RETURN_IF_ERROR(Set(flag.name, flag.value, config));
  }
  return absl::OkStatus();
}

std::string ConfigHelp(const Message& config) {
  std::string text = "  --config=FILE\n      a textproto with the fields below; flags override it\n";
  AppendHelp(*config.GetDescriptor(), "", text);
  return text;
}

config::v1::Config ReadConfigOrExit(int argc, char** argv) {
  config::v1::Config config;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    std::printf("%s", ConfigHelp(config).c_str());
    std::exit(0);
  }
  if (const absl::Status status = ReadConfig(arguments, config); !status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    std::exit(2);
  }
  return config;
}

}  // namespace tutti
