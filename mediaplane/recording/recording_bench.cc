// What a recorded room costs the tap thread and the writers: so many rooms, all of it
// sound, at 16 kHz, written into a folder. Prints CPU time.
//
//   recording_bench FOLDER [rooms] [seconds]

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/clock/clock.h"
#include "mediaplane/recording/recording.h"

namespace tutti::mediaplane {
namespace {

double ThreadCpuUs() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

int Run(const std::string& folder, int rooms, int seconds) {
  PosixDisk disk;
  LegNames names;
  SystemClock clock;
  RecordingFigures figures;
  std::deque<std::function<void()>> tasks;
  int64_t now_ns = 0;
  RecordingTools tools;
  tools.disk = &disk;
  tools.names = &names;
  tools.clock = &clock;
  tools.monotonic_ns = [&] { return now_ns; };
  tools.write = [&](std::function<void()> task) { tasks.push_back(std::move(task)); };
  tools.figures = &figures;
  std::vector<std::shared_ptr<Recording>> recordings;
  std::filesystem::create_directories(folder);
  for (int i = 0; i < rooms; ++i) {
    media::v1::PutRecordingRequest request;
    request.set_recording_id(absl::StrFormat("01890000-0000-7000-8000-%012d", i));
    request.set_sample_rate_hz(16000);
    request.set_duration_ms_max(86'400'000);
    recordings.push_back(std::make_shared<Recording>(tools, folder + "/" + request.recording_id(), request));
    recordings.back()->Begin();
  }
  std::vector<int16_t> sound(320);
  for (size_t i = 0; i < sound.size(); ++i) sound[i] = static_cast<int16_t>(i * 7919 % 20'000);
  double tap_us = 0, writer_us = 0;
  const auto write = [&] {
    const double begin_us = ThreadCpuUs();
    while (!tasks.empty()) {
      const auto task = std::move(tasks.front());
      tasks.pop_front();
      task();
    }
    writer_us += ThreadCpuUs() - begin_us;
  };
  for (int tick = 0; tick < seconds * 50; ++tick) {
    now_ns += kTickNs;
    const double begin_us = ThreadCpuUs();
    for (const auto& recording : recordings) recording->OnMix(MixRate::k16000, now_ns, sound);
    tap_us += ThreadCpuUs() - begin_us;
    write();
  }
  for (const auto& recording : recordings) recording->End();
  write();
  const double room_seconds = static_cast<double>(rooms) * seconds;
  std::printf("%d rooms, %d s: tap thread %.1f, writers %.1f us of CPU a room-second, %.0f MB\n", rooms, seconds,
              tap_us / room_seconds, writer_us / room_seconds, static_cast<double>(figures.bytes_written) / 1e6);
  std::filesystem::remove_all(folder);
  return figures.bytes_written > 0 ? 0 : 1;
}

}  // namespace
}  // namespace tutti::mediaplane

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: recording_bench FOLDER [rooms] [seconds]\n");
    return 2;
  }
  const auto number = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  return tutti::mediaplane::Run(argv[1], number(2, 200), number(3, 10));
}
