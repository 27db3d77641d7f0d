// Sounds that customers upload.

#include <string>
#include <utility>

#include "common/status/status.h"
#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

class UploadedSoundsTest : public CoreFixture {
 protected:
  absl::StatusOr<v1::Sound> Create(const std::string& file, const std::string& key = "",
                                   const Principal& principal = DefaultPrincipal()) {
    v1::CreateSoundRequest request;
    request.set_name("welcome");
    request.mutable_file()->set_data(file);
    absl::StatusOr<v1::Sound> answer = absl::UnknownError("no answer");
    core_->uploaded_sounds().Create(principal, request, absl::Milliseconds(1500), key,
                                    [&](absl::StatusOr<v1::Sound> made) { answer = std::move(made); });
    Settle();
    return answer;
  }

  absl::StatusOr<v1::Sound> Delete(const std::string& id, const Principal& principal = DefaultPrincipal()) {
    absl::StatusOr<v1::Sound> answer = absl::UnknownError("no answer");
    core_->uploaded_sounds().Delete(principal, id, [&](absl::StatusOr<v1::Sound> gone) { answer = std::move(gone); });
    Settle();
    return answer;
  }

  const Principal stranger_{"0198f2d0-0000-7000-8000-00000000000b"};
};

TEST_F(UploadedSoundsTest, ASoundIsKeptAsItCame) {
  const std::string file("RIFF\0bytes", 10);
  const auto made = Create(file);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->name(), "welcome");
  EXPECT_EQ(made->size(), 10);
  EXPECT_EQ(made->duration(), 1.5);
  EXPECT_EQ(made->customer_id(), kDefaultCustomerId);
  Restart();
  const auto read = core_->uploaded_sounds().ReadFile(principal_, made->id());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, file);
  const auto found = core_->uploaded_sounds().Get(principal_, made->id());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->SerializeAsString(), made->SerializeAsString());
}

TEST_F(UploadedSoundsTest, WhatIsDeletedIsGone) {
  const auto made = Create("bytes");
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_TRUE(Delete(made->id()).ok());
  EXPECT_EQ(ReasonOf(core_->uploaded_sounds().Get(principal_, made->id()).status()), "SOUND_NOT_FOUND");
  EXPECT_EQ(ReasonOf(core_->uploaded_sounds().ReadFile(principal_, made->id()).status()), "SOUND_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete(made->id()).status()), "SOUND_NOT_FOUND");
}

TEST_F(UploadedSoundsTest, AnotherCustomersSoundDoesNotExist) {
  const auto made = Create("bytes");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(ReasonOf(core_->uploaded_sounds().Get(stranger_, made->id()).status()), "SOUND_NOT_FOUND");
  EXPECT_EQ(ReasonOf(core_->uploaded_sounds().ReadFile(stranger_, made->id()).status()), "SOUND_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete(made->id(), stranger_).status()), "SOUND_NOT_FOUND");
  const auto listed = core_->uploaded_sounds().List(stranger_, {});
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_EQ(listed->result_size(), 0);
  EXPECT_TRUE(core_->uploaded_sounds().ReadFile(principal_, made->id()).ok());
}

TEST_F(UploadedSoundsTest, ARepeatUnderTheSameKeyIsTheSameSound) {
  const auto made = Create("bytes", "key-1");
  const auto again = Create("bytes", "key-1");
  ASSERT_TRUE(made.ok() && again.ok()) << made.status() << again.status();
  EXPECT_EQ(made->id(), again->id());
  EXPECT_EQ(ReasonOf(Create("other bytes", "key-1").status()), "IDEMPOTENCY_KEY_REUSED");
}

TEST_F(UploadedSoundsTest, ACustomerHasNoMoreThanTheLimit) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(Create("bytes").ok());
  EXPECT_EQ(ReasonOf(Create("bytes").status()), "SOUND_LIMIT");
  EXPECT_TRUE(Create("bytes", "", stranger_).ok());
}

TEST_F(UploadedSoundsTest, TheNewestComesFirstPageByPage) {
  const auto first = Create("first");
  Pass(absl::Seconds(1));
  const auto second = Create("second");
  ASSERT_TRUE(first.ok() && second.ok());
  v1::ListSoundsRequest request;
  request.set_page_size(1);
  auto page = core_->uploaded_sounds().List(principal_, request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->result_size(), 1);
  EXPECT_EQ(page->result(0).id(), second->id());
  request.set_page_token(page->next_page_token());
  page = core_->uploaded_sounds().List(principal_, request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->result_size(), 1);
  EXPECT_EQ(page->result(0).id(), first->id());
  EXPECT_EQ(page->next_page_token(), "");
}

}  // namespace
}  // namespace tutti::control
