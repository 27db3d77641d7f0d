#include "gateway/openapi/openapi.h"

#include <set>

#include "gateway/openapi/api_descriptors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tutti::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

const Json& Document() {
  static const auto* document = new Json(Json::parse(MakeOpenApi(RouteTable::Build(ApiServices()).value())));
  return *document;
}

// Calls `use` with every member of that name, at any depth.
template <typename Use>
void ForEach(const Json& json, const std::string& name, Use use) {
  if (!json.is_structured()) return;
  for (const auto& [key, value] : json.items()) {
    if (json.is_object() && key == name) use(value);
    ForEach(value, name, use);
  }
}

TEST(OpenApi, HasEveryRouteOnce) {
  const RouteTable table = RouteTable::Build(ApiServices()).value();
  ASSERT_GE(table.routes().size(), 14u);
  std::set<std::string> ids;
  for (const auto& route : table.routes()) {
    std::string method = route->http_method;
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    const Json& operation = Document()["paths"].at(route->label).at(method);
    EXPECT_TRUE(ids.insert(operation["operationId"]).second);
    EXPECT_FALSE(operation["summary"].get<std::string>().empty());
  }
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  int references = 0;
  ForEach(Document(), "$ref", [&](const Json& reference) {
    ++references;
    const std::string text = reference;
    ASSERT_THAT(text, StartsWith("#/"));
    EXPECT_TRUE(Document().contains(Json::json_pointer(text.substr(1)))) << text;
  });
  EXPECT_GT(references, 30);
}

TEST(OpenApi, EveryVariableOfAPathIsAParameter) {
  for (const auto& [path, operations] : Document()["paths"].items()) {
    const bool has_id = path.find("{id}") != std::string::npos;
    for (const auto& [method, operation] : operations.items()) {
      bool found = false;
      for (const Json& parameter : operation.value("parameters", Json::array())) {
        if (parameter["in"] == "path") found = parameter["name"] == "id" && parameter["required"] == true;
      }
      EXPECT_EQ(found, has_id) << method << " " << path;
    }
  }
}

TEST(OpenApi, SaysWhatTheCommentsSay) {
  const Json& conference = Document()["components"]["schemas"]["Conference"];
  EXPECT_THAT(conference["description"].get<std::string>(), StartsWith("A room."));
  const Json& properties = conference["properties"];
  EXPECT_EQ(properties["type"]["enum"], (Json{"conference", "connect", nullptr}));
  EXPECT_THAT(properties["type"]["description"].get<std::string>(), HasSubstr("- `connect`: Exactly two"));
  EXPECT_EQ(properties["status"]["readOnly"], true);
  EXPECT_FALSE(properties["name"].contains("readOnly"));
  EXPECT_EQ(properties["id"]["type"], (Json{"string", "null"}));
  EXPECT_EQ(properties["tm_create"]["format"], "date-time");
  EXPECT_EQ(properties["timeout"]["type"], "integer");
  EXPECT_EQ(properties["conferencecall_ids"]["items"]["type"], "string");
  const Json& call = Document()["components"]["schemas"]["Call"]["properties"];
  EXPECT_EQ(call["actions"]["items"]["$ref"], "#/components/schemas/Action");
  EXPECT_EQ(call["media_timeout"]["type"], (Json{"integer", "null"}));
}

TEST(OpenApi, NamesParametersAndHeaders) {
  const auto names = [](const Json& operation) {
    std::set<std::string> result;
    for (const Json& parameter : operation["parameters"]) {
      result.insert(parameter["in"].get<std::string>() + " " + parameter["name"].get<std::string>());
    }
    return result;
  };
  const Json& paths = Document()["paths"];
  EXPECT_THAT(names(paths["/v1/conferences"]["get"]),
              ::testing::UnorderedElementsAre("query page_size", "query page_token", "query status", "query type"));
  EXPECT_THAT(names(paths["/v1/conferences/{id}"]["patch"]),
              ::testing::UnorderedElementsAre("path id", "header If-Match"));
  EXPECT_THAT(names(paths["/v1/calls"]["post"]), ::testing::UnorderedElementsAre("header Idempotency-Key"));
  EXPECT_TRUE(paths["/v1/conferences/{id}"]["get"]["responses"]["200"]["headers"].contains("ETag"));
  EXPECT_EQ(Document()["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
  EXPECT_EQ(Document()["security"], (Json{{{"bearer", Json::array()}}, Json::object()}));
}

TEST(OpenApi, FilesAreBytes) {
  const Json& file = Document()["paths"]["/v1/recordingfiles/{id}"]["get"];
  for (const char* status : {"200", "206"}) {
    const Json& response = file["responses"][status];
    EXPECT_EQ(response["content"]["*/*"]["schema"]["format"], "binary") << status;
    EXPECT_TRUE(response["headers"].contains("ETag"));
  }
  EXPECT_TRUE(file["responses"]["206"]["headers"].contains("Content-Range"));
  EXPECT_TRUE(file["responses"].contains("304"));
  EXPECT_TRUE(file["responses"]["416"]["content"].contains("application/json"));
  EXPECT_EQ(file["parameters"].dump().find("Idempotency-Key"), std::string::npos);
  EXPECT_NE(file["parameters"].dump().find("If-Range"), std::string::npos);
  EXPECT_EQ(file["responses"].dump().find("HttpBody"), std::string::npos);
}

}  // namespace
}  // namespace tutti::gateway
