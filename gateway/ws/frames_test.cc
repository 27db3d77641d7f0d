#include "gateway/ws/frames.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace tutti::gateway::ws {
namespace {

constexpr char kRoom[] = "conference:0198f2d0-0000-7000-8000-00000000000a";

std::string Refusal(const std::string& text) {
  const auto frame = ReadClientFrame(text);
  if (frame.ok()) return "";
  const ErrorDetail detail = GetErrorDetail(frame.status());
  const auto field = detail.details.find("field");
  return detail.reason + (field == detail.details.end() ? "" : " " + field->second);
}

std::string Topic(const std::string& topic) { return absl::StrCat(R"({"type":"subscribe","topics":[)", topic, "]}"); }

TEST(FramesTest, AClientSaysWhatItWants) {
  const auto frame = ReadClientFrame(absl::StrCat(R"({"type":"subscribe","topics":[{"topic":")", kRoom,
                                                  R"(","after_sequence":0}],"event_types":["call_dtmf"]})"));
  ASSERT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(frame->topics(0).topic(), kRoom);
  EXPECT_TRUE(frame->topics(0).has_after_sequence());
  EXPECT_EQ(frame->event_types(0), "call_dtmf");
  EXPECT_EQ(Refusal(R"({"type":"ping"})"), "");
  EXPECT_EQ(Refusal(R"({"type":"unsubscribe","topics":[{"topic":"all"}]})"), "");
}

TEST(FramesTest, WhatCantBeIsRefusedWithItsPlace) {
  for (const char* text : {"", "x", "[]", "{\"type\":\"ping\""}) {
    EXPECT_EQ(Refusal(text), "INVALID_JSON_BODY") << text;
  }
  EXPECT_EQ(Refusal(R"({"type":"ping","type":"ping"})"), "INVALID_JSON_BODY type");
  EXPECT_EQ(Refusal("{}"), "INVALID_REQUEST_PARAMETER type");
  EXPECT_EQ(Refusal(R"({"type":"join"})"), "INVALID_REQUEST_PARAMETER type");
  EXPECT_EQ(Refusal(R"({"type":"subscribe"})"), "INVALID_REQUEST_PARAMETER topics");
  EXPECT_EQ(Refusal(R"({"type":"ping","room":1})"), "INVALID_REQUEST_PARAMETER room");
  EXPECT_EQ(Refusal(Topic(R"({"topic":"conference:x"})")), "INVALID_REQUEST_PARAMETER topics[0].topic");
  EXPECT_EQ(Refusal(Topic(R"({"topic":"flow:0198f2d0-0000-7000-8000-00000000000a"})")),
            "INVALID_REQUEST_PARAMETER topics[0].topic");
  EXPECT_EQ(Refusal(Topic(R"({"topic":"all"},{"topic":"all","after_sequence":1})")),
            "INVALID_REQUEST_PARAMETER topics[1].after_sequence");
  EXPECT_EQ(Refusal(Topic(absl::StrCat(R"({"topic":")", kRoom, R"(","cursor":"c"})"))),
            "INVALID_REQUEST_PARAMETER topics[0].cursor");
  EXPECT_EQ(Refusal(Topic(absl::StrCat(R"({"topic":")", kRoom, R"(","after_sequence":-1})"))),
            "INVALID_REQUEST_PARAMETER topics[0].after_sequence");
  std::string many;
  for (int i = 0; i <= kTopicsOfFrameMax; ++i) many += std::string(i > 0 ? "," : "") + R"({"topic":"all"})";
  EXPECT_EQ(Refusal(Topic(many)), "INVALID_REQUEST_PARAMETER topics");
}

TEST(FramesTest, AnEventIsItsEnvelope) {
  control::v1::Event event;
  event.set_type("conferencecall_talking");
  event.set_id("0198f2d0-0000-7000-8000-000000000001");
  event.set_stream(kRoom);
  event.mutable_time()->set_seconds(1);
  event.mutable_talking()->set_conferencecall_id("0198f2d0-0000-7000-8000-000000000002");
  event.mutable_talking()->set_talking(true);
  const std::string text =
      absl::StrCat(R"({"type":"conferencecall_talking","id":"0198f2d0-0000-7000-8000-000000000001","stream":")", kRoom,
                   R"(","sequence":0,"time":"1970-01-01T00:00:01.000000Z","data":{"conferencecall_id":)",
                   R"("0198f2d0-0000-7000-8000-000000000002","conference_id":null,"talking":true})");
  EXPECT_EQ(EventFrame(event), text + "}");
  EXPECT_EQ(EventFrameWithCursor(event), text + "}");
  event.set_cursor("abc");
  EXPECT_EQ(EventFrame(event), text + "}");
  EXPECT_EQ(EventFrameWithCursor(event), text + R"(,"cursor":"abc"})");
}

TEST(FramesTest, OtherFrames) {
  EXPECT_EQ(SubscribedFrame("all", "c"), R"({"type":"subscribed","topic":"all","cursor":"c"})");
  EXPECT_EQ(SubscribedFrame(kRoom, ""), absl::StrCat(R"({"type":"subscribed","topic":")", kRoom, "\"}"));
  EXPECT_EQ(GapFrame(kRoom, 4, ""), absl::StrCat(R"({"type":"gap","topic":")", kRoom, R"(","after_sequence":4})"));
  EXPECT_EQ(
      ErrorFrame(Error(absl::StatusCode::kNotFound, "CALL_NOT_FOUND", "no"), "call:x", "id"),
      R"({"type":"error","topic":"call:x","error":{"status":"NOT_FOUND","reason":"CALL_NOT_FOUND","message":"no",)"
      R"("request_id":"id","details":{}}})");
}

}  // namespace
}  // namespace tutti::gateway::ws
