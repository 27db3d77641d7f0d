// EventService.Watch: order, resumption, filters, live.

#include <map>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "control/server/server_fixture.h"

namespace tutti::control {
namespace {

class EventsTest : public ServerFixture {
 protected:
  void SetUp() override {
    StartControl();
    WaitForNode();
    room_ = CreateConference()->id();
  }

  std::vector<v1::Event> ReadStream(const std::string& stream, int64_t after, size_t count) {
    v1::WatchEventsRequest request;
    request.set_stream(stream);
    request.set_after_sequence(after);
    return ReadEvents(request, count);
  }

  std::string room_;
};

std::vector<std::string> Types(const std::vector<v1::Event>& events) {
  std::vector<std::string> types;
  for (const auto& event : events) types.push_back(event.type());
  return types;
}

TEST_F(EventsTest, AStreamTellsTheWholeStoryInOrder) {
  const auto call = CreateCall(room_);
  ASSERT_TRUE(HasJoined(room_, 1));
  ASSERT_TRUE(HangupCall(call->id()).ok());
  ASSERT_TRUE(HasJoined(room_, 0));
  const auto events = ReadStream("conference:" + room_, 0, 6);
  ASSERT_EQ(events.size(), 6u);
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence(), static_cast<int64_t>(i) + 1);
  EXPECT_EQ(events[0].type(), "conference_created");
  const auto types = Types(events);
  const auto at = [&](const char* type) { return std::find(types.begin(), types.end(), type) - types.begin(); };
  EXPECT_LT(at("conferencecall_joining"), at("conferencecall_joined"));
  EXPECT_LT(at("conferencecall_joined"), at("conferencecall_leaved"));
  EXPECT_LT(at("conferencecall_leaved"), 6);
  const auto later = ReadStream("conference:" + room_, 3, 3);
  ASSERT_EQ(later.size(), 3u);
  EXPECT_EQ(later[0].id(), events[3].id());
}

TEST_F(EventsTest, ACursorGoesOnAfterARestartWithoutHoleOrRepeat) {
  const auto call = CreateCall(room_);
  ASSERT_TRUE(HasJoined(room_, 1));
  const auto head = ReadStream("conference:" + room_, 0, 2);
  ASSERT_EQ(head.size(), 2u);
  ASSERT_FALSE(head[0].cursor().empty());
  StopControl();
  StartControl();
  WaitForNode();
  ASSERT_TRUE(HangupCall(call->id()).ok());
  ASSERT_TRUE(HasHungUp(call->id(), v1::Call::HANGUP_REASON_NORMAL));
  v1::WatchEventsRequest request;
  request.set_cursor(head[0].cursor());
  const auto events = ReadEvents(request, 8);
  ASSERT_EQ(events.size(), 8u);
  std::map<std::string, int64_t> sequences{{"conference:" + room_, 1}};
  for (const auto& event : events) EXPECT_EQ(event.sequence(), ++sequences[event.stream()]) << event.stream();
  EXPECT_EQ(events[0].id(), ReadStream(events[0].stream(), events[0].sequence() - 1, 1).at(0).id());
  EXPECT_GT(sequences["call:" + call->id()], 0);
}

TEST_F(EventsTest, WithoutAPointItBeginsNowAndFollows) {
  grpc::ClientContext context;
  v1::WatchEventsRequest request;
  request.add_types("conference_created");
  const auto reader = events_->Watch(&context, request);
  reader->WaitForInitialMetadata();
  ASSERT_TRUE(CreateCall(room_).ok());
  std::vector<std::string> rooms;
  for (int i = 0; i < 3; ++i) rooms.push_back(CreateConference()->id());
  for (const std::string& room : rooms) {
    v1::Event event;
    ASSERT_TRUE(reader->Read(&event));
    EXPECT_EQ(event.type(), "conference_created");
    EXPECT_EQ(event.conference().id(), room);
  }
  context.TryCancel();
  reader->Finish();
}

TEST_F(EventsTest, AWatcherThatDoesNotReadHoldsUpNobody) {
  grpc::ClientContext idle;
  const auto reader = events_->Watch(&idle, {});
  reader->WaitForInitialMetadata();
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(CreateConference().ok());
  EXPECT_EQ(ReadStream("conference:" + room_, 0, 1).size(), 1u);
  for (int i = 0; i < 300; ++i) {
    v1::Event event;
    ASSERT_TRUE(reader->Read(&event));
  }
  idle.TryCancel();
  reader->Finish();
}

TEST_F(EventsTest, BadPointsAreRefused) {
  const auto finish = [this](const v1::WatchEventsRequest& request) {
    grpc::ClientContext context;
    const auto reader = events_->Watch(&context, request);
    v1::Event event;
    EXPECT_FALSE(reader->Read(&event));
    return FromGrpcStatus(reader->Finish());
  };
  v1::WatchEventsRequest request;
  request.set_cursor("nonsense");
  EXPECT_EQ(finish(request).code(), absl::StatusCode::kInvalidArgument);
  request.clear_cursor();
  request.set_stream("nonsense");
  EXPECT_FALSE(finish(request).ok());
  request.clear_stream();
  for (int i = 0; i < 65; ++i) request.add_types("x");
  EXPECT_EQ(finish(request).code(), absl::StatusCode::kInvalidArgument);
}

// Who was away for longer than events are kept is told so, and begins anew with
// what there is.
TEST_F(EventsTest, APointThatIsPurgedIsAGap) {
  const auto first = ReadStream("conference:" + room_, 0, 1);
  ASSERT_EQ(first.size(), 1u);
  StopControl();
  clock_.Advance(options_.core.event_retention + absl::Hours(1));
  StartControl();
  WaitForNode();
  const auto reason = [this](const v1::WatchEventsRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
    const auto reader = events_->Watch(&context, request);
    v1::Event event;
    while (reader->Read(&event)) {
    }
    const absl::Status status = FromGrpcStatus(reader->Finish());
    return absl::IsOutOfRange(status) ? GetErrorDetail(status).reason : "";
  };
  v1::WatchEventsRequest by_stream;
  by_stream.set_stream("conference:" + room_);
  EXPECT_TRUE(WaitFor([&] { return reason(by_stream) == "EVENTS_PURGED"; }));
  v1::WatchEventsRequest by_cursor;
  by_cursor.set_cursor(first[0].cursor());
  // It is the newest event: nothing after it is missing.
  EXPECT_EQ(reason(by_cursor), "");
  ASSERT_TRUE(DeleteConference(room_).ok());
  const auto later = ReadStream("conference:" + room_, 1, 2);
  ASSERT_EQ(later.size(), 2u);
  EXPECT_EQ(later[0].sequence(), 2) << "numbers go on";
}

TEST_F(EventsTest, TheServerEndsWithWatchesOpen) {
  grpc::ClientContext context;
  const auto reader = events_->Watch(&context, {});
  reader->WaitForInitialMetadata();
  std::thread stopper([this] { StopControl(); });
  v1::Event event;
  EXPECT_FALSE(reader->Read(&event));
  reader->Finish();
  stopper.join();
}

}  // namespace
}  // namespace tutti::control
