#include "gateway/rest/route_table.h"

#include "gmock/gmock.h"
#include "google/api/annotations.pb.h"
#include "google/api/httpbody.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"

namespace tutti::gateway {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::optional<Bindings> MatchOf(const char* path_template, const char* path) {
  return PathTemplate::Parse(path_template).value().Match(ParsePath(path).value());
}

TEST(PathTemplate, BindsWholeSegments) {
  EXPECT_THAT(MatchOf("/v1/things", "/v1/things").value(), ElementsAre());
  EXPECT_THAT(MatchOf("/v1/{id}/x/{thing.id}", "/v1/a/x/b%2fc").value(),
              ElementsAre(Pair("id", "a"), Pair("thing.id", "b/c")));
  EXPECT_THAT(MatchOf("/v1/{id}:undo", "/v1/a:undo").value(), ElementsAre(Pair("id", "a")));
  for (const char* path : {"/v1", "/v1/things/", "/v1/Things", "/v1/things/a", "//v1/things", "/v1/things:undo"}) {
    EXPECT_FALSE(MatchOf("/v1/things", path).has_value()) << path;
  }
  EXPECT_FALSE(MatchOf("/v1/{id}", "/v1/").has_value());
  EXPECT_FALSE(MatchOf("/v1/{id}:undo", "/v1/a").has_value());
}

TEST(PathTemplate, RefusesWhatItDoesntServe) {
  for (const char* bad : {"", "/", "v1", "/v1//a", "/v1/", "/v1/{}", "/v1/{a..b}", "/v1/{A}", "/v1/{a", "/v1/*",
                          "/v1/{a=*}", "/v1/**", "/v1:", "/v1/a b"}) {
    EXPECT_FALSE(PathTemplate::Parse(bad).ok()) << bad;
  }
}

TEST(PathTemplate, LabelsHaveTheLastName) {
  EXPECT_EQ(PathTemplate::Parse("/v1/conferences/{conference.id}/talk").value().Label(), "/v1/conferences/{id}/talk");
  EXPECT_EQ(PathTemplate::Parse("/v1/{id}:undo").value().Label(), "/v1/{id}:undo");
}

// A service Things over messages with a few fields, with the rules given.
class Things {
 public:
  void Add(const std::string& name, const google::api::HttpRule& rule, bool streams = false,
           const char* output = ".Thing") {
    auto* method = service_->add_method();
    method->set_name(name);
    method->set_input_type(".Request");
    method->set_output_type(output);
    method->set_server_streaming(streams);
    *method->mutable_options()->MutableExtension(google::api::http) = rule;
  }

  absl::StatusOr<RouteTable> Build() {
    return RouteTable::Build({pool_.BuildFile(file_)->FindServiceByName("Things")});
  }

  Things() : pool_(DescriptorPool::generated_pool()), service_(file_.add_service()) {
    // Linked: a dependency of the file.
    google::api::HttpBody::descriptor();
    file_.set_name("things.proto");
    file_.set_syntax("proto3");
    file_.add_dependency("google/api/annotations.proto");
    file_.add_dependency("google/api/httpbody.proto");
    service_->set_name("Things");
    auto* thing = file_.add_message_type();
    thing->set_name("Thing");
    AddField(thing, "id", "", false);
    AddField(thing, "inner", ".Thing", false);
    auto* request = file_.add_message_type();
    request->set_name("Request");
    AddField(request, "thing", ".Thing", false);
    AddField(request, "id", "", false);
    AddField(request, "ids", "", true);
    AddField(request, "things", ".Thing", true);
    AddField(request, "if_match", "", false);
  }

 private:
  static void AddField(google::protobuf::DescriptorProto* message, const char* name, const char* type, bool repeated) {
    using google::protobuf::FieldDescriptorProto;
    auto* field = message->add_field();
    field->set_name(name);
    field->set_number(message->field_size());
    field->set_label(repeated ? FieldDescriptorProto::LABEL_REPEATED : FieldDescriptorProto::LABEL_OPTIONAL);
    field->set_type(*type == 0 ? FieldDescriptorProto::TYPE_STRING : FieldDescriptorProto::TYPE_MESSAGE);
    if (*type != 0) field->set_type_name(type);
  }

  DescriptorPool pool_;
  FileDescriptorProto file_;
  google::protobuf::ServiceDescriptorProto* service_;
};

google::api::HttpRule Get(const char* path) {
  google::api::HttpRule rule;
  rule.set_get(path);
  return rule;
}

google::api::HttpRule Post(const char* path, const char* body) {
  google::api::HttpRule rule;
  rule.set_post(path);
  rule.set_body(body);
  return rule;
}

TEST(RouteTable, FindsTheMethodOrWhatWouldBeAllowed) {
  Things things;
  things.Add("Get", Get("/things/{id}"));
  things.Add("Best", Get("/things/best"));
  google::api::HttpRule rule = Post("/things/{thing.id}", "thing");
  *rule.add_additional_bindings() = Post("/old/{id}", "*");
  rule.set_response_body("inner");
  things.Add("Make", rule);
  const auto table = things.Build();
  ASSERT_TRUE(table.ok()) << table.status();

  auto match = table->Find("GET", ParsePath("/things/7").value());
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->grpc_method, "/Things/Get");
  EXPECT_THAT(match.bindings, ElementsAre(Pair("id", "7")));
  EXPECT_THAT(match.allowed, ElementsAre("GET", "POST"));
  EXPECT_NE(match.route->if_match, nullptr);

  EXPECT_EQ(table->Find("GET", ParsePath("/things/best").value()).route->method->name(), "Best");

  match = table->Find("POST", ParsePath("/things/7").value());
  EXPECT_EQ(match.route->body_field->name(), "thing");
  EXPECT_EQ(match.route->response_field->name(), "inner");
  EXPECT_TRUE(table->Find("POST", ParsePath("/old/7").value()).route->body_is_request);

  match = table->Find("DELETE", ParsePath("/things/7").value());
  EXPECT_EQ(match.route, nullptr);
  EXPECT_THAT(match.allowed, ElementsAre("GET", "POST"));
  EXPECT_TRUE(table->Find("GET", ParsePath("/other").value()).allowed.empty());
}

TEST(RouteTable, RefusesAnnotationsThatCantBeServed) {
  google::api::HttpRule custom;
  custom.mutable_custom()->set_kind("BREW");
  custom.mutable_custom()->set_path("/things");
  google::api::HttpRule bad_response = Get("/things");
  bad_response.set_response_body("id");
  const std::pair<google::api::HttpRule, const char*> cases[] = {
      {custom, "pattern that is not served"},      {Get("/things/{nothing}"), "nothing is no string field"},
      {Get("/things/{ids}"), "ids is no string"},  {Get("/things/{thing}"), "thing is no string"},
      {Get("/things/{id.id}"), "id.id is no"},     {Post("/things", "id"), "id is no message field"},
      {Post("/things", "things"), "things is no"}, {bad_response, "id is no message field"},
      {Get("/things/**"), "no path template"},
  };
  for (const auto& [rule, what] : cases) {
    Things things;
    things.Add("Bad", rule);
    EXPECT_THAT(std::string(things.Build().status().message()), HasSubstr(what));
  }
  Things streams;
  streams.Add("Watch", Get("/things"), true);
  EXPECT_THAT(std::string(streams.Build().status().message()), HasSubstr("Things.Watch: streams"));
  Things bytes;
  bytes.Add("Read", Get("/things"), true, ".google.api.HttpBody");
  const auto table = bytes.Build();
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(table->routes()[0]->streams);
  Things twice;
  twice.Add("One", Get("/things/{id}"));
  twice.Add("Two", Get("/things/{thing.id}"));
  EXPECT_THAT(std::string(twice.Build().status().message()), HasSubstr("Things.Two: has the same path as Things.One"));
}

}  // namespace
}  // namespace tutti::gateway
