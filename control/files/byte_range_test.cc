#include "control/files/byte_range.h"

#include <string>

#include "gtest/gtest.h"

namespace tutti::control {
namespace {

using Kind = ByteRange::Kind;

void ExpectPart(const char* header, int64_t offset, int64_t length) {
  const ByteRange range = ChooseRange(header, 10);
  EXPECT_EQ(range.kind, Kind::kPart) << header;
  EXPECT_EQ(range.offset, offset) << header;
  EXPECT_EQ(range.length, length) << header;
}

TEST(ByteRange, OneRangeIsAPart) {
  ExpectPart("bytes=0-0", 0, 1);
  ExpectPart("bytes=0-9", 0, 10);
  ExpectPart("bytes=3-5", 3, 3);
  ExpectPart("bytes=3-", 3, 7);
  ExpectPart("bytes=9-", 9, 1);
  ExpectPart("bytes=8-100", 8, 2);
  ExpectPart("bytes=-1", 9, 1);
  ExpectPart("bytes=-10", 0, 10);
  ExpectPart("bytes=-100", 0, 10);
  ExpectPart("Bytes= 2-3 ", 2, 2);
  ExpectPart("bytes=1-99999999999999999999999999", 1, 9);
}

TEST(ByteRange, WhatIsBehindTheEndIsNotSatisfiable) {
  for (const char* header : {"bytes=10-", "bytes=10-10", "bytes=99999999999999999999-", "bytes=-0"}) {
    EXPECT_EQ(ChooseRange(header, 10).kind, Kind::kNotSatisfiable) << header;
  }
  EXPECT_EQ(ChooseRange("bytes=0-", 0).kind, Kind::kNotSatisfiable);
}

TEST(ByteRange, WhatIsNoSingleRangeIsIgnored) {
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=5", "bytes=5-3", "bytes=0-1,3-4", "bytes=,1-2", "bytes=a-b",
        "bytes=1-b", "bytes=-b", "bytes=+1-2", "bytes=1--2", "bytes=1 - 2", "bytes:0-1", "items=0-1", "0-1"}) {
    const ByteRange range = ChooseRange(header, 10);
    EXPECT_EQ(range.kind, Kind::kAll) << header;
    EXPECT_EQ(range.length, 10) << header;
  }
  EXPECT_EQ(ChooseRange("bytes=-5", 0).kind, Kind::kAll);
}

}  // namespace
}  // namespace tutti::control
