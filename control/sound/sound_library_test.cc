#include "control/sound/sound_library.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "control/scheduler/fake_monotonic_clock.h"
#include "control/sound/sound_source.h"
#include "control/sound/wav.h"
#include "control/speech/fake_speech_client.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

namespace fs = std::filesystem;

std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

std::string Wav(double hz, double seconds = 0.1) { return WavFile(SineSamples(hz, 8'000, seconds), 8'000); }

class SoundLibraryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(root_);
    fs::create_directories(root_ / "sounds" / "en");
    options_.folder = (root_ / "sounds").string();
    Make();
  }
  void TearDown() override {
    queue_.Stop();
    decoder_.Stop();
  }

  void Make() {
    library_ = std::make_unique<SoundLibrary>(
        options_, queue_, decoder_, monotonic_.Function(),
        [this](const std::string& url, std::function<void(absl::StatusOr<std::string>)> done) {
          asked_.push_back(url);
          if (holds_) {
            held_.push_back(std::move(done));
          } else {
            done(answer_);
          }
        },
        [this](const std::string& customer_id, const std::string& sound_id) -> absl::StatusOr<std::string> {
          const auto upload = uploads_.find(customer_id + "/" + sound_id);
          if (upload != uploads_.end()) return upload->second;
          return Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", "there is no such sound");
        },
        speech_);
  }
  void Run() {
    while (queue_.RunOne() || decoder_.RunOne()) {
    }
  }
  absl::StatusOr<LoadedSound> Load(const std::string& source) {
    std::optional<absl::StatusOr<LoadedSound>> result;
    library_->Load(customer_, source, [&](absl::StatusOr<LoadedSound> sound) { result = std::move(sound); });
    Run();
    return result.has_value() ? *result : absl::StatusOr<LoadedSound>(absl::InternalError("no answer"));
  }
  absl::StatusOr<LoadedSound> Speak(const SpokenText& text) {
    std::optional<absl::StatusOr<LoadedSound>> result;
    library_->Speak(text, [&](absl::StatusOr<LoadedSound> sound) { result = std::move(sound); });
    Run();
    return result.has_value() ? *result : absl::StatusOr<LoadedSound>(absl::InternalError("no answer"));
  }
  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(root_ / "sounds" / name, std::ios::binary) << bytes;
  }

  const fs::path root_ = fs::path(testing::TempDir()) / "sound_library";
  SoundLibrary::Options options_;
  FakeMonotonicClock monotonic_;
  TaskQueue queue_{monotonic_.Function(), TaskQueue::Runner::kCaller};
  TaskQueue decoder_{monotonic_.Function(), TaskQueue::Runner::kCaller};
  std::vector<std::string> asked_;
  // By "CUSTOMER/ID".
  std::map<std::string, std::string> uploads_;
  std::string customer_;
  absl::StatusOr<std::string> answer_ = Wav(440);
  bool holds_ = false;
  FakeSpeechClient speech_;
  std::vector<std::function<void(absl::StatusOr<std::string>)>> held_;
  std::unique_ptr<SoundLibrary> library_;
};

TEST_F(SoundLibraryTest, WhatEveryNodeHasNeedsNoSamples) {
  for (const char* name : {"beep", "beep_entry", "beep_exit", "hold_music"}) {
    const auto sound = Load(name);
    ASSERT_TRUE(sound.ok()) << sound.status();
    EXPECT_EQ(sound->name, name);
    EXPECT_EQ(sound->data, nullptr);
  }
}

TEST_F(SoundLibraryTest, AFileIsDecodedOnceAndAgainWhenItHasChanged) {
  Write("en/welcome.wav", Wav(440));
  const auto first = Load("file:en/welcome.wav");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->name, first->data->sha256);
  EXPECT_EQ(Load("file:en/welcome.wav")->data, first->data);
  EXPECT_EQ(library_->hits(), 1);
  EXPECT_EQ(library_->misses(), 1);
  Write("en/welcome.wav", Wav(880, 0.2));
  const auto changed = Load("file:en/welcome.wav");
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_NE(changed->name, first->name);
  fs::remove(root_ / "sounds" / "en" / "welcome.wav");
  EXPECT_EQ(Reason(Load("file:en/welcome.wav").status()), "SOUND_NOT_FOUND");
}

TEST_F(SoundLibraryTest, NothingOutsideTheFolderIsRead) {
  std::ofstream(root_ / "secret.wav", std::ios::binary) << Wav(440);
  fs::create_symlink(root_ / "secret.wav", root_ / "sounds" / "link.wav");
  fs::create_directory_symlink(root_, root_ / "sounds" / "up");
  fs::create_directory(root_ / "sounds_of_others");
  std::ofstream(root_ / "sounds_of_others" / "a.wav", std::ios::binary) << Wav(440);
  fs::create_symlink(root_ / "sounds_of_others" / "a.wav", root_ / "sounds" / "other.wav");
  for (const char* source : {"file:link.wav", "file:up/secret.wav", "file:other.wav", "file:none.wav", "file:en"}) {
    EXPECT_EQ(Reason(Load(source).status()), "SOUND_NOT_FOUND") << source;
  }
  for (const std::string& source : {std::string("file:../secret.wav"), "file:" + (root_ / "secret.wav").string(),
                                    std::string("file:en/../../secret.wav"), std::string("file:"),
                                    std::string("file:./a"), std::string("file:a\0b", 8)}) {
    EXPECT_EQ(Reason(Load(source).status()), "INVALID_REQUEST_PARAMETER") << source;
  }
  // A link that stays inside is the operator's own.
  Write("real.wav", Wav(440));
  fs::create_symlink("real.wav", root_ / "sounds" / "alias.wav");
  EXPECT_TRUE(Load("file:alias.wav").ok());
}

TEST_F(SoundLibraryTest, OtherNamesAreNoSound) {
  for (const std::string& source : {std::string("welcome.wav"), std::string("ftp://a/b"), std::string("http://a b"),
                                    "http://a/" + std::string(3'000, 'x'), std::string(64, 'a')}) {
    EXPECT_EQ(Reason(Load(source).status()), "INVALID_REQUEST_PARAMETER") << source;
  }
  EXPECT_EQ(Reason(Load("").status()), "MISSING_REQUEST_PARAMETER");
  Write("text.wav", "hello");
  EXPECT_EQ(Reason(Load("file:text.wav").status()), "SOUND_NOT_SUPPORTED");
}

TEST_F(SoundLibraryTest, AUrlIsAskedAgainOnlyWhenItIsNotFresh) {
  const std::string url = "https://sounds.example/a.wav";
  const auto first = Load(url);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Load(url)->data, first->data);
  EXPECT_EQ(asked_.size(), 1u);
  monotonic_.Advance(options_.fresh_for);
  answer_ = Wav(880);
  const auto changed = Load(url);
  EXPECT_NE(changed->name, first->name);
  EXPECT_EQ(asked_, (std::vector<std::string>{url, url}));
  EXPECT_EQ(Load(url)->data, changed->data);
  EXPECT_EQ(asked_.size(), 2u) << "fresh once more";
}

TEST_F(SoundLibraryTest, AUrlsErrorIsTheCallersAndNothingIsKeptOfIt) {
  const std::string url = "http://sounds.example/a.wav";
  answer_ = Error(absl::StatusCode::kPermissionDenied, "URL_NOT_ALLOWED", "no");
  EXPECT_EQ(Reason(Load(url).status()), "URL_NOT_ALLOWED");
  answer_ = "<html>";
  EXPECT_EQ(Reason(Load(url).status()), "SOUND_NOT_SUPPORTED");
  answer_ = Wav(440);
  EXPECT_TRUE(Load(url).ok());
}

TEST_F(SoundLibraryTest, AnUploadIsItsCustomersAlone) {
  const std::string id = "0198f2d0-0000-7000-8000-000000000001";
  uploads_["anna/" + id] = Wav(440);
  uploads_["ben/" + id] = Wav(880);
  customer_ = "anna";
  const auto annas = Load("sound:" + id);
  ASSERT_TRUE(annas.ok()) << annas.status();
  customer_ = "ben";
  const auto bens = Load("sound:" + id);
  ASSERT_TRUE(bens.ok()) << bens.status();
  EXPECT_NE(annas->name, bens->name);
  customer_ = "carl";
  EXPECT_EQ(Reason(Load("sound:" + id).status()), "SOUND_NOT_FOUND");
  EXPECT_EQ(Reason(Load("sound:../" + id).status()), "INVALID_ID");
}

TEST_F(SoundLibraryTest, ADeletedUploadIsForgottenAfterAWhile) {
  const std::string id = "0198f2d0-0000-7000-8000-000000000001";
  customer_ = "anna";
  uploads_["anna/" + id] = Wav(440);
  ASSERT_TRUE(Load("sound:" + id).ok());
  uploads_.clear();
  EXPECT_TRUE(Load("sound:" + id).ok());
  monotonic_.Advance(options_.fresh_for);
  EXPECT_EQ(Reason(Load("sound:" + id).status()), "SOUND_NOT_FOUND");
}

TEST_F(SoundLibraryTest, WhoAsksForTheSameAtOnceWaitsForOneLoad) {
  holds_ = true;
  int answers = 0;
  for (int i = 0; i < 5; ++i) {
    library_->Load("", "http://sounds.example/a.wav",
                   [&](const absl::StatusOr<LoadedSound>& sound) { answers += sound.ok(); });
  }
  Run();
  ASSERT_EQ(held_.size(), 1u);
  held_[0](answer_);
  Run();
  EXPECT_EQ(answers, 5);
  EXPECT_EQ(library_->misses(), 1);
}

TEST_F(SoundLibraryTest, TooManyAtOnceAreRefused) {
  holds_ = true;
  std::vector<std::string> reasons;
  for (size_t i = 0; i <= SoundLibrary::kLoadsMax; ++i) {
    library_->Load("", "http://sounds.example/" + std::to_string(i),
                   [&](const absl::StatusOr<LoadedSound>& sound) { reasons.push_back(Reason(sound.status())); });
  }
  Run();
  EXPECT_EQ(reasons, std::vector<std::string>{"SOUND_LOADS_FULL"});
  for (const auto& held : held_) held(answer_);
  Run();
  EXPECT_EQ(reasons.size(), SoundLibrary::kLoadsMax + 1);
}

TEST_F(SoundLibraryTest, ATextIsSpokenOnce) {
  const auto first = Speak({"hello", "en-US", "slt"});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->name, first->data->sha256);
  EXPECT_EQ(first->data->sample_rate_hz, speech_.sound.sample_rate_hz);
  EXPECT_EQ(first->data->samples, speech_.sound.samples);
  EXPECT_EQ(speech_.syntheses[0].text(), "hello");
  EXPECT_EQ(speech_.syntheses[0].language(), "en-US");
  EXPECT_EQ(speech_.syntheses[0].voice(), "slt");
  EXPECT_EQ(Speak({"hello", "en-US", "slt"})->data, first->data);
  EXPECT_EQ(speech_.syntheses.size(), 1u);
  for (const SpokenText& other :
       {SpokenText{"hello!", "en-US", "slt"}, SpokenText{"hello", "en-GB", "slt"}, SpokenText{"hello", "en-US", ""}}) {
    ASSERT_TRUE(Speak(other).ok());
  }
  EXPECT_EQ(speech_.syntheses.size(), 4u) << "another language or voice is another sound";
  EXPECT_EQ(library_->syntheses(), 4);
  EXPECT_EQ(Reason(Load("text:en-US:slt:hello").status()), "INVALID_REQUEST_PARAMETER") << "no name of a sound";
}

TEST_F(SoundLibraryTest, WhatCanNotBeSpokenIsTheCallersAndNothingIsKeptOfIt) {
  speech_.failure = Error(absl::StatusCode::kUnavailable, "SPEECH_UNAVAILABLE", "away");
  EXPECT_EQ(Reason(Speak({"hello", "", ""}).status()), "SPEECH_UNAVAILABLE");
  EXPECT_EQ(library_->syntheses_failed(), 1);
  speech_.failure = absl::OkStatus();
  EXPECT_TRUE(Speak({"hello", "", ""}).ok());
}

TEST_F(SoundLibraryTest, ManyTextsAtOnceAreOneEachAndBounded) {
  speech_.holds = true;
  int answers = 0;
  std::vector<std::string> reasons;
  for (size_t i = 0; i <= SoundLibrary::kTextsMax; ++i) {
    for (int twice = 0; twice < 2; ++twice) {
      library_->Speak({std::to_string(i), "", ""}, [&](const absl::StatusOr<LoadedSound>& sound) {
        sound.ok() ? static_cast<void>(++answers) : reasons.push_back(Reason(sound.status()));
      });
    }
  }
  Run();
  EXPECT_EQ(speech_.held.size(), SoundLibrary::kTextsMax);
  EXPECT_EQ(reasons, (std::vector<std::string>{"SOUND_LOADS_FULL", "SOUND_LOADS_FULL"}));
  for (const auto& held : std::exchange(speech_.held, {})) held(speech_.Answer());
  Run();
  EXPECT_EQ(answers, static_cast<int>(2 * SoundLibrary::kTextsMax));
}

TEST_F(SoundLibraryTest, TheOneNotUsedForLongestGivesWay) {
  options_.cache_bytes_max = 2 * 1'600;
  Make();
  for (const char* name : {"a.wav", "b.wav", "c.wav"}) Write(name, Wav(440 + 100 * name[0]));
  ASSERT_TRUE(Load("file:a.wav").ok());
  ASSERT_TRUE(Load("file:b.wav").ok());
  ASSERT_TRUE(Load("file:a.wav").ok());
  ASSERT_TRUE(Load("file:c.wav").ok());
  EXPECT_EQ(library_->misses(), 3);
  ASSERT_TRUE(Load("file:a.wav").ok());
  EXPECT_EQ(library_->misses(), 3);
  ASSERT_TRUE(Load("file:b.wav").ok());
  EXPECT_EQ(library_->misses(), 4);
}

}  // namespace
}  // namespace tutti::control
