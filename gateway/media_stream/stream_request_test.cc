#include "gateway/media_stream/stream_request.h"

#include <gtest/gtest.h>

#include "common/status/status.h"

namespace tutti::gateway::media_stream {
namespace {

using control::v1::OpenMediaStreamRequest;

TEST(StreamRequest, ThePathIsFound) {
  EXPECT_EQ(FindConference("/v1/conferences/abc/media_stream"), "abc");
  EXPECT_EQ(FindConference("/v1/conferences/a%2Fc/media_stream"), "a/c");
  for (const char* path :
       {"/v1/conferences/media_stream", "/v1/conferences/a/media_stream/", "/v1/calls/a/media_stream",
        "/v1/conferences/a/media_stream:x", "/v1/conferences/a/play", "/v1/conferences/%/media_stream"}) {
    EXPECT_EQ(FindConference(path), std::nullopt) << path;
  }
}

TEST(StreamRequest, ListeningAtSixteenKilohertzIsTheDefault) {
  for (const char* target : {"/x", "/x?", "/x?rate=16000&format=s16le&direction=recvonly"}) {
    const auto request = ParseStreamRequest("id", target);
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_EQ(request->id(), "id");
    EXPECT_EQ(request->rate(), 16'000);
    EXPECT_EQ(request->direction(), OpenMediaStreamRequest::DIRECTION_RECVONLY);
  }
}

TEST(StreamRequest, AParticipantSaysMore) {
  const auto request = ParseStreamRequest("id", "/x?direction=sendrecv&rate=8000&source=A%20bot&pin=12+34");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->rate(), 8000);
  EXPECT_EQ(request->direction(), OpenMediaStreamRequest::DIRECTION_SENDRECV);
  EXPECT_EQ(request->source(), "A bot");
  EXPECT_EQ(request->pin(), "12 34");
}

TEST(StreamRequest, WhatIsUnknownIsRefused) {
  for (const char* query : {"rate=44100", "rate=", "rate=8000&rate=8000", "format=opus", "direction=sendonly",
                            "Rate=8000", "volume=3", "direction=%ff"}) {
    const auto request = ParseStreamRequest("id", std::string("/x?") + query);
    ASSERT_FALSE(request.ok()) << query;
    EXPECT_EQ(GetErrorDetail(request.status()).reason, "INVALID_REQUEST_PARAMETER") << query;
  }
}

}  // namespace
}  // namespace tutti::gateway::media_stream
