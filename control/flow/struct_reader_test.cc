#include "control/flow/struct_reader.h"

#include <string>

#include "common/status/status.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tutti/control/v1/call.pb.h"

namespace tutti::flow {
namespace {

google::protobuf::Struct FromJson(const std::string& json) {
  google::protobuf::Struct object;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &object).ok()) << json;
  return object;
}

absl::Status Read(const std::string& json, google::protobuf::Message& message) {
  return ReadStruct(FromJson(json), "option", message);
}

TEST(StructReaderTest, ReadsEveryKindOfField) {
  control::v1::CreateCallRequest request;
  ASSERT_TRUE(Read(R"({"call":{"source":"a","symmetric":true,"media_timeout":-7,"actions":[{"type":"x"},{"type":"y"}],)"
                   R"("media_statistics":{"packets_lost":9007199254740992},"destination":null}})",
                   request)
                  .ok());
  EXPECT_EQ(request.call().source(), "a");
  EXPECT_TRUE(request.call().symmetric());
  EXPECT_EQ(request.call().media_timeout(), -7);
  ASSERT_EQ(request.call().actions_size(), 2);
  EXPECT_EQ(request.call().actions(1).type(), "y");
  EXPECT_EQ(request.call().media_statistics().packets_lost(), 9007199254740992);
  EXPECT_EQ(request.call().destination(), "");
}

TEST(StructReaderTest, NamesThePlaceOfWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"cal":{}})", "option.cal"},
      {R"({"call":3})", "option.call"},
      {R"({"call":{"source":3}})", "option.call.source"},
      {R"({"call":{"symmetric":"yes"}})", "option.call.symmetric"},
      {R"({"call":{"media_timeout":1.5}})", "option.call.media_timeout"},
      {R"({"call":{"media_timeout":2147483648}})", "option.call.media_timeout"},
      {R"({"call":{"media_timeout":"3"}})", "option.call.media_timeout"},
      {R"({"call":{"actions":{}}})", "option.call.actions"},
      {R"({"call":{"actions":[{"type":"x"},{"typ":"x"}]}})", "option.call.actions[1].typ"},
      {R"({"call":{"media_statistics":{"packets_lost":9223372036854775808}}})",
       "option.call.media_statistics.packets_lost"},
  };
  for (const auto& [json, place] : cases) {
    control::v1::CreateCallRequest request;
    const absl::Status status = Read(json, request);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_EQ(GetErrorDetail(status).details["field"], place) << json;
  }
}

}  // namespace
}  // namespace tutti::flow
