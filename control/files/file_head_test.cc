#include "control/files/file_head.h"

#include <map>

#include "common/rpc/http_body.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kEtag[] = "\"f-1-3e8\"";
constexpr char kDate[] = "Sat, 28 Nov 2026 03:04:05 GMT";

FileHead Head(const FileConditions& conditions, int64_t size = 1000) {
  v1::RecordingFile file;
  file.set_id("f-1");
  file.set_name("f-1.wav");
  file.set_size(size);
  return MakeFileHead(file, absl::FromUnixSeconds(1795835045), conditions);
}

TEST(FileHead, AllOfIt) {
  const FileHead head = Head({});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.offset, 0);
  EXPECT_EQ(head.length, 1000);
  EXPECT_THAT(head.metadata,
              UnorderedElementsAre(Pair(http_body::kEtag, kEtag), Pair(http_body::kContentLength, "1000"),
                                   Pair(http_body::kAcceptRanges, "bytes"), Pair(http_body::kLastModified, kDate),
                                   Pair(http_body::kCacheControl, "private, no-cache"),
                                   Pair(http_body::kContentDisposition, "attachment; filename=\"f-1.wav\"")));
}

TEST(FileHead, APart) {
  const FileHead head = Head({.range = "bytes=-100"});
  EXPECT_EQ(head.status, 206);
  EXPECT_EQ(head.offset, 900);
  EXPECT_EQ(head.length, 100);
  EXPECT_THAT(head.metadata, Contains(Pair(http_body::kStatus, "206")));
  EXPECT_THAT(head.metadata, Contains(Pair(http_body::kContentRange, "bytes 900-999/1000")));
  EXPECT_THAT(head.metadata, Contains(Pair(http_body::kContentLength, "100")));
}

TEST(FileHead, NoneOfThoseAskedFor) {
  const FileHead head = Head({.range = "bytes=1000-"});
  EXPECT_EQ(head.status, 416);
  EXPECT_EQ(head.length, 0);
  EXPECT_THAT(head.metadata, Contains(Pair(http_body::kStatus, "416")));
  EXPECT_THAT(head.metadata, Contains(Pair(http_body::kContentRange, "bytes */1000")));
  EXPECT_THAT(head.metadata, Not(Contains(Key(http_body::kContentLength))));
}

TEST(FileHead, WhatTheClientHasIsNotSent) {
  for (const char* list : {kEtag, "W/\"f-1-3e8\"", "\"a\", \"f-1-3e8\" , \"b\"", "*"}) {
    const FileHead head = Head({.range = "bytes=0-1", .if_none_match = list});
    EXPECT_EQ(head.status, 304) << list;
    EXPECT_EQ(head.length, 0);
    EXPECT_THAT(head.metadata, UnorderedElementsAre(Pair(http_body::kStatus, "304"), Pair(http_body::kEtag, kEtag),
                                                    Pair(http_body::kCacheControl, "private, no-cache")));
  }
  for (const char* list : {"", "\"a\"", "f-1-3e8", "\"f-1-3e8", ",,"}) {
    EXPECT_EQ(Head({.if_none_match = list}).status, 200) << list;
  }
  // Another size, another file.
  EXPECT_EQ(Head({.if_none_match = kEtag}, 999).status, 200);
}

TEST(FileHead, APartOfAnotherVersionIsAll) {
  for (const char* same : {kEtag, kDate}) {
    EXPECT_EQ(Head({.range = "bytes=0-1", .if_range = same}).status, 206) << same;
  }
  for (const char* other : {"\"a\"", "W/\"f-1-3e8\"", "Sat, 28 Nov 2026 03:04:06 GMT"}) {
    EXPECT_EQ(Head({.range = "bytes=0-1", .if_range = other}).status, 200) << other;
    EXPECT_EQ(Head({.range = "bytes=2000-", .if_range = other}).status, 200) << other;
  }
}

TEST(FileHead, HeadKnowsNoRanges) {
  const FileHead head = Head({.head = true, .range = "bytes=0-1"});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.length, 1000);
  EXPECT_EQ(Head({.head = true, .if_none_match = kEtag}).status, 304);
}

TEST(FileHead, NamesStayInTheirQuotes) {
  v1::RecordingFile file;
  file.set_name("a\"; x=\\\r\n\xc3\xa9.wav");
  EXPECT_THAT(MakeFileHead(file, absl::UnixEpoch(), {}).metadata,
              Contains(Pair(http_body::kContentDisposition, "attachment; filename=\"a_;_x=_____.wav\"")));
}

}  // namespace
}  // namespace tutti::control
