// EventService.Watch with live events, and Watches that end by themselves.

#include <memory>

#include "absl/strings/str_cat.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "control/server/server_fixture.h"

namespace tutti::control {
namespace {

class LiveEventsTest : public ServerFixture {
 protected:
  void SetUp() override {
    StartControl();
    WaitForNode();
    room_ = CreateConference()->id();
    call_ = CreateCall(room_)->id();
    ASSERT_TRUE(HasJoined(room_, 1));
    participant_ = ListConferencecalls(room_)->at(0).id();
    ASSERT_TRUE(WaitFor([this] { return node_.LiveWatchers() == 1; }));
  }

  // A Watch with its first events; it goes on.
  struct Reader {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::Event>> reader;

    ~Reader() {
      context.TryCancel();
      v1::Event rest;
      while (reader->Read(&rest)) {
      }
      reader->Finish();
    }
    v1::Event Next() {
      v1::Event event;
      EXPECT_TRUE(reader->Read(&event));
      return event;
    }
    std::string Cursor() {
      const auto& metadata = context.GetServerInitialMetadata();
      const auto found = metadata.find("tutti-cursor");
      return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
    }
  };
  std::unique_ptr<Reader> Watch(const v1::WatchEventsRequest& request) {
    auto reader = std::make_unique<Reader>();
    reader->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    reader->reader = events_->Watch(&reader->context, request);
    reader->reader->WaitForInitialMetadata();
    return reader;
  }
  std::unique_ptr<Reader> WatchLive(const std::string& stream = "") {
    v1::WatchEventsRequest request;
    request.set_live(true);
    if (!stream.empty()) {
      request.set_stream(stream);
      request.set_after_sequence(1'000'000);
    }
    return Watch(request);
  }
  // What a Watch that ends by itself has given.
  absl::StatusOr<std::vector<v1::Event>> ReadToEnd(const v1::WatchEventsRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto reader = events_->Watch(&context, request);
    std::vector<v1::Event> events;
    v1::Event event;
    while (reader->Read(&event)) events.push_back(event);
    const absl::Status status = FromGrpcStatus(reader->Finish());
    if (!status.ok()) return status;
    return events;
  }

  std::string room_;
  std::string call_;
  std::string participant_;
};

TEST_F(LiveEventsTest, TalkingAndDigitsReachThoseWhoAsk) {
  const auto all = WatchLive();
  const auto of_room = WatchLive("conference:" + room_);
  const auto of_call = WatchLive("call:" + call_);
  node_.EmitTalking(call_, true);
  for (const auto* watch : {&all, &of_room}) {
    const v1::Event event = (*watch)->Next();
    EXPECT_EQ(event.type(), "conferencecall_talking");
    EXPECT_EQ(event.stream(), "conference:" + room_);
    EXPECT_EQ(event.sequence(), 0);
    EXPECT_EQ(event.talking().conferencecall_id(), participant_);
    EXPECT_TRUE(event.talking().talking());
  }
  EXPECT_TRUE(ListConferencecalls(room_)->at(0).talking());
  node_.EmitDigit(call_, "7");
  for (const auto* watch : {&all, &of_call}) {
    const v1::Event event = (*watch)->Next();
    EXPECT_EQ(event.type(), "call_dtmf");
    EXPECT_EQ(event.dtmf().digit(), "7");
    EXPECT_EQ(event.dtmf().conference_id(), room_);
  }
  node_.EmitTalking(call_, false);
  EXPECT_FALSE(of_room->Next().talking().talking());
  EXPECT_FALSE(ListConferencecalls(room_)->at(0).talking());
}

TEST_F(LiveEventsTest, ATypeAsksForThemAndOthersDoWithout) {
  v1::WatchEventsRequest request;
  request.add_types("call_dtmf");
  request.add_types("conference_created");
  const auto by_type = Watch(request);
  const auto stored_only = Watch({});
  node_.EmitTalking(call_, true);
  node_.EmitDigit(call_, "1");
  EXPECT_EQ(by_type->Next().type(), "call_dtmf");
  ASSERT_TRUE(CreateConference().ok());
  EXPECT_EQ(by_type->Next().type(), "conference_created");
  EXPECT_EQ(stored_only->Next().type(), "conference_created");
}

TEST_F(LiveEventsTest, AWatchBeginsWithThoseWhoTalk) {
  node_.EmitTalking(call_, true);
  ASSERT_TRUE(WaitFor([this] { return ListConferencecalls(room_)->at(0).talking(); }));
  const auto late = WatchLive();
  EXPECT_TRUE(late->Next().talking().talking());
  ASSERT_TRUE(HangupCall(call_).ok());
  for (v1::Event event;;) {
    event = late->Next();
    if (event.type() != "conferencecall_talking") continue;
    EXPECT_FALSE(event.talking().talking());
    break;
  }
}

TEST_F(LiveEventsTest, ARestartOfControlKnowsWhoTalks) {
  node_.EmitTalking(call_, true);
  ASSERT_TRUE(WaitFor([this] { return ListConferencecalls(room_)->at(0).talking(); }));
  StopControl();
  StartControl();
  WaitForNode();
  EXPECT_TRUE(WaitFor([this] { return ListConferencecalls(room_)->at(0).talking(); }));
}

TEST_F(LiveEventsTest, ALostNodeTalksNoMore) {
  const auto all = WatchLive();
  node_.EmitTalking(call_, true);
  EXPECT_TRUE(all->Next().talking().talking());
  node_.Kill();
  for (v1::Event event;;) {
    event = all->Next();
    if (event.type() != "conferencecall_talking") continue;
    EXPECT_FALSE(event.talking().talking());
    break;
  }
  node_.Start();
}

TEST_F(LiveEventsTest, AWatchThatEndsGivesWhatThereIs) {
  v1::WatchEventsRequest request;
  request.set_stream("conference:" + room_);
  request.set_ends(true);
  const auto events = ReadToEnd(request);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_GE(events->size(), 3u);
  request.set_after_sequence(events->back().sequence());
  EXPECT_EQ(ReadToEnd(request)->size(), 0u);
}

TEST_F(LiveEventsTest, FromOneCursorToAnother) {
  const auto now = Watch({});
  const std::string begin = now->Cursor();
  ASSERT_FALSE(begin.empty());
  std::vector<std::string> rooms;
  std::vector<std::string> cursors;
  for (int i = 0; i < 100; ++i) {
    rooms.push_back(CreateConference()->id());
    cursors.push_back(now->Next().cursor());
  }
  v1::WatchEventsRequest request;
  request.set_cursor(begin);
  request.set_until_cursor(cursors[79]);
  const auto events = ReadToEnd(request);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 80u);
  for (size_t i = 0; i < events->size(); ++i) EXPECT_EQ(events->at(i).conference().id(), rooms[i]);
  request.set_cursor(cursors[79]);
  EXPECT_EQ(ReadToEnd(request)->size(), 0u);
  request.set_cursor(cursors[80]);
  EXPECT_EQ(GetErrorDetail(ReadToEnd(request).status()).reason, "CURSOR_AHEAD");
  request.set_until_cursor("nonsense");
  EXPECT_TRUE(absl::IsInvalidArgument(ReadToEnd(request).status()));
  request.clear_cursor();
  request.set_until_cursor(begin);
  request.set_stream("conference:" + room_);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadToEnd(request).status()));
}

}  // namespace
}  // namespace tutti::control
