#include "mediaplane/service/media_plane_service.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "common/clock/fake_clock.h"
#include "common/rpc/keep_grpc.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "common/trace/trace_context.h"
#include "mediaplane/node/fake_media_engine.h"

namespace tutti::mediaplane {
namespace {

using media::v1::MediaPlane;

std::string Id(int n) { return absl::StrFormat("01890000-0000-7000-8000-%012d", n); }

class MediaPlaneServiceTest : public testing::Test {
 protected:
  static constexpr size_t kEventsMax = 200;

  MediaPlaneServiceTest() {
    NodeOptions options;
    options.epoch = "epoch-1";
    options.events_max = kEventsMax;
    node_ = std::make_unique<Node>(options, engine_, clock_);
    // The engine answers only when a test says so: AllEvents().
    thread_ = std::make_unique<ControlThread>([] { return absl::InfiniteDuration(); });
    service_ = std::make_unique<MediaPlaneService>(*node_, *thread_, pump_);
    KeepGrpc();
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    server_ = builder.BuildAndStart();
    stub_ = MediaPlane::NewStub(server_->InProcessChannel({}));
  }

  ~MediaPlaneServiceTest() override {
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
    thread_.reset();
    EXPECT_EQ(service_->streams(), 0);
  }

  void AllEvents() {
    thread_->Run([this] { node_->Poll(); });
  }

  void Timeouts(int count) {
    thread_->Run([this, count] {
      for (int i = 0; i < count; ++i) engine_.Report(EngineEvent::Kind::kLegMediaTimeout, 0);
      node_->Poll();
    });
  }

  grpc::Status PutBridge(int id) {
    grpc::ClientContext context;
    media::v1::PutBridgeRequest request;
    request.set_bridge_id(Id(id));
    request.set_revision(1);
    media::v1::BridgeState response;
    return stub_->PutBridge(&context, request, &response);
  }

  grpc::Status PutLeg(int id, int64_t revision, int bridge, media::v1::LegState* response) {
    grpc::ClientContext context;
    media::v1::PutLegRequest request;
    request.set_leg_id(Id(id));
    request.set_revision(revision);
    if (bridge != 0) request.set_bridge_id(Id(bridge));
    auto& section = *request.mutable_offer()->add_sections();
    section.set_kind(media::v1::MediaSection::AUDIO);
    section.set_protocol("RTP/AVP");
    section.set_address("127.0.0.1");
    section.set_rtp_port(4000);
    auto& codec = *section.add_codecs();
    codec.set_name("PCMU");
    codec.set_clock_rate(8000);
    return stub_->PutLeg(&context, request, response);
  }

  std::unique_ptr<grpc::ClientReader<media::v1::WatchResponse>> Watch(grpc::ClientContext& context,
                                                                      const std::string& epoch, int64_t after) {
    media::v1::WatchRequest request;
    request.set_epoch(epoch);
    request.set_after_sequence(after);
    return stub_->Watch(&context, request);
  }

  // By a connection: in the process itself, gRPC's writer hangs when the server
  // answers before it has read all.
  std::unique_ptr<MediaPlane::Stub> RemoteStub() {
    return MediaPlane::NewStub(
        grpc::CreateChannel(absl::StrFormat("127.0.0.1:%d", port_), grpc::InsecureChannelCredentials()));
  }

  int port_ = 0;
  FakeClock clock_;
  FakeMediaEngine engine_;
  AudioPump pump_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<ControlThread> thread_;
  std::unique_ptr<MediaPlaneService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<MediaPlane::Stub> stub_;
};

TEST_F(MediaPlaneServiceTest, CommandsOfASampledTraceAndRefusalsAreLoggedWithIt) {
  // Where spdlog writes to by default.
  testing::internal::CaptureStdout();
  const auto put = [&](const std::string& id, bool sampled) {
    const TraceContext trace{"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", sampled};
    grpc::ClientContext context;
    context.AddMetadata("traceparent", FormatTraceparent(trace));
    media::v1::PutBridgeRequest request;
    request.set_bridge_id(id);
    request.set_revision(1);
    media::v1::BridgeState response;
    return stub_->PutBridge(&context, request, &response);
  };
  EXPECT_TRUE(put(Id(1), true).ok());
  EXPECT_TRUE(put(Id(2), false).ok());
  EXPECT_FALSE(put("", false).ok());
  // One of nobody's.
  EXPECT_TRUE(PutBridge(3).ok());
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_NE(log.find("command accepted trace_id=0af7651916cd43dd8448eb211c80319c "
                     "answer=tutti.media.v1.BridgeState id=" +
                     Id(1)),
            std::string::npos)
      << log;
  EXPECT_NE(log.find("command refused trace_id=0af7651916cd43dd8448eb211c80319c"), std::string::npos) << log;
  EXPECT_EQ(log.find(Id(2)), std::string::npos) << log;
  EXPECT_EQ(log.find(Id(3)), std::string::npos) << log;
}

TEST_F(MediaPlaneServiceTest, CommandsAreAnsweredAndTheirEffectsWatched) {
  grpc::ClientContext context;
  auto watch = Watch(context, "", 0);
  media::v1::WatchResponse message;
  ASSERT_TRUE(watch->Read(&message));
  EXPECT_EQ(message.hello().epoch(), "epoch-1");
  EXPECT_GT(message.hello().oldest_sequence(), message.hello().latest_sequence());

  ASSERT_TRUE(PutBridge(101).ok());
  media::v1::LegState leg;
  ASSERT_TRUE(PutLeg(1, 1, 101, &leg).ok());
  EXPECT_EQ(leg.answer().sections(0).rtp_port(), 10000u);
  AllEvents();
  ASSERT_TRUE(watch->Read(&message));
  EXPECT_EQ(message.event().sequence(), 1);
  EXPECT_EQ(message.event().leg_joined().bridge_id(), Id(101));

  {
    grpc::ClientContext get;
    media::v1::GetLegRequest request;
    request.set_leg_id(Id(1));
    ASSERT_TRUE(stub_->GetLeg(&get, request, &leg).ok());
    EXPECT_EQ(leg.bridge_id(), Id(101));
  }
  {
    grpc::ClientContext remove;
    media::v1::RemoveLegRequest request;
    request.set_leg_id(Id(1));
    request.set_revision(2);
    ASSERT_TRUE(stub_->RemoveLeg(&remove, request, &leg).ok());
    EXPECT_TRUE(leg.removed());
  }
  AllEvents();
  ASSERT_TRUE(watch->Read(&message));
  EXPECT_TRUE(message.event().has_leg_left());
  ASSERT_TRUE(watch->Read(&message));
  EXPECT_TRUE(message.event().has_leg_removed());
  {
    grpc::ClientContext remove;
    media::v1::RemoveBridgeRequest request;
    request.set_bridge_id(Id(101));
    request.set_revision(2);
    media::v1::BridgeState bridge;
    ASSERT_TRUE(stub_->RemoveBridge(&remove, request, &bridge).ok());
    EXPECT_TRUE(bridge.removed());
  }
  {
    grpc::ClientContext get;
    media::v1::NodeState state;
    ASSERT_TRUE(stub_->GetNode(&get, {}, &state).ok());
    EXPECT_EQ(state.epoch(), "epoch-1");
    EXPECT_EQ(state.legs(), 0);
  }
  context.TryCancel();
  EXPECT_FALSE(watch->Read(&message));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(MediaPlaneServiceTest, ErrorsCarryTheirReason) {
  media::v1::LegState leg;
  const grpc::Status status = PutLeg(1, 1, 101, &leg);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(GetErrorDetail(FromGrpcStatus(status)).reason, "BRIDGE_NOT_FOUND");
}

TEST_F(MediaPlaneServiceTest, AWrongEpochOrSequenceEndsTheWatch) {
  for (const auto& [epoch, after] : {std::pair<std::string, int64_t>{"epoch-0", 0}, {"epoch-1", 5}}) {
    grpc::ClientContext context;
    auto watch = Watch(context, epoch, after);
    media::v1::WatchResponse message;
    EXPECT_FALSE(watch->Read(&message));
    EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::OUT_OF_RANGE);
  }
}

TEST_F(MediaPlaneServiceTest, AWatchResumesWhereItWas) {
  media::v1::LegState leg;
  ASSERT_TRUE(PutLeg(1, 1, 0, &leg).ok());
  Timeouts(5);
  grpc::ClientContext context;
  auto watch = Watch(context, "epoch-1", 3);
  media::v1::WatchResponse message;
  ASSERT_TRUE(watch->Read(&message));
  EXPECT_EQ(message.hello().latest_sequence(), 5);
  for (int64_t sequence = 4; sequence <= 5; ++sequence) {
    ASSERT_TRUE(watch->Read(&message));
    EXPECT_EQ(message.event().sequence(), sequence);
  }
  context.TryCancel();
  EXPECT_FALSE(watch->Read(&message));
}

// A client that does not read fills its window; then the log overtakes it.
TEST_F(MediaPlaneServiceTest, AWatcherThatIsTooSlowIsToldSo) {
  media::v1::LegState leg;
  ASSERT_TRUE(PutLeg(1, 1, 0, &leg).ok());
  grpc::ClientContext context;
  auto watch = Watch(context, "epoch-1", 0);
  media::v1::WatchResponse message;
  ASSERT_TRUE(watch->Read(&message));
  Timeouts(10 * kEventsMax);
  int64_t last = 0;
  while (watch->Read(&message)) {
    EXPECT_EQ(message.event().sequence(), ++last) << "no hole before the end";
  }
  EXPECT_LT(last, 10 * static_cast<int64_t>(kEventsMax));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(MediaPlaneServiceTest, ASnapshotStreamsEverything) {
  ASSERT_TRUE(PutBridge(101).ok());
  media::v1::LegState leg;
  for (int i = 1; i <= 50; ++i) ASSERT_TRUE(PutLeg(i, 1, 101, &leg).ok());
  AllEvents();
  grpc::ClientContext context;
  auto snapshot = stub_->Snapshot(&context, {});
  media::v1::SnapshotResponse message;
  ASSERT_TRUE(snapshot->Read(&message));
  EXPECT_EQ(message.head().epoch(), "epoch-1");
  EXPECT_EQ(message.head().sequence(), 50);
  ASSERT_TRUE(snapshot->Read(&message));
  EXPECT_EQ(message.bridge().leg_count(), 50);
  int legs = 0;
  while (snapshot->Read(&message)) legs += message.leg().bridge_id() == Id(101);
  EXPECT_EQ(legs, 50);
  EXPECT_TRUE(snapshot->Finish().ok());
}

TEST_F(MediaPlaneServiceTest, StreamsAreBounded) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<media::v1::WatchResponse>>> watches;
  media::v1::WatchResponse message;
  for (int i = 0; i < MediaPlaneService::kStreamsMax; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    watches.push_back(Watch(*contexts.back(), "", 0));
    ASSERT_TRUE(watches.back()->Read(&message)) << i;
  }
  grpc::ClientContext context;
  auto refused = Watch(context, "", 0);
  EXPECT_FALSE(refused->Read(&message));
  EXPECT_EQ(refused->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  for (auto& held : contexts) held->TryCancel();
}

// What the destructor of the fixture checks.
TEST_F(MediaPlaneServiceTest, ServerShutdownEndsOpenWatches) {
  grpc::ClientContext context;
  auto watch = Watch(context, "", 0);
  media::v1::WatchResponse message;
  ASSERT_TRUE(watch->Read(&message));
  server_->Shutdown(std::chrono::system_clock::now());
  EXPECT_FALSE(watch->Read(&message));
}

TEST_F(MediaPlaneServiceTest, LiveEventsBeginNow) {
  ASSERT_TRUE(PutBridge(101).ok());
  media::v1::LegState leg;
  ASSERT_TRUE(PutLeg(1, 1, 101, &leg).ok());
  const auto digit = [this](char digit) {
    EngineEvent event;
    event.kind = EngineEvent::Kind::kLegDtmf;
    event.leg = 0;
    event.digit = digit;
    thread_->Run([&] {
      engine_.Report(event);
      node_->Poll();
    });
  };
  digit('1');
  grpc::ClientContext context;
  auto watch = stub_->WatchLive(&context, {});
  media::v1::WatchLiveResponse message;
  ASSERT_TRUE(watch->Read(&message));
  EXPECT_EQ(message.hello().epoch(), "epoch-1");
  EXPECT_EQ(message.hello().latest_sequence(), 1);
  digit('2');
  ASSERT_TRUE(watch->Read(&message));
  EXPECT_EQ(message.event().sequence(), 2);
  EXPECT_EQ(message.event().leg_dtmf().digit(), "2");
  context.TryCancel();
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

std::string Sha256(const std::string& bytes) {
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), sizeof(digest)));
}

TEST_F(MediaPlaneServiceTest, ASoundIsUploadedOncePlayedAndStopped) {
  const std::string bytes(16'000, '\0');
  const std::string sha256 = Sha256(bytes);
  const auto remote = RemoteStub();
  const auto put = [&](const std::string& name, media::v1::SoundState* state) {
    grpc::ClientContext context;
    auto writer = remote->PutSound(&context, state);
    media::v1::PutSoundRequest message;
    message.mutable_head()->set_sha256(name);
    message.mutable_head()->set_sample_rate_hz(8000);
    writer->Write(message);
    for (size_t at = 0; at < bytes.size(); at += 3000) {
      message.set_samples(bytes.substr(at, 3000));
      if (!writer->Write(message)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  };
  media::v1::SoundState state;
  EXPECT_EQ(put(std::string(64, 'a'), &state).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(put("abc", &state).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  for (int i = 0; i < 2; ++i) {
    const grpc::Status status = put(sha256, &state);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(state.sha256(), sha256);
    EXPECT_EQ(state.duration_ms(), 1000);
  }
  grpc::ClientContext get, play, again, stop;
  media::v1::GetSoundRequest get_request;
  get_request.set_sha256(sha256);
  ASSERT_TRUE(stub_->GetSound(&get, get_request, &state).ok());
  ASSERT_TRUE(PutBridge(101).ok());
  media::v1::PlayAudioRequest request;
  request.set_operation_id(Id(51));
  request.set_bridge_id(Id(101));
  request.set_sound(sha256);
  media::v1::AudioState audio;
  ASSERT_TRUE(stub_->PlayAudio(&play, request, &audio).ok());
  ASSERT_TRUE(stub_->PlayAudio(&again, request, &audio).ok());
  EXPECT_EQ(audio.status(), media::v1::AudioState::STATUS_PLAYING);
  media::v1::StopAudioRequest stop_request;
  stop_request.set_bridge_id(Id(101));
  media::v1::StopAudioResponse stopped;
  ASSERT_TRUE(stub_->StopAudio(&stop, stop_request, &stopped).ok());
  ASSERT_EQ(stopped.operation_ids_size(), 1);
  EXPECT_EQ(stopped.operation_ids(0), Id(51));
}

TEST_F(MediaPlaneServiceTest, UploadsAreBounded) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientWriter<media::v1::PutSoundRequest>>> writers;
  media::v1::SoundState state;
  const auto remote = RemoteStub();
  for (int i = 0; i < MediaPlaneService::kUploadsMax; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    writers.push_back(remote->PutSound(contexts.back().get(), &state));
  }
  while (service_->uploads() < MediaPlaneService::kUploadsMax) std::this_thread::yield();
  {
    grpc::ClientContext context;
    auto writer = remote->PutSound(&context, &state);
    writer->WritesDone();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  for (auto& context : contexts) context->TryCancel();
  for (auto& writer : writers) EXPECT_FALSE(writer->Finish().ok());
  while (service_->uploads() > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace tutti::mediaplane
