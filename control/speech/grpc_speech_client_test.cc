#include "control/speech/grpc_speech_client.h"

#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/status/status.h"
#include "control/scheduler/fake_monotonic_clock.h"
#include "gtest/gtest.h"
#include "speech/testing/fake_speech_server.h"

namespace tutti::control {
namespace {

using speech::v1::ListCapabilitiesResponse;

std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

class GrpcSpeechClientTest : public ::testing::Test {
 protected:
  absl::StatusOr<SpokenSound> Synthesize(const std::string& text, const std::string& language = "",
                                         const std::string& voice = "") {
    speech::v1::SynthesizeRequest request;
    request.set_text(text);
    request.set_language(language);
    request.set_voice(voice);
    absl::StatusOr<SpokenSound> result;
    absl::Notification done;
    client_.Synthesize(request, [&](absl::StatusOr<SpokenSound> sound) {
      result = std::move(sound);
      done.Notify();
    });
    done.WaitForNotification();
    return result;
  }
  absl::StatusOr<ListCapabilitiesResponse> ListCapabilities() {
    absl::StatusOr<ListCapabilitiesResponse> result;
    absl::Notification done;
    client_.ListCapabilities([&](absl::StatusOr<ListCapabilitiesResponse> capabilities) {
      result = std::move(capabilities);
      done.Notify();
    });
    done.WaitForNotification();
    return result;
  }

  speech::FakeSpeechServer server_;
  FakeMonotonicClock monotonic_;
  GrpcSpeechClient client_{server_.Address(), monotonic_.Function()};
};

TEST_F(GrpcSpeechClientTest, ATextComesWhole) {
  const auto sound = Synthesize(std::string(400, 'a'), "en-US", "other");
  ASSERT_TRUE(sound.ok()) << sound.status();
  EXPECT_EQ(sound->sample_rate_hz, 16'000u);
  EXPECT_EQ(sound->samples.size(), 4u * 16'000 * 2);
  ASSERT_EQ(server_.Syntheses().size(), 1u);
  EXPECT_EQ(server_.Syntheses()[0].voice(), "other");
}

TEST_F(GrpcSpeechClientTest, WhatIsRefusedHasTheServersReason) {
  const auto language = Synthesize("hallo", "de-DE");
  EXPECT_EQ(Reason(language.status()), "LANGUAGE_NOT_SUPPORTED");
  EXPECT_EQ(GetErrorDetail(language.status()).details["supported"], "en-US");
  EXPECT_EQ(Reason(Synthesize("hello", "", "nobody").status()), "VOICE_NOT_FOUND");
  EXPECT_EQ(Reason(Synthesize("").status()), "SOUND_NOT_SUPPORTED") << "an empty sound";
  EXPECT_EQ(Reason(Synthesize(std::string(60'100, 'a')).status()), "SOUND_NOT_SUPPORTED") << "longer than 10 minutes";
}

TEST_F(GrpcSpeechClientTest, OneThatIsAwayIsUnavailable) {
  server_.Kill();
  const auto sound = Synthesize("hello");
  EXPECT_EQ(sound.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Reason(sound.status()), "SPEECH_UNAVAILABLE");
  EXPECT_EQ(Reason(ListCapabilities().status()), "SPEECH_UNAVAILABLE");
}

TEST_F(GrpcSpeechClientTest, CapabilitiesAreKeptBriefly) {
  const auto capabilities = ListCapabilities();
  ASSERT_TRUE(capabilities.ok()) << capabilities.status();
  EXPECT_EQ(capabilities->recognizers(0).languages(0), "en-US");
  EXPECT_EQ(capabilities->voices_size(), 2);
  monotonic_.Advance(GrpcSpeechClient::kCapabilitiesFreshFor - absl::Milliseconds(1));
  EXPECT_TRUE(ListCapabilities().ok());
  EXPECT_EQ(server_.CapabilityCalls(), 1);
  monotonic_.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(ListCapabilities().ok());
  EXPECT_EQ(server_.CapabilityCalls(), 2);
  monotonic_.Advance(GrpcSpeechClient::kCapabilitiesFreshFor);
  server_.Fail(absl::UnavailableError("starting"));
  EXPECT_EQ(Reason(ListCapabilities().status()), "SPEECH_UNAVAILABLE");
  server_.Fail(absl::OkStatus());
  EXPECT_TRUE(ListCapabilities().ok()) << "a failure is not kept";
}

}  // namespace
}  // namespace tutti::control
