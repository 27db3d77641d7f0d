#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "tools/api_client/api_client.h"
#include "tools/caller/rtp_caller.h"
#include "tools/caller/sound.h"

ABSL_FLAG(std::string, conference, "", "The room to join: its id.");
ABSL_FLAG(bool, create, false, "Make a room and join it; it stays when the call ends.");
ABSL_FLAG(std::string, gateway, "http://127.0.0.1:8080", "Where the REST gateway listens.");
ABSL_FLAG(std::string, codec, "PCMU", "PCMU, PCMA, G722, L16/8000 or L16/16000.");
ABSL_FLAG(std::string, wav, "", "Play this sound file (WAV, FLAC, Ogg).");
ABSL_FLAG(double, tone, 0, "Send a sine of so many Hz; with --count each further caller's is 100 Hz higher.");
ABSL_FLAG(std::string, say, "", "Say this text (needs the program flite).");
ABSL_FLAG(std::string, voice, "slt", "The voice that speaks: slt, rms, awb, kal or kal16.");
ABSL_FLAG(bool, repeat, false, "Play the file or the text again and again.");
ABSL_FLAG(std::string, record, "", "Write what is heard to this WAV file; with --count to FILE-1.wav, FILE-2.wav …");
ABSL_FLAG(double, duration, 0, "Hang up after so many seconds; 0: at Ctrl-C.");
ABSL_FLAG(int, count, 1, "So many callers at once, 1 to 200.");
ABSL_FLAG(std::string, address, "", "Local IP address for the media; the one towards the gateway if not given.");

namespace tutti::tools {
namespace {

constexpr int kCountMax = 200;
constexpr double kToneDbfs = -12;
constexpr double kToneStepHz = 100;
// How often the figures are printed where they can't be overwritten.
constexpr int kPlainLineSeconds = 5;

struct Participant {
  std::unique_ptr<RtpCaller> caller;
  std::string call_id;
  bool ended = false;
};

absl::Status BadFlag(const std::string& sentence) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FLAG", sentence);
}

absl::Status CheckFlags() {
  if (absl::GetFlag(FLAGS_conference).empty() == !absl::GetFlag(FLAGS_create)) {
    return BadFlag("Name the room by --conference ID, or make one by --create.");
  }
  const int sounds =
      !absl::GetFlag(FLAGS_wav).empty() + (absl::GetFlag(FLAGS_tone) != 0) + !absl::GetFlag(FLAGS_say).empty();
  if (sounds > 1) return BadFlag("Only one of --wav, --tone and --say can be played.");
  if (absl::GetFlag(FLAGS_count) < 1 || absl::GetFlag(FLAGS_count) > kCountMax) {
    return BadFlag("--count is 1 to 200.");
  }
  if (absl::GetFlag(FLAGS_duration) < 0) return BadFlag("--duration is not negative.");
  return absl::OkStatus();
}

// One for each caller; a text is spoken and a file is read only once.
absl::StatusOr<std::vector<std::unique_ptr<AudioSource>>> MakeSources(int count, int sample_rate) {
  std::vector<int16_t> samples;
  if (!absl::GetFlag(FLAGS_wav).empty()) {
    TUTTI_ASSIGN_OR_RETURN(samples, ReadSoundFile(absl::GetFlag(FLAGS_wav), sample_rate));
  } else if (!absl::GetFlag(FLAGS_say).empty()) {
    TUTTI_ASSIGN_OR_RETURN(samples, Speak(absl::GetFlag(FLAGS_say), absl::GetFlag(FLAGS_voice), sample_rate));
  }
  std::vector<std::unique_ptr<AudioSource>> sources;
  for (int i = 0; i < count; ++i) {
    const double hz = absl::GetFlag(FLAGS_tone) + i * kToneStepHz;
    if (!samples.empty()) {
      sources.push_back(std::make_unique<SamplesSource>(samples, absl::GetFlag(FLAGS_repeat)));
    } else if (absl::GetFlag(FLAGS_tone) == 0) {
      sources.push_back(std::make_unique<SilenceSource>());
    } else if (hz < 1 || hz > sample_rate / 2.0) {
      return BadFlag(absl::StrCat("A tone of ", hz, " Hz does not fit into ", sample_rate, " samples a second."));
    } else {
      sources.push_back(std::make_unique<ToneSource>(hz, sample_rate, kToneDbfs));
    }
  }
  return sources;
}

double LossPercent(const CallerStatistics& statistics) {
  const uint64_t expected = statistics.packets_received + statistics.packets_lost;
  return expected == 0 ? 0 : 100.0 * statistics.packets_lost / expected;
}

std::string DelayText(const CallerStatistics& statistics) {
  return statistics.round_trip_ms ? absl::StrFormat("%.1f ms", *statistics.round_trip_ms / 2) : "not known yet";
}

// One line: of the only caller, or the worst of all.
std::string LiveLine(const std::vector<Participant>& participants, int seconds) {
  CallerStatistics all;
  for (const Participant& participant : participants) {
    const CallerStatistics one = participant.caller->Statistics();
    all.packets_sent += one.packets_sent;
    all.packets_received += one.packets_received;
    all.packets_lost += one.packets_lost;
    all.jitter_ms = std::max(all.jitter_ms, one.jitter_ms);
    all.heard_dbfs = std::max(all.heard_dbfs, one.heard_dbfs);
    if (one.round_trip_ms) all.round_trip_ms = std::max(all.round_trip_ms.value_or(0), *one.round_trip_ms);
  }
  return absl::StrFormat("%d:%02d  sent %d  received %d  lost %d (%.1f %%)  jitter %.1f ms  delay %s  hears %.0f dBFS",
                         seconds / 60, seconds % 60, all.packets_sent, all.packets_received, all.packets_lost,
                         LossPercent(all), all.jitter_ms, DelayText(all), all.heard_dbfs);
}

void PrintSummary(const Participant& participant, int number, const std::string& codec) {
  const CallerStatistics s = participant.caller->Statistics();
  absl::PrintF(
      "Caller %d, %s, call %s\n"
      "  sent      %d packets; %.1f %% of the last ones lost on their way, as the room reports\n"
      "  received  %d packets; %d lost (%.1f %%), %d out of order, %d not ours, %d over 40 ms after the one before\n"
      "  jitter    %.1f ms; longest gap %.0f ms\n"
      "  delay     %s (half of the round trip by RTCP)\n",
      number, codec, participant.call_id, s.packets_sent, s.remote_loss_percent, s.packets_received, s.packets_lost,
      LossPercent(s), s.packets_reordered, s.packets_bad, s.packets_after_gap, s.jitter_ms, s.gap_ms_max, DelayText(s));
}

std::string RecordPath(int number, int count) {
  const std::string path = absl::GetFlag(FLAGS_record);
  if (count == 1) return path;
  const size_t dot = path.rfind('.');
  const size_t end = dot == std::string::npos || path.find('/', dot) != std::string::npos ? path.size() : dot;
  return absl::StrCat(path.substr(0, end), "-", number, path.substr(end));
}

// Blocked signals of `set` end the wait. True when one came.
bool WaitSignal(const sigset_t& set, double seconds) {
  const timespec timeout{static_cast<time_t>(seconds),
                         static_cast<long>((seconds - static_cast<time_t>(seconds)) * 1e9)};
  return sigtimedwait(&set, nullptr, &timeout) > 0;
}

// Until a signal, the duration's end, or the end of every call.
void Talk(ApiClient& client, std::vector<Participant>& participants, const sigset_t& signals) {
  const double duration = absl::GetFlag(FLAGS_duration);
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const auto start = std::chrono::steady_clock::now();
  size_t next_checked = 0;
  for (int seconds = 1;; ++seconds) {
    const double until = duration == 0 ? seconds : std::min<double>(seconds, duration);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    if (WaitSignal(signals, std::max(0.0, until - passed.count())) || (duration > 0 && seconds >= duration)) break;
    // One call a second is asked for; a gateway that is away ends nothing.
    Participant& checked = participants[next_checked++ % participants.size()];
    if (const auto call = client.GetCall(checked.call_id); call.ok() && call->status == "hangup" && !checked.ended) {
      absl::PrintF("%sCall %s was ended: %s.\n", terminal ? "\n" : "", call->id, call->hangup_reason);
      checked.ended = true;
    }
    if (std::all_of(participants.begin(), participants.end(), [](const Participant& p) { return p.ended; })) break;
    if (terminal) {
      absl::PrintF("\r\033[K%s", LiveLine(participants, seconds));
    } else if (seconds % kPlainLineSeconds == 0) {
      absl::PrintF("%s\n", LiveLine(participants, seconds));
    }
    std::fflush(stdout);
  }
  if (terminal) absl::PrintF("\n");
}

absl::Status Join(ApiClient& client, const std::string& conference_id, mediaplane::Codec codec,
                  std::vector<std::unique_ptr<AudioSource>> sources, std::vector<Participant>& participants) {
  std::string address = absl::GetFlag(FLAGS_address);
  if (address.empty()) {
    TUTTI_ASSIGN_OR_RETURN(address, LocalAddressTowards(absl::GetFlag(FLAGS_gateway)));
  }
  std::random_device random;
  for (std::unique_ptr<AudioSource>& source : sources) {
    RtpCaller::Options options;
    options.codec = codec;
    options.address = address;
    options.cname = "tutti-call";
    options.record = !absl::GetFlag(FLAGS_record).empty();
    options.seed = uint64_t{random()} << 32 | random();
    TUTTI_ASSIGN_OR_RETURN(auto caller, RtpCaller::Create(options, std::move(source)));
    TUTTI_ASSIGN_OR_RETURN(const Call call, client.JoinConference(caller->Offer(), conference_id));
    participants.push_back({std::move(caller), call.id});
    TUTTI_RETURN_IF_ERROR(participants.back().caller->Start(call.sdp_answer));
  }
  return absl::OkStatus();
}

absl::Status HangUp(ApiClient& client, std::vector<Participant>& participants) {
  absl::Status status;
  for (Participant& participant : participants) {
    participant.caller->Stop();
    if (!participant.ended) status.Update(client.Hangup(participant.call_id).status());
  }
  return status;
}

absl::Status Run(const sigset_t& signals) {
  TUTTI_RETURN_IF_ERROR(CheckFlags());
  TUTTI_ASSIGN_OR_RETURN(const mediaplane::Codec codec, CodecFromName(absl::GetFlag(FLAGS_codec)));
  const int count = absl::GetFlag(FLAGS_count);
  TUTTI_ASSIGN_OR_RETURN(auto sources, MakeSources(count, mediaplane::FormatOf(codec).sample_rate));
  TUTTI_ASSIGN_OR_RETURN(ApiClient client, ApiClient::Connect(absl::GetFlag(FLAGS_gateway)));
  for (int i = 0; i < count && !absl::GetFlag(FLAGS_record).empty(); ++i) {
    // Better now than at the end of a long call.
    TUTTI_RETURN_IF_ERROR(WriteWav(RecordPath(i + 1, count), {}, mediaplane::FormatOf(codec).sample_rate));
  }
  std::string conference_id = absl::GetFlag(FLAGS_conference);
  if (absl::GetFlag(FLAGS_create)) {
    TUTTI_ASSIGN_OR_RETURN(const Conference conference, client.CreateConference("tools/call"));
    conference_id = conference.id;
  }
  std::vector<Participant> participants;
  absl::Status status = Join(client, conference_id, codec, std::move(sources), participants);
  if (status.ok()) {
    absl::PrintF("%d in conference %s with %s; Ctrl-C hangs up.\n", count, conference_id, CodecName(codec));
    std::fflush(stdout);
    Talk(client, participants, signals);
  }
  status.Update(HangUp(client, participants));
  for (int i = 0; i < static_cast<int>(participants.size()); ++i) {
    PrintSummary(participants[i], i + 1, CodecName(codec));
    if (absl::GetFlag(FLAGS_record).empty()) continue;
    const RtpCaller& caller = *participants[i].caller;
    const std::string path = RecordPath(i + 1, count);
    TUTTI_RETURN_IF_ERROR(WriteWav(path, caller.Recording(), caller.sample_rate()));
    absl::PrintF("  recorded  %s\n", path);
  }
  return status;
}

}  // namespace
}  // namespace tutti::tools

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "joins a conference as an RTP caller: plays a file, a tone or speech, records what it hears, and prints loss, "
      "jitter and delay.\n  tools/call --conference ID --say \"Hello there\" --record heard.wav --duration 10");
  absl::ParseCommandLine(argc, argv);
  // Before any thread, so that only WaitSignal takes them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  if (const absl::Status status = tutti::tools::Run(signals); !status.ok()) {
    absl::FPrintF(stderr, "tools/call: %s\n", std::string(status.message()));
    return status.code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
  }
  return 0;
}
