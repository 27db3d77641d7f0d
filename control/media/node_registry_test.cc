#include "control/media/node_registry.h"

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

TEST(NodeRegistryTest, PicksTheLeastLoadedThatIsNotBusy) {
  NodeRegistry registry;
  EXPECT_EQ(GetErrorDetail(registry.Pick("").status()).reason, "MEDIA_NODE_UNAVAILABLE");
  registry.Update("a", {.available = true, .legs = 5});
  registry.Update("b", {.available = true, .legs = 3});
  registry.Update("c", {.available = false, .legs = 0});
  registry.Update("d", {.available = true, .busy = true, .legs = 1});
  EXPECT_EQ(registry.Pick("").value(), "b");
  registry.Update("b", {.available = false});
  EXPECT_EQ(registry.Pick("").value(), "a");
  registry.Update("a", {.available = false});
  EXPECT_EQ(registry.Pick("").value(), "d");
}

TEST(NodeRegistryTest, ANamedNodeIsTakenOrRefused) {
  NodeRegistry registry;
  registry.Update("a", {.available = true, .legs = 5});
  registry.Update("b", {.available = false});
  EXPECT_EQ(registry.Pick("a").value(), "a");
  EXPECT_EQ(registry.Pick("b").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(registry.Pick("x").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tutti::control
