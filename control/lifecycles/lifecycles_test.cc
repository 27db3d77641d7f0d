#include "control/lifecycles/lifecycles.h"

#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace tutti::control {
namespace {

TEST(LifecyclesTest, TheDocumentIsWhatTheTablesSay) {
  std::ifstream file("docs/lifecycles.md");
  ASSERT_TRUE(file.good()) << "docs/lifecycles.md can't be read";
  std::ostringstream document;
  document << file.rdbuf();
  EXPECT_TRUE(document.str() == WriteLifecycles())
      << "docs/lifecycles.md is not what the state tables say; write it anew:\n"
         "  bazel run //control/lifecycles > docs/lifecycles.md";
}

TEST(LifecyclesTest, EveryEventHasItsWordsAndEveryStateItsColumn) {
  const std::string text = WriteLifecycles();
  EXPECT_EQ(text.find("****"), std::string::npos);
  EXPECT_EQ(text.find("$"), std::string::npos);
  EXPECT_NE(text.find("  terminating --> terminated: empty\n"), std::string::npos);
  EXPECT_NE(text.find("| joining | joined | leaving | leaved |"), std::string::npos);
  EXPECT_NE(text.find("| ✗ | · | ✗ | ✗ |"), std::string::npos) << "an update of each state of a conference";
}

}  // namespace
}  // namespace tutti::control
