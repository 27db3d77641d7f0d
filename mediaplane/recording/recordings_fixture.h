#ifndef MEDIAPLANE_RECORDING_RECORDINGS_FIXTURE_H_
#define MEDIAPLANE_RECORDING_RECORDINGS_FIXTURE_H_

#include <gtest/gtest.h>
#include <sndfile.h>
#include <unistd.h>

#include <cmath>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock/fake_clock.h"
#include "common/status/status.h"
#include "mediaplane/engine/test_node.h"
#include "mediaplane/finisher/finish.h"
#include "mediaplane/recording/faulty_disk.h"
#include "mediaplane/recording/folder.h"
#include "mediaplane/recording/recordings.h"

namespace tutti::mediaplane {

struct Sound16 {
  int rate = 0;
  int channels = 0;
  std::vector<int16_t> samples;
  double seconds() const { return static_cast<double>(samples.size()) / rate; }
};

// By a reader that is not ours.
inline Sound16 ReadSound(const std::string& path) {
  SF_INFO info = {};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  EXPECT_NE(file, nullptr) << path << ": " << sf_strerror(nullptr);
  if (file == nullptr) return {};
  Sound16 sound = {info.samplerate, info.channels, std::vector<int16_t>(static_cast<size_t>(info.frames))};
  EXPECT_EQ(sf_read_short(file, sound.samples.data(), info.frames), info.frames);
  sf_close(file);
  return sound;
}

// Recordings of an engine in emulated time; writers and finishers run when told to.
class RecordingsTest : public testing::Test {
 protected:
  using Put = media::v1::PutRecordingRequest;
  using State = media::v1::RecordingState;

  void SetUp() override {
    folder_ =
        absl::StrCat(testing::TempDir(), "/recordings-", getpid(), "-", testing::UnitTest::GetInstance()->random_seed(),
                     testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    MakeNode({});
  }
  void TearDown() override {
    recordings_.reset();
    std::filesystem::remove_all(folder_);
  }

  void MakeNode(TestNodeOptions options) {
    recordings_.reset();
    hub_.reset();
    tasks_.clear();
    options.workers = 2;
    if (options.tap_ring_size == 0) options.tap_ring_size = 4095;
    node_ = std::make_unique<TestNode>(options);
    std::vector<TapRing*> rings = {&node_->engine().tap_ring(0), &node_->engine().tap_ring(1)};
    hub_ = std::make_unique<TapHub>(
        [this](BridgeSlot bridge, const BridgeTap& tap) { return node_->engine().SetBridgeTap(bridge, tap); }, rings);
    Restart();
  }

  // What is in memory is gone, as after a kill.
  void Restart() {
    recordings_.reset();
    tasks_.clear();
    told_.clear();
    RecordingsOptions options;
    options.folder = folder_;
    options.recordings_max = 3;
    options.tools.disk = &disk_;
    options.tools.names = &names_;
    options.tools.clock = &clock_;
    options.tools.monotonic_ns = [this] { return node_->now_ns(); };
    options.tools.write = [this](std::function<void()> task) { tasks_.push_back(std::move(task)); };
    options.tools.figures = &figures_;
    options.finish = [this](const std::string& folder, auto done) {
      tasks_.push_back([this, folder, done] {
        const absl::Status status =
            finisher_fails_ ? absl::InternalError("no program") : FinishRecording(disk_, folder);
        done(status.ok() ? ReadFolderState(folder) : status);
      });
    };
    if (change_options_) change_options_(options);
    recordings_ =
        std::make_unique<Recordings>(std::move(options), *hub_, [this](const State& state) { told_.push_back(state); });
    ASSERT_TRUE(recordings_->Load().ok());
  }

  void RunWriters() {
    while (!tasks_.empty()) {
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

  void Run(int64_t duration_ns, bool disk_works = true) {
    for (int64_t ran_ns = 0; ran_ns < duration_ns; ran_ns += 20 * kMs) {
      node_->Run(20 * kMs);
      clock_.Advance(absl::Milliseconds(20));
      hub_->Drain();
      if (disk_works) RunWriters();
      recordings_->Poll();
    }
  }

  // Until it is over.
  State Finish(int id) {
    for (int i = 0; i < 10; ++i) {
      RunWriters();
      recordings_->Poll();
    }
    return Last(id);
  }

  TestCaller& Call(BridgeSlot bridge, double hz, Codec codec = Codec::kPcmu) {
    TestCaller& caller = node_->Call(codec);
    caller.voice = Tone(hz, 9000, FormatOf(codec).sample_rate);
    Enter(caller, bridge, ParticipantId(caller));
    return caller;
  }
  // As the node does it.
  void Enter(const TestCaller& caller, BridgeSlot bridge, const std::string& participant_id) {
    static uint64_t tag = 0;
    LegSettings settings;
    settings.presence = names_.Add({LegId(caller), participant_id});
    EXPECT_TRUE(node_->engine().SetLegBridge(caller.leg, bridge, ++tag, &settings).ok());
  }
  static std::string ParticipantId(const TestCaller& caller) { return Id(2000 + static_cast<int>(caller.leg)); }
  static std::string LegId(const TestCaller& caller) { return Id(1000 + static_cast<int>(caller.leg)); }

  static std::string Id(int n) { return absl::StrFormat("01890000-0000-7000-8000-%012d", n); }

  static Put Request(int id, int64_t revision, Put::Wanted wanted = Put::WANTED_RECORD) {
    Put request;
    request.set_recording_id(Id(id));
    request.set_revision(revision);
    request.set_bridge_id(Id(500));
    request.set_wanted(wanted);
    request.set_format(media::v1::RECORDING_FORMAT_WAV);
    request.set_sample_rate_hz(16000);
    request.set_duration_ms_max(3'600'000);
    return request;
  }

  State PutOk(const Put& request, std::optional<BridgeSlot> bridge) {
    const auto state = recordings_->Put(request, bridge, false);
    EXPECT_TRUE(state.ok()) << state.status();
    return state.ok() ? *state : State();
  }

  State Last(int id) const {
    State last;
    for (const State& state : told_) {
      if (state.recording_id() == Id(id)) last = state;
    }
    return last;
  }

  std::string Path(int id, const std::string& name) const { return absl::StrCat(folder_, "/", Id(id), "/", name); }
  Sound16 Mixed(int id) const { return ReadSound(Path(id, Id(id) + ".wav")); }
  std::string Markers(int id) const {
    std::ifstream file(Path(id, kMarkersName));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static double Level(const Sound16& sound, double hz, double from_seconds, double to_seconds) {
    const auto at = [&](double seconds) { return static_cast<size_t>(seconds * sound.rate); };
    if (at(to_seconds) > sound.samples.size()) {
      ADD_FAILURE() << "the sound ends at " << sound.seconds() << " s";
      return NAN;
    }
    return ToneAmplitude(std::span(sound.samples).subspan(at(from_seconds), at(to_seconds) - at(from_seconds)), hz,
                         sound.rate);
  }

  std::string folder_;
  FakeClock clock_;
  FaultyDisk disk_;
  LegNames names_;
  RecordingFigures figures_;
  bool finisher_fails_ = false;
  std::function<void(RecordingsOptions&)> change_options_;
  std::unique_ptr<TestNode> node_;
  std::unique_ptr<TapHub> hub_;
  std::deque<std::function<void()>> tasks_;
  std::vector<State> told_;
  std::unique_ptr<Recordings> recordings_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_RECORDINGS_FIXTURE_H_
