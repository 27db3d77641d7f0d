#include "speech/server/options.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace tutti::speech {
namespace {

absl::StatusOr<ServerOptions> Read(const std::string& text) {
  config::v1::Config config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config));
  return MakeServerOptions(config);
}

TEST(OptionsTest, NothingIsNeeded) {
  const auto options = Read("");
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->grpc_listen, "127.0.0.1:50054");
  EXPECT_GE(options->decoders_max, 1);
  EXPECT_EQ(options->streams_max, 200);
  EXPECT_EQ(options->espeak, "espeak-ng");
  EXPECT_TRUE(options->providers.empty());
}

TEST(OptionsTest, ProvidersKeepTheirOrder) {
  const auto options = Read(R"(speech { decoders_max: 3 espeak: ""
    provider { name: "far" language: "de" language: "fr" address: "192.0.2.1:1" }
    provider { name: "own" language: "es" sherpa_onnx_library: "l.so" sherpa_onnx_model_dir: "m" } })");
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->decoders_max, 3);
  EXPECT_EQ(options->espeak, "");
  ASSERT_EQ(options->providers.size(), 2u);
  EXPECT_EQ(options->providers[0].name(), "far");
  EXPECT_EQ(options->providers[1].name(), "own");
}

TEST(OptionsTest, ABrokenSettingIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"speech { decoders_max: 65 }", "speech.decoders_max"},
      {"speech { streams_max: 0 }", "speech.streams_max"},
      {"speech { grpc_listen: \"0.0.0.0:1\" }", "insecure_listen"},
      {"speech { provider { language: \"de\" address: \"x:1\" } }", "needs a name"},
      {"speech { provider { name: \"pocketsphinx\" language: \"de\" address: \"x:1\" } }", "is taken"},
      {"speech { provider { name: \"a\" address: \"x:1\" } }", "needs a language"},
      {"speech { provider { name: \"a\" language: \"d e\" address: \"x:1\" } }", "\"d e\""},
      {"speech { provider { name: \"a\" language: \"de\" } }", "needs an address"},
      {"speech { provider { name: \"a\" language: \"de\" sherpa_onnx_library: \"l\" } }", "needs an address"},
      {"speech { provider { name: \"a\" language: \"de\" address: \"x:1\" sherpa_onnx_library: \"l\" "
       "sherpa_onnx_model_dir: \"m\" } }",
       "needs an address"},
  };
  for (const auto& [text, message] : cases) {
    const auto options = Read(text);
    ASSERT_FALSE(options.ok()) << text;
    EXPECT_THAT(std::string(options.status().message()), testing::HasSubstr(message));
  }
}

}  // namespace
}  // namespace tutti::speech
