#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/protojson/names.h"
#include "common/protojson/protojson.h"
#include "common/protojson/scalar.h"
#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "nlohmann/json.hpp"

namespace tutti::protojson {
namespace {

using google::protobuf::DynamicCastToGenerated;
using google::protobuf::FieldDescriptor;
using google::protobuf::ListValue;
using google::protobuf::Message;
using google::protobuf::Struct;
using google::protobuf::Value;

// Of a client's own names in error messages.
constexpr size_t kNameBytesMax = 64;

absl::Status BodyError(std::string_view what, std::map<std::string, std::string> details = {}) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_JSON_BODY", what, details);
}

std::string Clip(const std::string& name) {
  if (name.size() <= kNameBytesMax) return name;
  size_t end = kNameBytesMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  return name.substr(0, end) + "…";
}

// An object or array that is being read.
struct Frame {
  enum class Kind { kMessage, kRepeated, kMap, kStruct, kList, kSkippedObject, kSkippedArray };

  Kind kind;
  // kMessage: it; kRepeated, kMap: the one that `field` belongs to.
  Message* message = nullptr;
  const FieldDescriptor* field = nullptr;
  Struct* object = nullptr;
  ListValue* list = nullptr;

  // Members of an object, for duplicates.
  std::set<std::string> keys = {};
  // The member or element that is being read.
  std::string key = {};
  int index = -1;
  // kMessage: the member's field; null when it is passed over.
  const FieldDescriptor* member = nullptr;
  // How many paths were known when it began.
  size_t present_before = 0;

  bool IsArray() const { return kind == Kind::kRepeated || kind == Kind::kList || kind == Kind::kSkippedArray; }
};

// Where the next value goes.
struct Slot {
  enum class Kind { kSkip, kField, kElement, kValue };

  Kind kind = Kind::kSkip;
  Message* message = nullptr;
  const FieldDescriptor* field = nullptr;
  Value* value = nullptr;

  // A field that wants an array, or, as a map, an object.
  bool IsWholeRepeated() const { return kind == Kind::kField && field->is_repeated(); }
  bool Is(WellKnown type) const {
    return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && GetWellKnown(*field->message_type()) == type;
  }
};

// Takes the tokeniser's calls; each returns false to stop it.
class Sink : public nlohmann::json_sax<nlohmann::json> {
 public:
  // `place` is where the root stands in what the reader's caller was given.
  Sink(Message& root, std::vector<std::string>* present, int depth_max, std::string_view place)
      : root_(root), present_(present), depth_max_(depth_max), place_(place) {}

  const absl::Status& status() const { return status_; }

  bool null() override;
  bool boolean(bool value) override { return OnScalar(value); }
  bool number_integer(number_integer_t value) override { return OnScalar(int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) override { return OnScalar(uint64_t{value}); }
  bool number_float(number_float_t value, const string_t& text) override;
  bool string(string_t& value) override { return OnScalar(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override;
  bool key(string_t& name) override;
  bool end_object() override;
  bool start_array(size_t) override;
  bool end_array() override;
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    return Fail(BodyError(absl::StrCat("The text is no JSON: an error at byte ", position, "."),
                          {{"position", absl::StrCat(position)}}));
  }

 private:
  using Kind = Frame::Kind;

  bool Fail(absl::Status status) {
    status_ = std::move(status);
    return false;
  }
  bool FailHere(std::string_view what) { return Fail(ParameterError(Path(), what)); }

  bool OnScalar(Scalar value);
  bool SetValue(Value& target, const Scalar& value);
  Slot NextSlot();
  bool Push(Frame frame);
  bool PushMessage(const Slot& slot);
  Message* Target(const Slot& slot);
  bool ExcludesAnother(const Slot& slot);
  void Pop();
  std::string Path() const;
  void AddPresent();

  Message& root_;
  std::vector<std::string>* const present_;
  const int depth_max_;
  const std::string place_;
  std::vector<Frame> stack_;
  absl::Status status_;
};

// "actions[1].option.duration"
std::string Sink::Path() const {
  std::string path = place_;
  for (const Frame& frame : stack_) {
    if (frame.IsArray()) {
      absl::StrAppend(&path, "[", frame.index, "]");
    } else {
      absl::StrAppend(&path, path.empty() ? "" : ".", Clip(frame.key));
    }
  }
  return path;
}

// Notes the member that was just read, unless it is a part of one whole.
void Sink::AddPresent() {
  if (present_ == nullptr || stack_.empty() || stack_.back().kind != Kind::kMessage) return;
  std::string path;
  for (const Frame& frame : stack_) {
    if (frame.kind != Kind::kMessage || frame.member == nullptr) return;
    absl::StrAppend(&path, path.empty() ? "" : ".", frame.member->name());
  }
  present_->push_back(std::move(path));
}

Slot Sink::NextSlot() {
  Frame& top = stack_.back();
  if (top.IsArray()) ++top.index;
  switch (top.kind) {
    case Kind::kMessage:
      if (top.member == nullptr) return {};
      return {Slot::Kind::kField, top.message, top.member, nullptr};
    case Kind::kRepeated:
      return {Slot::Kind::kElement, top.message, top.field, nullptr};
    case Kind::kMap: {
      const FieldDescriptor* key = top.field->message_type()->map_key();
      Message* entry = top.message->GetReflection()->AddMessage(top.message, top.field);
      // A key of the wrong type has been refused when it came.
      SetFromText(*entry, key->name(), top.key).IgnoreError();
      return {Slot::Kind::kField, entry, top.field->message_type()->map_value(), nullptr};
    }
    case Kind::kStruct:
      return {Slot::Kind::kValue, nullptr, nullptr, &(*top.object->mutable_fields())[top.key]};
    case Kind::kList:
      return {Slot::Kind::kValue, nullptr, nullptr, top.list->add_values()};
    case Kind::kSkippedObject:
    case Kind::kSkippedArray:
      return {};
  }
  return {};
}

// True when the message already got another member of the same oneof.
bool Sink::ExcludesAnother(const Slot& slot) {
  const auto* oneof = slot.field->real_containing_oneof();
  if (oneof == nullptr) return false;
  const FieldDescriptor* other = slot.message->GetReflection()->GetOneofFieldDescriptor(*slot.message, oneof);
  return other != nullptr && other != slot.field && stack_.back().keys.contains(other->name());
}

bool Sink::null() {
  if (stack_.empty()) return Fail(BodyError("The JSON must be an object."));
  const Slot slot = NextSlot();
  switch (slot.kind) {
    case Slot::Kind::kSkip:
      return true;
    case Slot::Kind::kValue:
      slot.value->set_null_value(google::protobuf::NULL_VALUE);
      return true;
    case Slot::Kind::kElement:
      if (!slot.Is(WellKnown::kValue)) return FailHere("must not be null");
      static_cast<Value*>(slot.message->GetReflection()->AddMessage(slot.message, slot.field))
          ->set_null_value(google::protobuf::NULL_VALUE);
      return true;
    case Slot::Kind::kField:
      if (stack_.back().kind == Kind::kMap) return FailHere("must not be null");
      slot.message->GetReflection()->ClearField(slot.message, slot.field);
      AddPresent();
      return true;
  }
  return false;
}

bool Sink::number_float(number_float_t value, const string_t& text) {
  const bool integer = text.find_first_of(".eE") == std::string::npos;
  if (integer && !stack_.empty() && (stack_.back().kind == Kind::kStruct || stack_.back().kind == Kind::kList)) {
    // Its digits don't fit: the same error as for any integer too large.
    return OnScalar(uint64_t{UINT64_MAX});
  }
  return OnScalar(double{value});
}

bool Sink::SetValue(Value& target, const Scalar& value) {
  if (const auto* b = std::get_if<bool>(&value)) {
    target.set_bool_value(*b);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    target.set_string_value(*text);
  } else {
    double number = 0;
    bool exact = true;
    if (const auto* i = std::get_if<int64_t>(&value)) {
      number = static_cast<double>(*i);
      exact = *i >= -kExactMax && *i <= kExactMax;
    } else if (const auto* u = std::get_if<uint64_t>(&value)) {
      number = static_cast<double>(*u);
      exact = *u <= static_cast<uint64_t>(kExactMax);
    } else {
      number = std::get<double>(value);
    }
    if (!exact) return FailHere("is an integer beyond 2^53 and would lose digits: send it as a string");
    target.set_number_value(number);
  }
  return true;
}

bool Sink::OnScalar(Scalar value) {
  if (stack_.empty()) return Fail(BodyError("The JSON must be an object."));
  const Slot slot = NextSlot();
  if (slot.kind == Slot::Kind::kSkip) return true;
  if (slot.kind == Slot::Kind::kValue) return SetValue(*slot.value, value);
  if (slot.IsWholeRepeated()) return FailHere(slot.field->is_map() ? "must be an object" : "must be an array");
  if (ExcludesAnother(slot)) return FailHere("excludes another field that is set");
  if (slot.Is(WellKnown::kValue)) {
    if (!SetValue(*static_cast<Value*>(Target(slot)), value)) return false;
  } else if (slot.Is(WellKnown::kListValue)) {
    return FailHere("must be an array");
  } else if (absl::Status set = SetScalar(*slot.message, *slot.field, value, Path()); !set.ok()) {
    return Fail(std::move(set));
  }
  AddPresent();
  return true;
}

// The message that a slot stands for, empty.
Message* Sink::Target(const Slot& slot) {
  const auto* reflection = slot.message->GetReflection();
  if (slot.field->is_repeated()) return reflection->AddMessage(slot.message, slot.field);
  Message* target = reflection->MutableMessage(slot.message, slot.field);
  target->Clear();
  return target;
}

bool Sink::Push(Frame frame) {
  if (static_cast<int>(stack_.size()) >= depth_max_) {
    return Fail(
        BodyError(absl::StrCat("The JSON is nested deeper than ", depth_max_, " levels."), {{"field", Path()}}));
  }
  if (present_ != nullptr) frame.present_before = present_->size();
  stack_.push_back(std::move(frame));
  return true;
}

bool Sink::PushMessage(const Slot& slot) {
  if (slot.field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return FailHere("must not be an object");
  const WellKnown type = GetWellKnown(*slot.field->message_type());
  if (type == WellKnown::kListValue) return FailHere("must be an array");
  if (type == WellKnown::kTimestamp) return FailHere("must be a time as of RFC 3339");
  if (ExcludesAnother(slot)) return FailHere("excludes another field that is set");
  Message* target = Target(slot);
  switch (type) {
    case WellKnown::kStruct:
      return Push({.kind = Kind::kStruct, .object = static_cast<Struct*>(target)});
    case WellKnown::kValue:
      return Push({.kind = Kind::kStruct, .object = static_cast<Value*>(target)->mutable_struct_value()});
    default:
      return Push({.kind = Kind::kMessage, .message = target});
  }
}

bool Sink::start_object(size_t) {
  if (stack_.empty()) return Push({.kind = Kind::kMessage, .message = &root_});
  const Slot slot = NextSlot();
  if (slot.kind == Slot::Kind::kSkip) return Push({.kind = Kind::kSkippedObject});
  if (slot.kind == Slot::Kind::kValue)
    return Push({.kind = Kind::kStruct, .object = slot.value->mutable_struct_value()});
  if (!slot.IsWholeRepeated()) return PushMessage(slot);
  if (!slot.field->is_map()) return FailHere("must be an array");
  slot.message->GetReflection()->ClearField(slot.message, slot.field);
  return Push({.kind = Kind::kMap, .message = slot.message, .field = slot.field});
}

bool Sink::start_array(size_t) {
  if (stack_.empty()) return Fail(BodyError("The JSON must be an object."));
  const Slot slot = NextSlot();
  if (slot.kind == Slot::Kind::kSkip) return Push({.kind = Kind::kSkippedArray});
  if (slot.kind == Slot::Kind::kValue) return Push({.kind = Kind::kList, .list = slot.value->mutable_list_value()});
  if (slot.IsWholeRepeated()) {
    if (slot.field->is_map()) return FailHere("must be an object");
    slot.message->GetReflection()->ClearField(slot.message, slot.field);
    return Push({.kind = Kind::kRepeated, .message = slot.message, .field = slot.field});
  }
  const bool list = slot.Is(WellKnown::kListValue);
  if (!list && !slot.Is(WellKnown::kValue)) return FailHere("must not be an array");
  if (ExcludesAnother(slot)) return FailHere("excludes another field that is set");
  Message* target = Target(slot);
  return Push({.kind = Kind::kList,
               .list = list ? static_cast<ListValue*>(target) : static_cast<Value*>(target)->mutable_list_value()});
}

bool Sink::key(string_t& name) {
  Frame& top = stack_.back();
  top.key = name;
  if (!top.keys.insert(name).second) {
    return Fail(BodyError(absl::StrCat("The JSON has the key ", Path(), " twice."), {{"field", Path()}}));
  }
  if (top.kind == Kind::kMessage) {
    top.member = top.message->GetDescriptor()->FindFieldByName(name);
    if (top.member == nullptr) return FailHere("is not known");
    if (IsOutputOnly(*top.member)) top.member = nullptr;
  } else if (top.kind == Kind::kMap) {
    const FieldDescriptor* key = top.field->message_type()->map_key();
    std::unique_ptr<Message> entry(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(top.field->message_type())->New());
    if (!SetFromText(*entry, key->name(), name).ok()) return FailHere("is no key of this map");
  }
  return true;
}

void Sink::Pop() {
  const bool empty_message = stack_.back().kind == Kind::kMessage;
  const size_t before = stack_.back().present_before;
  stack_.pop_back();
  if (present_ == nullptr) return;
  // An object's members stand for it, if it has any.
  if (!empty_message || present_->size() == before) AddPresent();
}

bool Sink::end_object() {
  Pop();
  return true;
}

bool Sink::end_array() {
  Pop();
  return true;
}

absl::Status ReadAt(std::string_view place, std::string_view json, Message& message, std::vector<std::string>* present,
                    const Limits& limits) {
  if (json.size() > limits.bytes_max) {
    return BodyError(absl::StrCat("The JSON is larger than ", limits.bytes_max, " bytes."));
  }
  Sink sink(message, present, limits.depth_max, place);
  if (nlohmann::json::sax_parse(json.begin(), json.end(), &sink)) return absl::OkStatus();
  return sink.status();
}

}  // namespace

absl::Status Read(std::string_view json, Message& message, std::vector<std::string>* present, const Limits& limits) {
  return ReadAt("", json, message, present, limits);
}

absl::Status ReadStruct(const Struct& content, std::string_view place, Message& message) {
  return ReadAt(place, Write(content), message, nullptr, {});
}

}  // namespace tutti::protojson
