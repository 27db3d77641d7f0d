#include "common/protojson/protojson.h"

#include "common/protojson/names.h"
#include "common/protojson/testing.pb.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tutti::protojson {
namespace {

using ::testing::ElementsAre;
using testing::Everything;
using ::testing::HasSubstr;

// "REASON path" of a refusal, "" of a success.
std::string Refusal(std::string_view json) {
  Everything message;
  const absl::Status status = Read(json, message);
  if (status.ok()) return "";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  ErrorDetail detail = GetErrorDetail(status);
  return detail.reason + " " + detail.details["field"];
}

Everything MustRead(std::string_view json) {
  Everything message;
  const absl::Status status = Read(json, message);
  EXPECT_TRUE(status.ok()) << status;
  return message;
}

// One member of what is written.
std::string Member(const Everything& message, const char* name) {
  return nlohmann::json::parse(Write(message)).at(name).dump();
}

constexpr char kFull[] = R"({
  "id": "a", "peer_id": "b", "text": "x\u0000\"ü\n", "flag": true, "small": -2147483648,
  "large": -9223372036854775808, "small_unsigned": 4294967295, "large_unsigned": 18446744073709551615,
  "real": 0.1, "real_small": 0.1, "raw": "AAEC/w==", "hangup_by": "far_end", "bare": "some", "maybe": 0,
  "inner": {"name": "n", "depth": 1, "inner": {"name": "m"}}, "tm_create": "2026-01-02T03:04:05.600000Z",
  "data": {"a": [1, -2.5, null, {"b": true}], "": "e"}, "value": [null], "list": [[], {}, "x"],
  "words": ["", "w"], "inners": [{}, {"depth": 2}], "reasons": ["local", "far_end"], "numbers": [1, -1],
  "by_name": {"k": {"name": "v"}, "": {}}, "right": {"name": "r"}
})";

TEST(ProtoJson, EveryKindOfFieldSurvivesReadWriteRead) {
  const Everything first = MustRead(kFull);
  EXPECT_EQ(first.large(), INT64_MIN);
  EXPECT_EQ(first.large_unsigned(), UINT64_MAX);
  EXPECT_EQ(first.raw(), std::string("\x00\x01\x02\xff", 4));
  EXPECT_EQ(first.text(), std::string("x\0\"ü\n", 6));
  EXPECT_EQ(first.tm_create().nanos(), 600'000'000);
  EXPECT_EQ(first.by_name().at("k").name(), "v");
  EXPECT_TRUE(first.has_maybe());
  const std::string text = Write(first);
  const Everything second = MustRead(text);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(first, second)) << text;
  EXPECT_EQ(Write(second), text);
}

TEST(ProtoJson, AnEmptyMessageShowsAllItsFields) {
  EXPECT_EQ(Write(Everything()),
            R"({"id":null,"peer_id":null,"text":"","flag":false,"small":0,"large":0,"small_unsigned":0,)"
            R"("large_unsigned":0,"real":0,"real_small":0,"raw":"","hangup_by":null,"bare":"none","maybe":null,)"
            R"("inner":null,"tm_create":null,"data":null,"value":null,"list":null,"words":[],"inners":[],)"
            R"("reasons":[],"numbers":[],"by_name":{},"made_by_us":"","left":null,"right":null})");
  EXPECT_EQ(Write(testing::Empty()), "{}");
}

TEST(ProtoJson, NumbersAreWrittenShortAndExact) {
  Everything message;
  message.set_large(9007199254740993);
  message.set_real(100000);
  message.set_real_small(0.1f);
  (*message.mutable_data()->mutable_fields())["n"].set_number_value(233333333333333330001.0);
  (*message.mutable_data()->mutable_fields())["z"].set_number_value(std::numeric_limits<double>::infinity());
  const std::string text = Write(message);
  EXPECT_THAT(text, HasSubstr(R"("large":9007199254740993,)"));
  EXPECT_THAT(text, HasSubstr(R"("real":100000,"real_small":0.1,)"));
  EXPECT_THAT(text, HasSubstr(R"("data":{"n":2.3333333333333334e+20,"z":null})"));
}

TEST(ProtoJson, AWordOfANewerEnumIsANumber) {
  Everything message;
  message.set_hangup_by(static_cast<Everything::HangupBy>(7));
  EXPECT_EQ(Member(message, "hangup_by"), "7");
}

TEST(ProtoJson, TimesHaveSixDigitsAndUtc) {
  EXPECT_EQ(Member(MustRead(R"({"tm_create":"2026-01-02T03:04:05+02:00"})"), "tm_create"),
            R"("2026-01-02T01:04:05.000000Z")");
  EXPECT_EQ(Member(MustRead(R"({"tm_create":"0001-01-01T00:00:00.0000019Z"})"), "tm_create"),
            R"("0001-01-01T00:00:00.000001Z")");
  for (const char* bad : {"yesterday", "", "2026-01-02", "infinite-future", " 2026-01-02T03:04:05Z",
                          "2026-01-02T03:04:05Z ", "2026-13-02T03:04:05Z", "0000-01-01T00:00:00Z"}) {
    EXPECT_EQ(Refusal(R"({"tm_create":")" + std::string(bad) + "\"}"), "INVALID_REQUEST_PARAMETER tm_create") << bad;
  }
  EXPECT_EQ(Refusal(R"({"tm_create":5})"), "INVALID_REQUEST_PARAMETER tm_create");
}

TEST(ProtoJson, InvalidUtf8IsReplacedWhenWritten) {
  Everything message;
  message.set_text("a\xff");
  EXPECT_EQ(Member(message, "text"), "\"a\xEF\xBF\xBD\"");
}

TEST(ProtoJson, FieldsOfOneDirectionOnly) {
  const Everything message = MustRead(R"({"made_by_us":[{"deep":1}],"pin":"1234"})");
  EXPECT_EQ(message.made_by_us(), "");
  EXPECT_EQ(message.pin(), "1234");
  EXPECT_THAT(Write(message), ::testing::Not(HasSubstr("1234")));
  EXPECT_EQ(Refusal(R"({"made_by_us":{"a":1,"a":2}})"), "INVALID_JSON_BODY made_by_us.a");
}

TEST(ProtoJson, NullIsNotSet) {
  Everything message = MustRead(kFull);
  ASSERT_TRUE(Read(R"({"id":null,"flag":null,"maybe":null,"inner":null,"words":null,"by_name":null,"hangup_by":null,
                       "value":null,"data":null})",
                   message)
                  .ok());
  EXPECT_EQ(message.id(), "");
  EXPECT_FALSE(message.flag());
  EXPECT_FALSE(message.has_maybe());
  EXPECT_FALSE(message.has_inner());
  EXPECT_EQ(message.words_size(), 0);
  EXPECT_EQ(message.hangup_by(), Everything::HANGUP_BY_UNSPECIFIED);
  EXPECT_FALSE(message.has_value());
  EXPECT_EQ(message.peer_id(), "b");
  EXPECT_EQ(Refusal(R"({"words":["a",null]})"), "INVALID_REQUEST_PARAMETER words[1]");
  EXPECT_EQ(Refusal(R"({"by_name":{"k":null}})"), "INVALID_REQUEST_PARAMETER by_name.k");
}

TEST(ProtoJson, WhatIsNoJsonIsRefused) {
  for (const char* bad : {"",
                          " ",
                          "{",
                          "}",
                          "[]",
                          "null",
                          "1",
                          "\"a\"",
                          "{} {}",
                          "{\"text\":\"\xff\"}",
                          "{text:1}",
                          "{'text':'a'}",
                          "{\"text\":\"a\",}",
                          "{\"flag\":tru}",
                          "{\"small\":01}",
                          "{\"real\":NaN}",
                          "{\"real\":1e999}",
                          "// a\n{}",
                          "{\"text\":\"\\ud800\"}",
                          "{\"text\":\"\n\"}"}) {
    EXPECT_EQ(Refusal(bad), "INVALID_JSON_BODY ") << bad;
  }
}

TEST(ProtoJson, WhatTheMessageCantHoldIsRefusedWithItsPath) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"nonsense":1})", "nonsense"},
      {R"({"inner":{"inner":{"nonsense":1}}})", "inner.inner.nonsense"},
      {R"({"inners":[{},{"depth":"x"}]})", "inners[1].depth"},
      {R"({"small":2147483648})", "small"},
      {R"({"small":1.5})", "small"},
      {R"({"small":1.0})", "small"},
      {R"({"small":"1"})", "small"},
      {R"({"small_unsigned":-1})", "small_unsigned"},
      {R"({"large":9223372036854775808})", "large"},
      {R"({"large":100000000000000000000})", "large"},
      {R"({"large_unsigned":-1})", "large_unsigned"},
      {R"({"real_small":1e300})", "real_small"},
      {R"({"real":"1"})", "real"},
      {R"({"flag":1})", "flag"},
      {R"({"text":1})", "text"},
      {R"({"text":{}})", "text"},
      {R"({"text":[]})", "text"},
      {R"({"raw":"*"})", "raw"},
      {R"({"hangup_by":"FAR_END"})", "hangup_by"},
      {R"({"hangup_by":"unspecified"})", "hangup_by"},
      {R"({"hangup_by":1})", "hangup_by"},
      {R"({"reasons":["local","x"]})", "reasons[1]"},
      {R"({"words":"x"})", "words"},
      {R"({"words":{}})", "words"},
      {R"({"words":[["x"]]})", "words[0]"},
      {R"({"inner":1})", "inner"},
      {R"({"inner":[]})", "inner"},
      {R"({"by_name":[]})", "by_name"},
      {R"({"by_name":1})", "by_name"},
      {R"({"by_name":{"k":1}})", "by_name.k"},
      {R"({"data":1})", "data"},
      {R"({"data":[]})", "data"},
      {R"({"data":{"a":[9007199254740993]}})", "data.a[0]"},
      {R"({"data":{"a":100000000000000000000}})", "data.a"},
      {R"({"list":{}})", "list"},
      {R"({"list":1})", "list"},
      {R"({"left":"a","right":{}})", "right"},
      {R"({"right":{},"left":"a"})", "left"},
  };
  for (const auto& [json, path] : cases) {
    EXPECT_EQ(Refusal(json), std::string("INVALID_REQUEST_PARAMETER ") + path) << json;
  }
}

TEST(ProtoJson, AnUnknownWordListsThose) {
  Everything message;
  const absl::Status status = Read(R"({"hangup_by":"us"})", message);
  EXPECT_EQ(GetErrorDetail(status).details.at("allowed"), "local, far_end");
  EXPECT_EQ(status.message(), "Field hangup_by must be one of local, far_end.");
}

TEST(ProtoJson, DuplicateKeysAreRefusedEverywhere) {
  EXPECT_EQ(Refusal(R"({"text":"a","text":"a"})"), "INVALID_JSON_BODY text");
  EXPECT_EQ(Refusal(R"({"data":{"a":{"b":1,"b":1}}})"), "INVALID_JSON_BODY data.a.b");
  EXPECT_EQ(Refusal(R"({"by_name":{"k":{},"k":{}}})"), "INVALID_JSON_BODY by_name.k");
}

TEST(ProtoJson, DepthAndSizeAreLimited) {
  const auto nested = [](int levels) {
    std::string json = "{\"data\":";
    for (int i = 0; i < levels; ++i) json += "{\"a\":";
    json += "1";
    for (int i = 0; i < levels; ++i) json += "}";
    return json + "}";
  };
  const Everything message = MustRead(nested(32));
  // Deep as it is, Protobuf reads it, also one message further down.
  Everything outer;
  *outer.mutable_data() = message.data();
  EXPECT_TRUE(Everything().ParseFromString(outer.SerializeAsString()));
  EXPECT_THAT(Refusal(nested(33)), HasSubstr("INVALID_JSON_BODY data.a.a"));
  EXPECT_THAT(Refusal(nested(100'000)), HasSubstr("INVALID_JSON_BODY data.a.a"));
  EXPECT_EQ(Refusal("{\"text\":\"" + std::string(1024 * 1024, 'a') + "\"}"), "INVALID_JSON_BODY ");
}

TEST(ProtoJson, LongNamesAreClippedInErrors) {
  Everything message;
  std::string name = "aé";
  for (int i = 0; i < 100; ++i) name += "é";
  const absl::Status status = Read("{\"" + name + "\":1}", message);
  EXPECT_EQ(GetErrorDetail(status).details.at("field").size(), 63 + std::string("…").size());
}

TEST(ProtoJson, PresentPathsAreThoseOfAFieldMask) {
  Everything message;
  std::vector<std::string> present;
  ASSERT_TRUE(Read(R"({"text":"","inner":{"name":"a","inner":{}},"data":{"x":{"y":1}},"inners":[{"depth":1}],
                       "made_by_us":"x","maybe":null,"by_name":{"k":{"name":"v"}},"value":{"a":1},"tm_create":null})",
                   message, &present)
                  .ok());
  EXPECT_THAT(present, ElementsAre("text", "inner.name", "inner.inner", "data", "inners", "maybe", "by_name", "value",
                                   "tm_create"));
}

TEST(ProtoJson, FreeContentIsReadAgainstATypedMessage) {
  const Everything content = MustRead(R"({"data":{"large":86400000,"text":"x"}})");
  Everything typed;
  ASSERT_TRUE(ReadStruct(content.data(), "data", typed).ok());
  EXPECT_EQ(typed.large(), 86'400'000);
  EXPECT_EQ(typed.text(), "x");
  const Everything wrong = MustRead(R"({"data":{"large":0.5}})");
  EXPECT_EQ(GetErrorDetail(ReadStruct(wrong.data(), "data", typed)).details.at("field"), "data.large");
}

TEST(ProtoJson, TextOfAUrlSetsScalars) {
  Everything message;
  EXPECT_TRUE(SetFromText(message, "inner.depth", "-7").ok());
  EXPECT_TRUE(SetFromText(message, "hangup_by", "local").ok());
  EXPECT_TRUE(SetFromText(message, "flag", "true").ok());
  EXPECT_TRUE(SetFromText(message, "words", "1").ok());
  EXPECT_TRUE(SetFromText(message, "words", "").ok());
  EXPECT_TRUE(SetFromText(message, "real", "0.5").ok());
  EXPECT_TRUE(SetFromText(message, "tm_create", "2026-01-02T03:04:05Z").ok());
  EXPECT_EQ(message.inner().depth(), -7);
  EXPECT_EQ(message.hangup_by(), Everything::HANGUP_BY_LOCAL);
  EXPECT_TRUE(message.flag());
  EXPECT_THAT(message.words(), ElementsAre("1", ""));
  EXPECT_EQ(message.real(), 0.5);
  const std::pair<const char*, const char*> bad[] = {
      {"small", ""},      {"small", "+1"},   {"small", " 1"},         {"small", "1 "},  {"small", "1.0"},
      {"small", "x"},     {"flag", "1"},     {"real", "nan"},         {"inner", "x"},   {"inner.bad", "x"},
      {"data.a", "x"},    {"hangup_by", ""}, {"text.a", "x"},         {"by_name", "x"}, {"inners.name", "x"},
      {"by_name.k", "x"}, {"", "x"},         {"small", "4294967296"},
  };
  for (const auto& [path, text] : bad) {
    const absl::Status status = SetFromText(message, path, text);
    EXPECT_EQ(GetErrorDetail(status).reason, "INVALID_REQUEST_PARAMETER") << path << "=" << text;
  }
}

TEST(ProtoJson, AnEnvelopeHasItsOneofAsOneField) {
  Everything message;
  const std::string none = WriteEnvelope(message);
  EXPECT_TRUE(none.ends_with(R"(,"choice":null})")) << none;
  message.set_left("x");
  EXPECT_TRUE(WriteEnvelope(message).ends_with(R"(,"choice":"x"})"));
  message.mutable_right();
  const std::string text = WriteEnvelope(message);
  EXPECT_TRUE(text.ends_with(R"(,"choice":)" + Write(message.right()) + "}")) << text;
  const std::string whole = Write(message);
  const size_t same = none.size() - std::string(R"("choice":null})").size();
  EXPECT_EQ(text.substr(0, same), whole.substr(0, same));
}

TEST(ProtoJson, ADynamicMessageIsWrittenAsTheGeneratedOne) {
  const Everything message = MustRead(kFull);
  google::protobuf::DynamicMessageFactory factory;
  std::unique_ptr<google::protobuf::Message> dynamic(factory.GetPrototype(Everything::descriptor())->New());
  ASSERT_TRUE(dynamic->ParseFromString(message.SerializeAsString()));
  EXPECT_EQ(Write(*dynamic), Write(message));
}

}  // namespace
}  // namespace tutti::protojson
