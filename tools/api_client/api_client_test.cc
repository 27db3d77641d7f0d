#include "tools/api_client/api_client.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tutti::tools {
namespace {

using nlohmann::json;

class FakeTransport final : public HttpTransport {
 public:
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    requests.push_back(request);
    if (answers.empty()) return absl::UnavailableError("No answer.");
    HttpResponse answer = answers.front();
    answers.pop_front();
    return answer;
  }

  std::deque<HttpResponse> answers;
  std::vector<HttpRequest> requests;
};

class ApiClientTest : public testing::Test {
 protected:
  FakeTransport* transport_ = new FakeTransport;
  ApiClient client_{std::unique_ptr<HttpTransport>(transport_)};
};

TEST_F(ApiClientTest, MakesARoom) {
  transport_->answers.push_back(
      {200, R"({"id":"c1","type":"connect","status":"progressing","name":"n","participant_count":2})"});
  const auto room = client_.CreateConference("a \"room\"", "connect");
  ASSERT_TRUE(room.ok()) << room.status();
  EXPECT_EQ(room->id, "c1");
  EXPECT_EQ(room->status, "progressing");
  EXPECT_EQ(room->participant_count, 2);
  ASSERT_EQ(transport_->requests.size(), 1u);
  EXPECT_EQ(transport_->requests[0].method, "POST");
  EXPECT_EQ(transport_->requests[0].path, "/v1/conferences");
  EXPECT_EQ(json::parse(transport_->requests[0].body), json({{"name", "a \"room\""}, {"type", "connect"}}));
}

TEST_F(ApiClientTest, JoinsWithAnOfferAndOneAction) {
  transport_->answers.push_back({200, R"({"id":"k1","status":"progressing","sdp_answer":"v=0\r\n"})"});
  const auto call = client_.JoinConference("v=0\r\nm=audio", "c1");
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->sdp_answer, "v=0\r\n");
  EXPECT_EQ(json::parse(transport_->requests[0].body), json::parse(R"({"type":"rtp","sdp_offer":"v=0\r\nm=audio",
                            "actions":[{"type":"conference_join","option":{"conference_id":"c1"}}]})"));
}

TEST_F(ApiClientTest, AnErrorIsTheServersOwn) {
  transport_->answers.push_back(
      {404, R"({"error":{"status":"NOT_FOUND","reason":"CONFERENCE_NOT_FOUND","message":"No conference x."}})"});
  const auto room = client_.GetConference("../x y");
  EXPECT_EQ(room.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(std::string(room.status().message()), "No conference x.");
  EXPECT_EQ(GetErrorDetail(room.status()).reason, "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(transport_->requests[0].path, "/v1/conferences/%2E%2E%2Fx%20y");
}

TEST_F(ApiClientTest, AnAnswerThatIsNotOursIsAnError) {
  for (const HttpResponse& response :
       {HttpResponse{200, "<html>"}, HttpResponse{200, ""}, HttpResponse{502, "{}"}, HttpResponse{200, "[1]"}}) {
    transport_->answers = {response};
    const auto call = client_.Hangup("k1");
    EXPECT_EQ(GetErrorDetail(call.status()).reason, "UNEXPECTED_ANSWER") << response.body;
  }
}

TEST_F(ApiClientTest, ReadsAllPagesOfAList) {
  transport_->answers.push_back(
      {200, R"({"result":[{"id":"p2","reference_id":"k2","status":"joined"}],"next_page_token":"t/1"})"});
  transport_->answers.push_back(
      {200, R"({"result":[{"id":"p1","reference_id":null,"status":"joined"}],"next_page_token":""})"});
  const auto list = client_.ListConferencecalls("c1", "joined");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0].reference_id, "k2");
  EXPECT_EQ((*list)[1].reference_id, "");
  EXPECT_EQ(transport_->requests[0].path, "/v1/conferencecalls?conference_id=c1&status=joined");
  EXPECT_EQ(transport_->requests[1].path, "/v1/conferencecalls?conference_id=c1&status=joined&page_token=t%2F1");
}

TEST_F(ApiClientTest, ActionsMustBeAnArray) {
  EXPECT_EQ(client_.CreateCall("v=0", "{").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(transport_->requests.empty());
}

}  // namespace
}  // namespace tutti::tools
