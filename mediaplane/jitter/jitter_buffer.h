#ifndef MEDIAPLANE_JITTER_JITTER_BUFFER_H_
#define MEDIAPLANE_JITTER_JITTER_BUFFER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "mediaplane/audio/format.h"
#include "mediaplane/jitter/frame_store.h"
#include "mediaplane/rtp/rtp_packet.h"

namespace tutti::mediaplane {

// The policies in numbers.
constexpr int64_t kJitterMarginNs = 3'000'000;      // target, minimum and start: before the mixing tick
constexpr int64_t kJitterDelayNsMax = 300'000'000;  // what is buffered beyond it is discarded, oldest first
constexpr int kJitterConcealFramesMax = 5;          // missing frames in a row that are concealed; then silence
// Time without need of a frame of delay, after which that frame is dropped: a silent
// one, or any one. A spike of the whole ceiling is gone 10 s later.
constexpr int64_t kJitterDropSilentNs = 2'000'000'000;
constexpr int64_t kJitterDropAnyNs = 7'000'000'000;
constexpr int64_t kJitterDropSpacingNs = 100'000'000;  // between two drops of frames that are not silent
// Packets in a row with rising numbers which show that the source numbers anew: those
// that are old or known, and those whose number is far off.
constexpr int kJitterOldPacketsMax = 5;
constexpr int kJitterStrayPacketsMax = 2;
constexpr int kJitterSequenceAheadMax = 3000;  // further ahead, or further back than known, is far off
// A timestamp ahead of what numbers and arrival explain, by more than this, is a jump.
constexpr int64_t kJitterTimestampToleranceNs = 60'000'000;
// After a change of SSRC, packets of the earlier one are stragglers for this long.
constexpr int64_t kJitterOldSourceNs = 100'000'000;

// What a packet did to the buffer. kRestart…: what was buffered is discarded and the
// packet starts playout anew, as the first packet of a leg does.
enum class JitterInsert : uint8_t {
  kAccepted,
  kRestartSource,     // a new SSRC
  kRestartCodec,      // another codec than the packet before
  kRestartTimestamp,  // numbered on, but its time jumped
  kRestartSequence,   // numbers jumped or stepped back
  // Dropped:
  kDuplicate,  // its number was there already
  kLate,       // its time was over; the delay rises by a frame
  kOldSource,  // of the SSRC before this one
  kStray,      // its number is far off; the next one decides
  kMalformed,  // not a whole number of samples
  kEmpty,      // no payload; its number counts
  kOverflow,   // more pieces than the buffer can hold
  kCount,
};

struct JitterFrame {
  enum class Kind : uint8_t {
    kAudio,    // decode `bytes`
    kLost,     // conceal
    kSilence,  // nothing to play: not started, comfort noise, or nothing came for long
  };

  Kind kind = Kind::kSilence;
  // Of the stream; another one than in the frame before: reset the decoder.
  Codec codec = Codec::kNone;
  // FormatOf(codec).bytes_per_frame bytes for kAudio; valid until the next Insert.
  const uint8_t* bytes = nullptr;
};

// Counted since construction, in units of the RTP clock where not said otherwise:
//   units_accepted = units_played - units_concealed + units_discarded + buffered
// where units_played counts every frame given out as kAudio or kLost, and
// units_concealed those parts of them that no packet brought.
struct JitterCounters {
  uint64_t packets_accepted = 0;
  uint64_t packets_duplicate = 0;
  uint64_t packets_late = 0;
  uint64_t packets_dropped = 0;  // for any other reason
  uint64_t restarts = 0;
  uint64_t frames_concealed = 0;  // given out as kLost
  uint64_t frames_discarded = 0;  // dropped to bring the delay down, with the ceiling's
  uint64_t units_accepted = 0;    // overlapping ones once
  uint64_t units_played = 0;
  uint64_t units_concealed = 0;
  uint64_t units_discarded = 0;  // after they were accepted; also a dropped frame's
};

// Takes one stream's packets as they come and gives a 20 ms frame each tick, for
// codecs of constant rate. It works in time: packets of any length are cut into
// frames on arrival, pieces of a frame join.
//
// The delay starts so that the first packet is there 3 ms before its tick. A packet
// that comes late is waited for, concealing, so the delay rises at once by as many
// frames as needed. It comes down by a frame at a time, when no packet needed that
// frame for 2 s and the caller finds a frame silent, or for 7 s and whatever it
// holds. A drifting clock is nothing but this: every 100 s at 200 ppm a frame is
// concealed or dropped.
//
// Plain memory (about 14 KiB, of which a G.711 leg at low delay touches under 1 KiB);
// owned by the leg, used on its worker. No call allocates or fails.
class JitterBuffer {
 public:
  // Forgets the stream and its source, keeps the counters.
  void Reset();

  // An audio packet of a codec other than kNone. `arrival_ns`: monotonic clock.
  JitterInsert Insert(const RtpPacket& packet, Codec codec, int64_t arrival_ns);

  // A packet of this source that carries no audio (comfort noise or
  // telephone-event): its number is not missing, and while nothing else comes what is
  // missing is silence, not loss.
  void InsertNonAudio(const RtpPacket& packet, int64_t arrival_ns);

  // This tick's frame. `now_ns`: the tick's nominal time, 20 ms after the last one's;
  // after ticks that were skipped, their frames are discarded as far as buffered.
  JitterFrame Pull(int64_t now_ns);

  // Called after Pull() gave kAudio and the frame was decoded: whether to throw it
  // away and Pull() again (once) with the same time, so that the delay comes down.
  // `silent`: not AboveGate().
  bool ShouldDrop(bool silent);

  const JitterCounters& counters() const { return counters_; }

  // From the arrival of the newest packet's first sample to its tick, µs; what the
  // buffer adds to the way of audio now. 0 when nothing plays.
  int64_t delay_us() const;

  // Accepted and not yet given out or discarded, units of the RTP clock.
  uint32_t buffered_units() const { return store_.units(); }

 private:
  enum class State : uint8_t {
    kIdle,      // no audio yet, or none for long: the next packet starts playout
    kStarting,  // first packet there, its tick not yet
    kPlaying,
  };

  static constexpr int kSequencesKnown = 64;
  static constexpr int64_t kBucketNs = 1'000'000'000;
  // One more than the time looked back, for the newest is still filling.
  static constexpr int kBucketsSilent = kJitterDropSilentNs / kBucketNs + 1;
  static constexpr int kBuckets = kJitterDropAnyNs / kBucketNs + 1;
  static constexpr int32_t kNoSlack = INT32_MAX;

  // A packet that passed the checks of its payload.
  struct Piece {
    uint32_t ssrc;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t units;
    const uint8_t* bytes;
    int64_t arrival_ns;
  };

  JitterInsert Drop(JitterInsert why);
  JitterInsert InsertOtherSource(const Piece& piece, Codec codec);
  JitterInsert InsertOld(const Piece& piece, Codec codec, int behind);
  JitterInsert InsertAhead(const Piece& piece, int ahead);
  JitterInsert DropOld(const Piece& piece, Codec codec, JitterInsert why, int packets_max);
  JitterInsert Restart(JitterInsert why, const Piece& piece, Codec codec);
  void MarkAhead(uint16_t sequence, int ahead);
  void StartAt(const Piece& piece);
  void SetCodec(Codec codec);

  // The playout line.
  int64_t FrameOf(int64_t unit) const;
  int64_t NsOf(int64_t units) const;
  int64_t TickOf(int64_t frame) const;
  JitterInsert Place(const Piece& piece, int64_t unit);
  bool Fits(int64_t unit, uint32_t units) const;
  void DiscardNext();
  void DiscardAll();
  void RaiseFor(int64_t late_ns);

  JitterFrame Next();
  void EndHold();
  void EnforceCeiling();
  JitterFrame Underrun();
  JitterFrame Conceal();
  JitterFrame Play();
  JitterFrame Silence() const { return {JitterFrame::Kind::kSilence, codec_, nullptr}; }

  // Slack: how long before its tick a packet came.
  void NoteSlack(int64_t slack_ns, int64_t now_ns);
  void ShiftSlack(int frames);
  void TurnBuckets(int64_t now_ns);
  bool SlackAllowsDrop(int buckets) const;

  // Touched by each packet and tick.
  State state_ = State::kIdle;
  bool has_source_ = false;
  bool silence_ = false;  // comfort noise or an event since the last audio
  Codec codec_ = Codec::kNone;
  uint8_t bytes_per_unit_ = 1;
  uint8_t held_frames_ = 0;   // concealed while waiting for store_.begin()
  uint8_t raise_frames_ = 0;  // to conceal so that the delay rises
  uint8_t old_packets_ = 0;   // in a row, with rising numbers
  uint16_t units_per_frame_ = 160;
  uint16_t played_hole_units_ = 0;  // made up in the last frame given out
  uint16_t highest_sequence_ = 0;
  uint16_t old_sequence_ = 0;  // of the last old or stray packet
  uint32_t ssrc_ = 0;
  uint32_t next_timestamp_ = 0;  // just after the newest packet
  uint64_t seen_ = 0;            // bit n: highest_sequence_ - n came
  int64_t next_unit_ = 0;        // just after the newest packet, on the playout line
  int64_t last_tick_ns_ = 0;
  int64_t start_ns_ = 0;  // kStarting: play at the first tick not before it
  int64_t first_arrival_ns_ = 0;
  int64_t slack_ns_ = 0;  // of the newest packet
  int64_t bucket_end_ns_ = 0;
  int64_t playing_since_ns_ = 0;
  int64_t drop_any_after_ns_ = 0;
  std::array<int32_t, kBuckets> least_slack_us_ = {};  // of each second; [0] is now
  JitterCounters counters_;
  int64_t old_source_until_ns_ = 0;
  uint32_t old_ssrc_ = 0;

  // Frames [next to play, newest with data]; those that are missing may be held for.
  FrameStore store_;
};

static_assert(std::is_trivially_copyable_v<JitterBuffer>);
static_assert(sizeof(JitterBuffer) <= 14 * 1024);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_JITTER_JITTER_BUFFER_H_
