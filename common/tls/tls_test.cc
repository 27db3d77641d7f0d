#include "common/tls/tls.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/tls/test_authority.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti {
namespace {

using ::testing::HasSubstr;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    config_.mutable_tls()->set_certificate(Write("certificate.pem", mine_->certificate));
    config_.mutable_tls()->set_key(Write("key.pem", mine_->key));
    config_.mutable_tls()->set_ca(Write("ca.pem", mine_->ca));
  }

  static std::string Write(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::string Error() const {
    const absl::Status status = LoadTls(config_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  }

  TestAuthority authority_;
  std::shared_ptr<const Tls> mine_ = authority_.Issue("IP:127.0.0.1");
  config::v1::Config config_;
};

TEST_F(TlsTest, NoneWhereNoneIsConfigured) { EXPECT_EQ(LoadTls({}).value(), nullptr); }

TEST_F(TlsTest, LoadsWhatFits) {
  const auto tls = LoadTls(config_);
  ASSERT_TRUE(tls.ok()) << tls.status();
  EXPECT_EQ((*tls)->certificate, mine_->certificate);
  EXPECT_EQ((*tls)->key, mine_->key);
  EXPECT_EQ((*tls)->ca, authority_.ca());
}

TEST_F(TlsTest, AMissingSettingIsNamed) {
  config_.mutable_tls()->clear_ca();
  EXPECT_EQ(Error(), "tls.ca is missing: TLS needs tls.certificate, tls.key and tls.ca");
}

TEST_F(TlsTest, AMissingFileIsNamed) {
  config_.mutable_tls()->set_key("/no/such/file");
  EXPECT_EQ(Error(), "tls.key: /no/such/file can't be read or is empty");
}

TEST_F(TlsTest, AFolderIsNoFile) {
  config_.mutable_tls()->set_key(::testing::TempDir());
  EXPECT_THAT(Error(), HasSubstr("can't be read or is empty"));
}

TEST_F(TlsTest, WhatIsNoPemIsNamed) {
  const std::string broken = Write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const config::v1::Config good = config_;
  config_.mutable_tls()->set_certificate(broken);
  EXPECT_THAT(Error(), HasSubstr("broken.pem is no usable certificate chain in PEM: "));
  config_ = good;
  config_.mutable_tls()->set_key(broken);
  EXPECT_THAT(Error(), HasSubstr("broken.pem is no private key in PEM without a password: "));
  config_ = good;
  config_.mutable_tls()->set_ca(broken);
  EXPECT_THAT(Error(), HasSubstr("broken.pem has no certificates in PEM: "));
}

TEST_F(TlsTest, AnothersKeyIsRefused) {
  config_.mutable_tls()->set_key(Write("other.pem", authority_.Issue("IP:127.0.0.1")->key));
  EXPECT_THAT(Error(), HasSubstr("other.pem is not the key of "));
  EXPECT_THAT(Error(), HasSubstr("certificate.pem"));
}

}  // namespace
}  // namespace tutti
