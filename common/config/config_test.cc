#include "common/config/config.h"

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ConfigTest : public ::testing::Test {
 protected:
  std::string WriteFile(const std::string& text) {
    const std::string path = ::testing::TempDir() + "/tutti.conf";
    std::ofstream(path) << text;
    return path;
  }

  std::string ErrorOf(const std::vector<std::string>& arguments) {
    const absl::Status status = ReadConfig(arguments, config_);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }

  config::v1::Config config_;
};

TEST_F(ConfigTest, DefaultsAreTheSchemas) {
  ASSERT_TRUE(ReadConfig({}, config_).ok());
  EXPECT_EQ(config_.gateway().http_listen(), "127.0.0.1:8080");
  EXPECT_FALSE(config_.insecure_listen());
}

TEST_F(ConfigTest, FlagsWinOverTheFileWhereverTheyStand) {
  const std::string path = WriteFile("# a comment\ndata_dir: \"/a\"\ngateway { http_listen: \"127.0.0.1:1\" }\n");
  ASSERT_TRUE(
      ReadConfig({"--gateway.http-listen", "127.0.0.1:2", "--config=" + path, "--insecure_listen"}, config_).ok());
  EXPECT_EQ(config_.data_dir(), "/a");
  EXPECT_EQ(config_.gateway().http_listen(), "127.0.0.1:2");
  EXPECT_TRUE(config_.insecure_listen());
}

TEST_F(ConfigTest, ErrorsNameTheFlag) {
  EXPECT_EQ(ErrorOf({"--no_such=1"}), "unknown flag --no_such; --help lists them");
  EXPECT_EQ(ErrorOf({"--gateway=1"}), "unknown flag --gateway; --help lists them");
  EXPECT_EQ(ErrorOf({"--data_dir.x=1"}), "unknown flag --data_dir.x; --help lists them");
  EXPECT_EQ(ErrorOf({"--data_dir"}), "--data_dir needs a value");
  EXPECT_EQ(ErrorOf({"data_dir"}), "unexpected argument data_dir");
  EXPECT_THAT(ErrorOf({"--log_format=xml"}), HasSubstr("--log_format=xml is not a value"));
  EXPECT_THAT(ErrorOf({"--insecure_listen=perhaps"}), HasSubstr("--insecure_listen=perhaps is not a value"));
}

TEST_F(ConfigTest, ErrorsOfTheFileNameLineAndColumn) {
  const std::string path = WriteFile("data_dir: \"/a\"\nno_such: 1\n");
  EXPECT_THAT(ErrorOf({"--config", path}), HasSubstr("tutti.conf:2:"));
  EXPECT_THAT(ErrorOf({"--config", "/no/such/file"}), HasSubstr("can't read the configuration file /no/such/file"));
}

TEST_F(ConfigTest, KeysComeFromTheFileAlone) {
  const std::string path =
      WriteFile("api_key { key: \"0123456789abcdef\" customer_id: \"c\" }\napi_key { key: \"other\" }\n");
  ASSERT_TRUE(ReadConfig({"--config", path}, config_).ok());
  ASSERT_EQ(config_.api_key_size(), 2);
  EXPECT_EQ(config_.api_key(0).key(), "0123456789abcdef");
  EXPECT_THAT(ErrorOf({"--api_key.key=0123456789abcdef"}), HasSubstr("api_key { … } in the file of --config"));
  EXPECT_EQ(ErrorOf({"--api_key=x"}), "unknown flag --api_key; --help lists them");
  EXPECT_THAT(ConfigHelp(config_), HasSubstr("  api_key { … }\n      only in the file: "));
  EXPECT_THAT(ConfigHelp(config_), Not(HasSubstr("--api_key")));
}

TEST_F(ConfigTest, ErrorsShowNoKey) {
  for (const char* text : {"api_key { key: secret0123456789 }", "api_key { key: \"secret0123456789 }",
                           "api_key { key: \"a\" secret0123456789 }", "api_key { secret0123456789: \"a\" }",
                           "api_key { key: 12345 secret0123456789 }", "insecure_listen: \"secret0123456789\""}) {
    const std::string error = ErrorOf({"--config", WriteFile(text)});
    EXPECT_THAT(error, HasSubstr("tutti.conf:1:")) << text;
    EXPECT_THAT(error, Not(HasSubstr("secret"))) << text;
  }
}

TEST_F(ConfigTest, HelpNamesEveryFlagWithItsDefault) {
  EXPECT_THAT(ConfigHelp(config_), HasSubstr("--gateway.http_listen=127.0.0.1:8080"));
}

}  // namespace
}  // namespace tutti
