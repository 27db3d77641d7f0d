#include "control/files/file_links.h"

#include "gtest/gtest.h"

namespace tutti::control {
namespace {

class FixedClock final : public Clock {
 public:
  absl::Time Now() override { return now; }
  absl::Time now = absl::FromUnixSeconds(1'000);
};

TEST(FileLinks, HoldForTheirFileUntilTheyExpire) {
  FixedClock clock;
  const FileLinks links(std::string(32, 's'), clock);
  const std::string token = links.Make("f-1", absl::FromUnixSeconds(1'060));
  EXPECT_TRUE(links.Holds("f-1", token));
  EXPECT_FALSE(links.Holds("f-2", token));
  clock.now = absl::FromUnixSeconds(1'059);
  EXPECT_TRUE(links.Holds("f-1", token));
  clock.now = absl::FromUnixSeconds(1'060);
  EXPECT_FALSE(links.Holds("f-1", token));
}

TEST(FileLinks, CantBeMadeUp) {
  FixedClock clock;
  const FileLinks links(std::string(32, 's'), clock);
  const FileLinks others(std::string(32, 't'), clock);
  EXPECT_FALSE(links.Holds("f-1", others.Make("f-1", absl::FromUnixSeconds(2'000))));
  EXPECT_FALSE(links.Holds("f-1", ""));
  EXPECT_FALSE(links.Holds("f-1", "nonsense"));
  const std::string token = links.Make("f-1", absl::FromUnixSeconds(2'000));
  // The last digit of Base64 has bits that stand for nothing.
  for (size_t i = 0; i + 1 < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'Q' : 'A';
    EXPECT_FALSE(links.Holds("f-1", forged)) << i;
  }
}

}  // namespace
}  // namespace tutti::control
