#include "speech/recognizer/sherpa_onnx_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "common/status/status.h"

namespace tutti::speech {
namespace {

constexpr char kLibrary[] = "speech/recognizer/fake_sherpa_onnx.so";

class SherpaOnnxDecoderTest : public testing::Test {
 protected:
  SherpaOnnxDecoderTest() {
    std::string pattern = testing::TempDir() + "/sherpaXXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~SherpaOnnxDecoderTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(folder_ + "/" + name) << text; }

  void WriteModel(const std::string& word) const {
    for (const char* name : {"tokens.txt", "encoder-99.onnx", "decoder-99.onnx"}) Write(name, "x");
    Write("joiner-99.onnx", word);
  }

  std::string ErrorOf(const std::string& library) const {
    const auto decoder = MakeSherpaOnnxFactory(library, folder_)();
    return decoder.ok() ? "" : std::string(decoder.status().message());
  }

  std::string folder_;
};

TEST_F(SherpaOnnxDecoderTest, UnderstandsAnUtteranceAfterAnother) {
  WriteModel("fake");
  const DecoderFactory factory = MakeSherpaOnnxFactory(kLibrary, folder_);
  auto first = factory();
  ASSERT_TRUE(first.ok()) << first.status().message();
  auto second = factory();
  ASSERT_TRUE(second.ok());
  SpeakerProfile profile;
  const std::vector<int16_t> half(100, 16'384);
  for (const auto* decoder : {&*first, &*second, &*first}) {
    ASSERT_TRUE((*decoder)->Begin(profile, 16'000).ok());
    ASSERT_TRUE((*decoder)->Feed(half).ok());
    EXPECT_EQ((*decoder)->Interim(), "100 so far");
    ASSERT_TRUE((*decoder)->Feed(half).ok());
    const auto transcript = (*decoder)->End(profile);
    ASSERT_TRUE(transcript.ok());
    EXPECT_EQ(transcript->text, "200 samples");
    EXPECT_EQ(transcript->confidence, 0);
  }
  // One that was given up is forgotten.
  ASSERT_TRUE((*first)->Begin(profile, 16'000).ok());
  ASSERT_TRUE((*first)->Feed(half).ok());
  ASSERT_TRUE((*first)->Begin(profile, 16'000).ok());
  EXPECT_EQ((*first)->End(profile)->text, "0 samples");
}

TEST_F(SherpaOnnxDecoderTest, TheSmallerModelIsTaken) {
  WriteModel("fake");
  Write("encoder-99.int8.onnx", "x");
  Write("encoder-100.onnx", "x");
  const auto model = FindSherpaOnnxModel(folder_);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->encoder, folder_ + "/encoder-99.int8.onnx");
  EXPECT_EQ(model->joiner, folder_ + "/joiner-99.onnx");
}

TEST_F(SherpaOnnxDecoderTest, EachMissingFileIsNamed) {
  EXPECT_THAT(ErrorOf(kLibrary), testing::HasSubstr("has no encoder*.onnx"));
  WriteModel("fake");
  for (const char* name : {"tokens.txt", "joiner-99.onnx"}) {
    ASSERT_EQ(remove((folder_ + "/" + name).c_str()), 0);
    EXPECT_THAT(ErrorOf(kLibrary), testing::HasSubstr(std::string(name).substr(0, 6)));
    WriteModel("fake");
  }
  folder_ = "/nowhere";
  EXPECT_THAT(ErrorOf(kLibrary), testing::HasSubstr("/nowhere"));
}

TEST_F(SherpaOnnxDecoderTest, AModelThatIsRefusedIsAnError) {
  WriteModel("wrong");
  EXPECT_THAT(ErrorOf(kLibrary), testing::HasSubstr("refuses"));
  WriteModel("throw");
  EXPECT_THAT(ErrorOf(kLibrary), testing::HasSubstr("a fake onnxruntime error"));
  // It is looked at again when another decoder is made.
  const DecoderFactory factory = MakeSherpaOnnxFactory(kLibrary, folder_);
  EXPECT_FALSE(factory().ok());
  WriteModel("fake");
  EXPECT_TRUE(factory().ok());
}

TEST_F(SherpaOnnxDecoderTest, ALibraryThatIsNoneIsAnError) {
  WriteModel("fake");
  EXPECT_THAT(ErrorOf("/nowhere/libsherpa.so"), testing::HasSubstr("/nowhere/libsherpa.so"));
  EXPECT_THAT(ErrorOf("libm.so.6"), testing::HasSubstr("it has no SherpaOnnxGetVersionStr"));
}

}  // namespace
}  // namespace tutti::speech
