#include "tools/demo/room.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "tools/caller/resample.h"
#include "tools/caller/rtp_caller.h"
#include "tools/caller/sound.h"
#include "tools/demo/cue_source.h"
#include "tools/demo/live.h"

namespace tutti::tools {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kMomentNs = kSecondNs / 10;
constexpr int kJoinWaitSeconds = 10;
// From the last join to the script's start: every caller must learn its cue.
constexpr int64_t kCueAheadNs = kSecondNs / 2;
constexpr int64_t kTailNs = kSecondNs;
constexpr int kMomentsAMembershipCheck = 5;

int64_t UnixNs() {
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * kSecondNs + time.tv_nsec;
}

struct Guest {
  std::unique_ptr<RtpCaller> caller;
  std::shared_ptr<CueSource::Cue> cue = std::make_shared<CueSource::Cue>(CueSource::kNoCue);
  std::string call_id;
};

class Meeting {
 public:
  Meeting(ApiClient& client, const Script& script, const RoomOptions& options)
      : client_(client), script_(script), options_(options), live_(Names(script)), joined_(script.people.size()) {}

  ~Meeting() { static_cast<void>(Leave()); }

  absl::StatusOr<RoomResult> Hold() {
    TUTTI_ASSIGN_OR_RETURN(const auto conference, client_.CreateConference("demo"));
    conference_id_ = conference.id;
    zero_ns_ = UnixNs();
    Say(absl::StrCat("room ", conference_id_, " is ", conference.status));
    for (size_t i = 0; i < script_.people.size(); ++i) TUTTI_RETURN_IF_ERROR(Join(i));
    TUTTI_RETURN_IF_ERROR(WaitAllJoined());
    const int64_t start_ns = UnixNs() + kCueAheadNs;
    for (Guest& guest : guests_) {
      const int64_t rate = guest.caller->sample_rate();
      guest.cue->store((start_ns - guest.caller->start_ns()) * rate / kSecondNs);
    }
    const int64_t end_ns = start_ns + script_.samples() * kSecondNs / kMatchRateHz + kTailNs;
    while (UnixNs() < end_ns) TUTTI_RETURN_IF_ERROR(NextMoment());
    RoomResult result = Collect();
    TUTTI_RETURN_IF_ERROR(Leave());
    return WriteFiles(std::move(result));
  }

 private:
  static std::vector<std::string> Names(const Script& script) {
    std::vector<std::string> names;
    for (const Person& person : script.people) names.push_back(person.name);
    return names;
  }

  void Say(const std::string& line) const {
    absl::PrintF("%5.1f s  %s\n", static_cast<double>(UnixNs() - zero_ns_) / kSecondNs, line);
    std::fflush(stdout);
  }

  absl::Status Join(size_t i) {
    const Person& person = script_.people[i];
    Guest guest;
    RtpCaller::Options options;
    options.codec = person.codec;
    options.address = options_.address;
    options.cname = person.name;
    options.record = true;
    std::random_device random;
    options.seed = uint64_t{random()} << 32 | random();
    const int rate = mediaplane::FormatOf(person.codec).sample_rate;
    TUTTI_ASSIGN_OR_RETURN(guest.caller,
                           RtpCaller::Create(options, std::make_unique<CueSource>(
                                                          Resample(script_.voices[i], kMatchRateHz, rate), guest.cue)));
    TUTTI_ASSIGN_OR_RETURN(const Call call, client_.JoinConference(guest.caller->Offer(), conference_id_));
    guest.call_id = call.id;
    guests_.push_back(std::move(guest));
    TUTTI_RETURN_IF_ERROR(guests_.back().caller->Start(call.sdp_answer));
    Say(absl::StrCat(person.name, " calls with ", CodecName(person.codec)));
    for (int moment = 0; moment < kMomentsAMembershipCheck; ++moment) TUTTI_RETURN_IF_ERROR(NextMoment());
    return absl::OkStatus();
  }

  absl::Status WaitAllJoined() {
    const int64_t deadline_ns = UnixNs() + kJoinWaitSeconds * kSecondNs;
    while (std::count(joined_.begin(), joined_.end(), false) > 0) {
      if (UnixNs() > deadline_ns) {
        return Error(absl::StatusCode::kDeadlineExceeded, "NOT_JOINED",
                     absl::StrCat("Not everybody is in room ", conference_id_, " after ", kJoinWaitSeconds, " s."));
      }
      TUTTI_RETURN_IF_ERROR(NextMoment());
    }
    return absl::OkStatus();
  }

  // Waits 100 ms, looks, and prints what has changed.
  absl::Status NextMoment() {
    const timespec wait{0, kMomentNs};
    if (sigtimedwait(&options_.signals, nullptr, &wait) > 0) {
      return Error(absl::StatusCode::kCancelled, "INTERRUPTED", "The demo was interrupted.");
    }
    if (moments_++ % kMomentsAMembershipCheck == 0) TUTTI_RETURN_IF_ERROR(ReadMembers());
    Moment moment;
    for (size_t i = 0; i < script_.people.size(); ++i) {
      const bool here = i < guests_.size();
      const CallerStatistics statistics = here ? guests_[i].caller->Statistics() : CallerStatistics();
      moment.said_dbfs.push_back(statistics.said_dbfs);
      moment.heard_dbfs.push_back(statistics.heard_dbfs);
    }
    moment.joined = joined_;
    if (const auto line = live_.Add(moment)) Say(*line);
    return absl::OkStatus();
  }

  absl::Status ReadMembers() {
    TUTTI_ASSIGN_OR_RETURN(const auto members, client_.ListConferencecalls(conference_id_, "joined"));
    for (size_t i = 0; i < guests_.size(); ++i) {
      joined_[i] = std::any_of(members.begin(), members.end(),
                               [&](const Conferencecall& member) { return member.reference_id == guests_[i].call_id; });
    }
    return absl::OkStatus();
  }

  RoomResult Collect() {
    RoomResult result;
    for (Guest& guest : guests_) {
      result.statistics.push_back(guest.caller->Statistics());
      guest.caller->Stop();
      const std::vector<int16_t> all = Resample(guest.caller->Recording(), guest.caller->sample_rate(), kMatchRateHz);
      // Where the cue really was, to the sample of the caller's own rate.
      const double cue_s = static_cast<double>(guest.cue->load()) / guest.caller->sample_rate();
      result.heard.push_back(
          Cut(all, std::lround(cue_s * kMatchRateHz), static_cast<size_t>(script_.samples() + kMatchRateHz / 2)));
    }
    return result;
  }

  // Everybody hangs up and the room ends. Repeating it does nothing.
  absl::Status Leave() {
    absl::Status status;
    for (size_t i = 0; i < guests_.size(); ++i) {
      guests_[i].caller->Stop();
      status.Update(client_.Hangup(guests_[i].call_id).status());
      if (status.ok()) Say(absl::StrCat(script_.people[i].name, " hangs up"));
    }
    guests_.clear();
    if (conference_id_.empty()) return status;
    const auto ended = client_.DeleteConference(conference_id_);
    status.Update(ended.status());
    if (ended.ok()) Say(absl::StrCat("room ", conference_id_, " is ", ended->status));
    conference_id_.clear();
    return status;
  }

  absl::StatusOr<RoomResult> WriteFiles(RoomResult result) const {
    for (size_t i = 0; i < script_.people.size(); ++i) {
      const std::string name = absl::AsciiStrToLower(script_.people[i].name);
      const std::string said = absl::StrCat(options_.folder, "/", name, "-said.wav");
      const std::string heard = absl::StrCat(options_.folder, "/", name, "-heard.wav");
      TUTTI_RETURN_IF_ERROR(WriteWav(said, script_.voices[i], kMatchRateHz));
      TUTTI_RETURN_IF_ERROR(WriteWav(heard, result.heard[i], kMatchRateHz));
      result.files.push_back(heard);
    }
    return result;
  }

  ApiClient& client_;
  const Script& script_;
  const RoomOptions& options_;
  Live live_;
  std::string conference_id_;
  std::vector<Guest> guests_;
  std::vector<bool> joined_;
  int64_t zero_ns_ = 0;
  int moments_ = 0;
};

}  // namespace

std::vector<int16_t> Cut(const std::vector<int16_t>& samples, int64_t start_index, size_t size) {
  std::vector<int16_t> out(size);
  for (size_t i = 0; i < size; ++i) {
    const int64_t k = start_index + static_cast<int64_t>(i);
    if (k >= 0 && k < static_cast<int64_t>(samples.size())) out[i] = samples[static_cast<size_t>(k)];
  }
  return out;
}

absl::StatusOr<RoomResult> HoldConference(ApiClient& client, const Script& script, const RoomOptions& options) {
  return Meeting(client, script, options).Hold();
}

std::string Table(const std::vector<Person>& people, const Matches& matches) {
  constexpr char kColumn[] = "  %-25s";
  std::string text = absl::StrFormat("%-14s", "listener");
  for (const Person& person : people) absl::StrAppendFormat(&text, kColumn, "heard " + person.name);
  text += "\n";
  for (size_t listener = 0; listener < people.size(); ++listener) {
    absl::StrAppendFormat(&text, "%-14s", people[listener].name);
    for (size_t speaker = 0; speaker < people.size(); ++speaker) {
      const Match& match = matches[listener][speaker];
      std::string cell;
      if (listener == speaker) {
        cell = HeardItself(match) ? absl::StrFormat("ITSELF, %+.1f dB", match.level_db) : "not itself";
      } else {
        cell = absl::StrFormat("%s %.0f %%, %+.1f dB, %.0f ms", Heard(match) ? "yes" : "NO", 100 * match.likeness,
                               match.level_db, match.delay_ms);
      }
      absl::StrAppendFormat(&text, kColumn, cell);
    }
    text += "\n";
  }
  return text;
}

std::vector<std::string> Complaints(const std::vector<Person>& people, const Matches& matches) {
  std::vector<std::string> complaints;
  for (size_t listener = 0; listener < people.size(); ++listener) {
    for (size_t speaker = 0; speaker < people.size(); ++speaker) {
      const Match& match = matches[listener][speaker];
      if (listener == speaker && HeardItself(match)) {
        complaints.push_back(absl::StrCat(people[listener].name, " heard its own voice."));
      } else if (listener != speaker && !Heard(match)) {
        complaints.push_back(absl::StrCat(people[listener].name, " did not hear ", people[speaker].name, "."));
      }
    }
  }
  return complaints;
}

}  // namespace tutti::tools
