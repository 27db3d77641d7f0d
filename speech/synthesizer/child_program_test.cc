#include "speech/synthesizer/child_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

namespace tutti::speech {
namespace {

class ChildProgramTest : public testing::Test {
 protected:
  // As main does: a program may close its input before it has read all of it.
  ChildProgramTest() { signal(SIGPIPE, SIG_IGN); }

  absl::StatusOr<std::string> Shell(const std::string& script, const std::string& input = "",
                                    absl::Duration timeout = absl::Seconds(60), size_t bytes_max = 1 << 20) {
    return RunChildProgram({{"sh", "-c", script}, input, timeout, bytes_max}, cancelled_);
  }

  std::atomic<bool> cancelled_ = false;
};

TEST_F(ChildProgramTest, GivesItsInputAndTakesItsOutput) {
  EXPECT_EQ(*Shell("cat", "hello"), "hello");
  EXPECT_EQ(*Shell("true"), "");
  // More than a pipe holds, both ways.
  const std::string much(1 << 19, 'x');
  EXPECT_EQ(*Shell("cat", much), much);
  // One that does not read all.
  EXPECT_EQ(*Shell("exec 0<&-; echo done", much), "done\n");
}

TEST_F(ChildProgramTest, ItsArgumentsAreNoShellsWords) {
  EXPECT_EQ(*RunChildProgram({{"echo", "$(id)", "`id`; id", "-n"}, "", absl::Seconds(60), 1000}, cancelled_),
            "$(id) `id`; id -n\n");
}

TEST_F(ChildProgramTest, OneThatHangsIsKilled) {
  const auto output = Shell("echo some; sleep 1000", "", absl::Milliseconds(200));
  EXPECT_EQ(output.status().code(), absl::StatusCode::kDeadlineExceeded);
  // Also one that closes its output, or starts others.
  EXPECT_EQ(Shell("exec 1>&-; sleep 1000", "", absl::Milliseconds(200)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Shell("sleep 1000 | sleep 1000", "", absl::Milliseconds(200)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ChildProgramTest, OneThatGivesTooMuchIsKilled) {
  EXPECT_EQ(Shell("yes", "", absl::Seconds(60), 100'000).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ChildProgramTest, OneThatIsNotWantedAnyMoreIsKilled) {
  std::thread canceller([&] { cancelled_ = true; });
  EXPECT_EQ(Shell("sleep 1000").status().code(), absl::StatusCode::kCancelled);
  canceller.join();
}

TEST_F(ChildProgramTest, ItsFailureIsAnError) {
  EXPECT_THAT(std::string(Shell("exit 3").status().message()), testing::HasSubstr("status 3"));
  EXPECT_THAT(std::string(Shell("kill -SEGV $$").status().message()), testing::HasSubstr("signal 11"));
  EXPECT_EQ(RunChildProgram({{"no-such-program"}, "", absl::Seconds(1), 1}, cancelled_).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ChildProgramTest, ItHasNoFileOfOurs) {
  // Its three, and the folder that ls reads.
  EXPECT_EQ(*Shell("ls /proc/self/fd | wc -l"), "4\n");
}

}  // namespace
}  // namespace tutti::speech
