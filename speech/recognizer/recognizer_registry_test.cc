#include "speech/recognizer/recognizer_registry.h"

#include <gtest/gtest.h>

#include <utility>

#include "common/status/status.h"

namespace tutti::speech {
namespace {

class FakeRecognizer final : public Recognizer {
 public:
  FakeRecognizer(std::string name, std::vector<std::string> languages, bool available = true)
      : name_(std::move(name)), languages_(std::move(languages)), available_(available) {}

  const std::string& name() const override { return name_; }
  const std::vector<std::string>& languages() const override { return languages_; }
  bool available() const override { return available_; }
  std::unique_ptr<RecognitionStream> Start(const v1::RecognizeHead&, std::shared_ptr<TextSink>) override {
    return nullptr;
  }

 private:
  const std::string name_;
  const std::vector<std::string> languages_;
  const bool available_;
};

class RecognizerRegistryTest : public testing::Test {
 protected:
  void Add(const std::string& name, std::vector<std::string> languages, bool available = true) {
    registry_.Add(std::make_unique<FakeRecognizer>(name, std::move(languages), available));
  }
  std::string Chosen(const std::string& language, const std::string& provider = "") const {
    const auto chosen = registry_.Choose(language, provider);
    return chosen.ok() ? (*chosen)->name() : GetErrorDetail(chosen.status()).reason;
  }

  RecognizerRegistry registry_;
};

TEST_F(RecognizerRegistryTest, TheFirstOneThatHasTheLanguage) {
  Add("one", {"de"});
  Add("two", {"en-US", "fr"});
  Add("three", {"en-US"});
  EXPECT_EQ(Chosen("en-US"), "two");
  EXPECT_EQ(Chosen("en"), "two");
  EXPECT_EQ(Chosen("de-AT"), "one");
  EXPECT_EQ(Chosen("en-US", "three"), "three");
}

TEST_F(RecognizerRegistryTest, OneThatIsOutOfReachOnlyWhereThereIsNoOther) {
  Add("far", {"en-US", "de"}, false);
  Add("near", {"en-US"});
  EXPECT_EQ(Chosen("en-US"), "near");
  EXPECT_EQ(Chosen("de"), "far");
  EXPECT_EQ(Chosen("en-US", "far"), "far");
}

TEST_F(RecognizerRegistryTest, AnUnknownLanguageIsToldWhatThereIs) {
  Add("one", {"fr", "de"});
  Add("two", {"en-US", "fr"});
  const auto refused = registry_.Choose("es", "");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  const ErrorDetail detail = GetErrorDetail(refused.status());
  EXPECT_EQ(detail.reason, "LANGUAGE_NOT_SUPPORTED");
  EXPECT_EQ(detail.details.at("supported"), "de, en-US, fr");
  // Of the provider that was asked for.
  EXPECT_EQ(GetErrorDetail(registry_.Choose("es", "two").status()).details.at("supported"), "en-US, fr");
  EXPECT_EQ(Chosen("en-GB"), "LANGUAGE_NOT_SUPPORTED");
}

TEST_F(RecognizerRegistryTest, AnUnknownProviderIsSaid) {
  Add("one", {"de"});
  EXPECT_EQ(Chosen("de", "nobody"), "PROVIDER_NOT_FOUND");
  EXPECT_EQ(Chosen("de", "one"), "one");
}

TEST(RecognizerRegistryEmptyTest, NothingIsSupported) {
  const auto refused = RecognizerRegistry().Choose("en-US", "");
  EXPECT_EQ(GetErrorDetail(refused.status()).reason, "LANGUAGE_NOT_SUPPORTED");
}

}  // namespace
}  // namespace tutti::speech
