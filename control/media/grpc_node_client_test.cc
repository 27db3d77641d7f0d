#include "control/media/grpc_node_client.h"

#include <atomic>
#include <memory>
#include <optional>

#include "absl/synchronization/notification.h"
#include "common/status/status.h"
#include "control/media/fake_media_plane.h"
#include "control/media/wait_for.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

constexpr char kTraceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

using media::v1::LegState;
using media::v1::WatchResponse;

media::v1::PutLegRequest PutLeg(const std::string& id, int64_t revision, const std::string& bridge_id = "") {
  media::v1::PutLegRequest request;
  request.set_leg_id(id);
  request.set_revision(revision);
  request.set_bridge_id(bridge_id);
  request.mutable_offer()->add_sections()->set_kind(media::v1::MediaSection::AUDIO);
  return request;
}

class GrpcNodeClientTest : public ::testing::Test {
 protected:
  ~GrpcNodeClientTest() override { queue_.Stop(); }

  absl::StatusOr<LegState> Put(const media::v1::PutLegRequest& request) {
    absl::StatusOr<LegState> result;
    absl::Notification done;
    client_->PutLeg(request, kTraceparent, [&](absl::StatusOr<LegState> state) {
      result = std::move(state);
      done.Notify();
    });
    done.WaitForNotification();
    return result;
  }

  FakeMediaPlane node_;
  TaskQueue queue_;
  std::unique_ptr<NodeClient> client_ = std::make_unique<GrpcNodeClient>(node_.Address(), queue_);
};

TEST_F(GrpcNodeClientTest, CarriesAnswersAndReasons) {
  const auto state = Put(PutLeg("a", 3));
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->revision(), 3);
  EXPECT_GT(state->answer().sections(0).rtp_port(), 0u);
  const auto refused = Put(PutLeg("b", 1, "nowhere"));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetErrorDetail(refused.status()).reason, "BRIDGE_NOT_FOUND");
}

TEST_F(GrpcNodeClientTest, ACommandCarriesItsTrace) {
  ASSERT_TRUE(Put(PutLeg("a", 1)).ok());
  absl::Notification done;
  media::v1::RemoveLegRequest remove;
  remove.set_leg_id("a");
  remove.set_revision(2);
  client_->RemoveLeg(remove, "", [&](const absl::StatusOr<LegState>&) { done.Notify(); });
  done.WaitForNotification();
  const auto commands = node_.Commands();
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0].traceparent, kTraceparent);
  EXPECT_EQ(commands[1].traceparent, "");
}

TEST_F(GrpcNodeClientTest, ASoundIsPutInPiecesAndPlayed) {
  ASSERT_TRUE(Put(PutLeg("a", 1)).ok());
  media::v1::PlayAudioRequest play;
  play.set_operation_id("operation");
  play.set_leg_id("a");
  play.set_sound(std::string(64, 'f'));
  const auto play_it = [&] {
    absl::StatusOr<media::v1::AudioState> result;
    absl::Notification done;
    client_->PlayAudio(play, [&](absl::StatusOr<media::v1::AudioState> state) {
      result = std::move(state);
      done.Notify();
    });
    done.WaitForNotification();
    return result;
  };
  EXPECT_EQ(GetErrorDetail(play_it().status()).reason, "SOUND_NOT_FOUND");

  auto sound = std::make_shared<SoundData>();
  sound->sha256 = play.sound();
  sound->sample_rate_hz = 8000;
  for (int i = 0; i < 1'000'000; ++i) sound->samples += static_cast<char>(i * 7);
  absl::Notification put;
  client_->PutSound(sound, [&](const absl::StatusOr<media::v1::SoundState>& state) {
    EXPECT_TRUE(state.ok()) << state.status();
    put.Notify();
  });
  put.WaitForNotification();
  EXPECT_EQ(node_.Sounds().at(sound->sha256), sound->samples);

  const auto playing = play_it();
  ASSERT_TRUE(playing.ok()) << playing.status();
  EXPECT_EQ(playing->status(), media::v1::AudioState::STATUS_PLAYING);
  media::v1::StopAudioRequest stop;
  stop.set_leg_id("a");
  absl::Notification stopped;
  client_->StopAudio(stop, [&](const absl::StatusOr<media::v1::StopAudioResponse>& response) {
    EXPECT_EQ(response->operation_ids(0), "operation");
    stopped.Notify();
  });
  stopped.WaitForNotification();
}

TEST_F(GrpcNodeClientTest, AnUploadInProgressIsCancelledWithTheClient) {
  auto sound = std::make_shared<SoundData>();
  sound->sha256 = std::string(64, 'a');
  sound->samples = std::string(size_t{16} << 20, 'x');
  std::atomic<int> answers{0};
  client_->PutSound(sound, [&](const auto&) { ++answers; });
  queue_.Stop();
  client_ = nullptr;
  EXPECT_LE(answers, 1);
}

TEST_F(GrpcNodeClientTest, TheWatchGivesOneMessageForEachNext) {
  std::atomic<int> messages{0};
  std::atomic<int64_t> last{-1};
  absl::Notification ended;
  const auto stream = client_->Watch({}, {[&](const WatchResponse& message) {
                                            last = message.has_hello() ? 0 : message.event().sequence();
                                            ++messages;
                                          },
                                          [&](const absl::Status&) { ended.Notify(); }});
  ASSERT_TRUE(WaitFor([&] { return messages == 1; }));
  EXPECT_EQ(last, 0);
  for (int i = 0; i < 3; ++i) node_.EmitResync();
  stream->Next();
  ASSERT_TRUE(WaitFor([&] { return messages == 2; }));
  EXPECT_EQ(last, 1);
  ASSERT_TRUE(Put(PutLeg("a", 1)).ok());  // Time enough for a second one, had it come unasked.
  EXPECT_EQ(messages, 2);
  stream->Next();
  ASSERT_TRUE(WaitFor([&] { return messages == 3; }));
  stream->Cancel();
  ended.WaitForNotification();
}

TEST_F(GrpcNodeClientTest, ASnapshotHasAll) {
  ASSERT_TRUE(Put(PutLeg("a", 1)).ok());
  ASSERT_TRUE(Put(PutLeg("b", 1)).ok());
  node_.EmitResync();
  absl::Notification done;
  client_->Snapshot([&](const absl::StatusOr<NodeSnapshot>& snapshot) {
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    EXPECT_EQ(snapshot->epoch, "epoch-1");
    EXPECT_EQ(snapshot->sequence, 1);
    EXPECT_EQ(snapshot->legs.size(), 2u);
    done.Notify();
  });
  done.WaitForNotification();
}

TEST_F(GrpcNodeClientTest, EndsWithCallsInFlight) {
  node_.HoldReplies(true);
  client_->PutLeg(PutLeg("a", 1), "", [](const absl::StatusOr<LegState>&) { FAIL() << "answered after the end"; });
  std::atomic<bool> begun{false};
  const auto idle = client_->Watch({}, {[&](const WatchResponse&) { begun = true; }, [](const absl::Status&) {}});
  ASSERT_TRUE(WaitFor([&] { return begun && node_.LegCount() == 1; }));
  queue_.Stop();
  client_.reset();
  node_.HoldReplies(false);
}

TEST_F(GrpcNodeClientTest, FindsANodeThatComesBack) {
  ASSERT_TRUE(Put(PutLeg("a", 1)).ok());
  node_.Kill();
  EXPECT_EQ(Put(PutLeg("a", 2)).status().code(), absl::StatusCode::kUnavailable);
  node_.Start();
  EXPECT_TRUE(WaitFor([&] { return Put(PutLeg("a", 3)).ok(); }));
}

}  // namespace
}  // namespace tutti::control
