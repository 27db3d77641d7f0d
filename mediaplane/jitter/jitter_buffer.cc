#include "mediaplane/jitter/jitter_buffer.h"

#include <algorithm>
#include <numeric>

namespace tutti::mediaplane {
namespace {

constexpr int kNsPerUs = 1000;

int32_t ToUs(int64_t ns) {
  return static_cast<int32_t>(std::clamp<int64_t>(ns / kNsPerUs, INT32_MIN / 2, INT32_MAX / 2));
}

}  // namespace

void JitterBuffer::Reset() {
  DiscardAll();
  state_ = State::kIdle;
  has_source_ = false;
  silence_ = false;
  old_packets_ = 0;
  old_source_until_ns_ = 0;
}

JitterInsert JitterBuffer::Insert(const RtpPacket& packet, Codec codec, int64_t arrival_ns) {
  const AudioFormat& format = FormatOf(codec);
  if (packet.payload.empty()) {
    InsertNonAudio(packet, arrival_ns);
    return Drop(JitterInsert::kEmpty);
  }
  if (format.bytes_per_unit == 2 && packet.payload.size() % 2 != 0) return Drop(JitterInsert::kMalformed);
  const size_t frames = packet.payload.size() / format.bytes_per_frame + 2;
  if (frames > FrameStore::FramesMax(format)) return Drop(JitterInsert::kOverflow);
  const Piece piece = {packet.ssrc,           packet.sequence,
                       packet.timestamp,      static_cast<uint32_t>(packet.payload.size() / format.bytes_per_unit),
                       packet.payload.data(), arrival_ns};

  if (!has_source_ || piece.ssrc != ssrc_) [[unlikely]]
    return InsertOtherSource(piece, codec);
  const int ahead = static_cast<int16_t>(piece.sequence - highest_sequence_);
  if (ahead <= 0) return InsertOld(piece, codec, -ahead);
  if (ahead > kJitterSequenceAheadMax) {
    if (state_ == State::kIdle) return Restart(JitterInsert::kRestartSequence, piece, codec);
    return DropOld(piece, codec, JitterInsert::kStray, kJitterStrayPacketsMax);
  }
  if (codec != codec_) [[unlikely]] {
    if (codec_ != Codec::kNone) return Restart(JitterInsert::kRestartCodec, piece, codec);
    SetCodec(codec);
  }
  return InsertAhead(piece, ahead);
}

void JitterBuffer::InsertNonAudio(const RtpPacket& packet, int64_t arrival_ns) {
  if (has_source_ && packet.ssrc != ssrc_) return;
  if (!has_source_) {
    has_source_ = true;
    ssrc_ = packet.ssrc;
    highest_sequence_ = packet.sequence;
    seen_ = 1;
    SetCodec(Codec::kNone);
    next_timestamp_ = packet.timestamp;
    old_source_until_ns_ = arrival_ns;
    return;
  }
  const int ahead = static_cast<int16_t>(packet.sequence - highest_sequence_);
  if (ahead > kJitterSequenceAheadMax || ahead <= -kSequencesKnown) return;
  if (ahead > 0) {
    MarkAhead(packet.sequence, ahead);
  } else {
    seen_ |= uint64_t{1} << -ahead;
  }
  silence_ = true;
}

JitterInsert JitterBuffer::Drop(JitterInsert why) {
  if (why == JitterInsert::kDuplicate) {
    ++counters_.packets_duplicate;
  } else if (why == JitterInsert::kLate) {
    ++counters_.packets_late;
  } else {
    ++counters_.packets_dropped;
  }
  return why;
}

JitterInsert JitterBuffer::InsertOtherSource(const Piece& piece, Codec codec) {
  if (!has_source_) {
    has_source_ = true;
    ssrc_ = piece.ssrc;
    old_source_until_ns_ = piece.arrival_ns;
    highest_sequence_ = piece.sequence;
    seen_ = 1;
    SetCodec(codec);
    StartAt(piece);
    return Place(piece, next_unit_);
  }
  if (piece.ssrc == old_ssrc_ && piece.arrival_ns < old_source_until_ns_) return Drop(JitterInsert::kOldSource);
  old_ssrc_ = ssrc_;
  old_source_until_ns_ = piece.arrival_ns + kJitterOldSourceNs;
  ssrc_ = piece.ssrc;
  return Restart(JitterInsert::kRestartSource, piece, codec);
}

JitterInsert JitterBuffer::InsertOld(const Piece& piece, Codec codec, int behind) {
  if (behind >= kSequencesKnown) {
    if (state_ == State::kIdle) return Restart(JitterInsert::kRestartSequence, piece, codec);
    return DropOld(piece, codec, JitterInsert::kStray, kJitterStrayPacketsMax);
  }
  const uint64_t bit = uint64_t{1} << behind;
  if ((seen_ & bit) != 0) return DropOld(piece, codec, JitterInsert::kDuplicate, kJitterOldPacketsMax);
  seen_ |= bit;
  if (codec != codec_ || state_ == State::kIdle) return Drop(JitterInsert::kLate);
  const int64_t unit = next_unit_ + static_cast<int32_t>(piece.timestamp - next_timestamp_);
  if (unit + piece.units <= store_.begin() * units_per_frame_) {
    RaiseFor(piece.arrival_ns - TickOf(FrameOf(unit)));
    return Drop(JitterInsert::kLate);
  }
  if (!Fits(unit, piece.units)) return Drop(JitterInsert::kOverflow);
  return Place(piece, unit);
}

JitterInsert JitterBuffer::DropOld(const Piece& piece, Codec codec, JitterInsert why, int packets_max) {
  const bool follows = old_packets_ > 0 && piece.sequence == static_cast<uint16_t>(old_sequence_ + 1);
  old_packets_ = static_cast<uint8_t>(follows ? old_packets_ + 1 : 1);
  old_sequence_ = piece.sequence;
  if (old_packets_ >= packets_max) return Restart(JitterInsert::kRestartSequence, piece, codec);
  return Drop(why);
}

JitterInsert JitterBuffer::InsertAhead(const Piece& piece, int ahead) {
  MarkAhead(piece.sequence, ahead);
  const int32_t step = static_cast<int32_t>(piece.timestamp - next_timestamp_);
  if (state_ == State::kIdle) {
    StartAt(piece);
    return Place(piece, next_unit_);
  }
  int64_t unit = next_unit_ + step;
  if (step != 0) {
    const bool ran_out = state_ == State::kPlaying && store_.end() == store_.begin() && held_frames_ > 0;
    if (ran_out && step > 0 && (ahead == 1 || silence_)) {
      // The sender paused: nothing is missing, and its next words need no old delay.
      StartAt(piece);
      unit = next_unit_;
    } else {
      const int64_t lost_ns = NsOf(int64_t{ahead - 1} * piece.units);
      const int64_t slack_ns = TickOf(FrameOf(unit)) - piece.arrival_ns;
      const bool too_early = slack_ns > slack_ns_ + lost_ns + kJitterTimestampToleranceNs;
      if (unit < store_.begin() * units_per_frame_ || too_early || !Fits(unit, piece.units)) {
        return Restart(JitterInsert::kRestartTimestamp, piece, codec_);
      }
    }
  }
  return Place(piece, unit);
}

void JitterBuffer::MarkAhead(uint16_t sequence, int ahead) {
  seen_ = (ahead < kSequencesKnown ? seen_ << ahead : 0) | 1;
  highest_sequence_ = sequence;
  old_packets_ = 0;
}

JitterInsert JitterBuffer::Restart(JitterInsert why, const Piece& piece, Codec codec) {
  ++counters_.restarts;
  highest_sequence_ = piece.sequence;
  seen_ = 1;
  old_packets_ = 0;
  DiscardAll();
  SetCodec(codec);
  StartAt(piece);
  Place(piece, next_unit_);
  return why;
}

// Frames begin anew with this packet. It must be there 3 ms before its tick; when
// packets and frames don't end together, so must the one that begins latest in a frame.
void JitterBuffer::StartAt(const Piece& piece) {
  DiscardAll();
  next_unit_ = store_.begin() * units_per_frame_;
  next_timestamp_ = piece.timestamp;
  const uint32_t latest = units_per_frame_ - std::gcd(piece.units, uint32_t{units_per_frame_});
  first_arrival_ns_ = piece.arrival_ns;
  start_ns_ = piece.arrival_ns + kJitterMarginNs + NsOf(latest);
  state_ = State::kStarting;
  slack_ns_ = start_ns_ - piece.arrival_ns;
}

void JitterBuffer::SetCodec(Codec codec) {
  const AudioFormat& format = FormatOf(codec);
  codec_ = codec;
  bytes_per_unit_ = format.bytes_per_unit;
  units_per_frame_ = format.units_per_frame;
  store_.SetFormat(format);
}

int64_t JitterBuffer::FrameOf(int64_t unit) const {
  // Floor; constants, so that no division is left. The line begins at 0 and only
  // timestamps before it are negative.
  const int64_t shifted = unit < 0 ? unit - (units_per_frame_ - 1) : unit;
  return units_per_frame_ == 160 ? shifted / 160 : shifted / 320;
}

int64_t JitterBuffer::NsOf(int64_t units) const {
  return units_per_frame_ == 160 ? units * (kTickNs / 160) : units * (kTickNs / 320);
}

// While frames are held this is the tick as it was before: if the wait was for a lost
// packet it stays so, if for a late one EndHold() moves all by the frames held.
int64_t JitterBuffer::TickOf(int64_t frame) const {
  const int64_t next_tick_ns = state_ == State::kPlaying ? last_tick_ns_ + kTickNs : start_ns_;
  return next_tick_ns + (frame - store_.begin() - held_frames_) * kTickNs;
}

bool JitterBuffer::Fits(int64_t unit, uint32_t units) const { return store_.Fits(FrameOf(unit + units - 1)); }

JitterInsert JitterBuffer::Place(const Piece& piece, int64_t unit) {
  const int64_t first_frame = FrameOf(unit);
  const int64_t slack_ns = TickOf(first_frame) - piece.arrival_ns;
  for (int64_t over_ns = slack_ns - kJitterDelayNsMax; over_ns > 0 && store_.begin() < first_frame;
       over_ns -= kTickNs) {
    DiscardNext();
    ShiftSlack(-1);
  }
  if (!Fits(unit, piece.units)) return Drop(JitterInsert::kOverflow);

  // What is before the next frame is late, the rest is not.
  const int64_t late = std::max<int64_t>(store_.begin() * units_per_frame_ - unit, 0);
  const uint8_t* from = piece.bytes + late * bytes_per_unit_;
  int64_t left = piece.units - late;
  int64_t frame = late > 0 ? store_.begin() : first_frame;
  auto offset = static_cast<uint16_t>(unit + late - frame * units_per_frame_);
  uint32_t added = 0;
  while (left > 0) {
    const auto part = static_cast<uint16_t>(std::min<int64_t>(left, units_per_frame_ - offset));
    added += static_cast<uint32_t>(std::max(store_.Write(frame, offset, from, part), 0));
    from += size_t{part} * bytes_per_unit_;
    left -= part;
    offset = 0;
    ++frame;
  }
  counters_.units_accepted += added;
  ++counters_.packets_accepted;

  const int64_t end = unit + piece.units;
  const auto newer = static_cast<int32_t>(piece.timestamp + piece.units - next_timestamp_);
  if (newer > 0 || piece.sequence == highest_sequence_) {
    next_unit_ = end;
    next_timestamp_ = piece.timestamp + piece.units;
    slack_ns_ = TickOf(first_frame) - piece.arrival_ns;
  }
  silence_ = false;
  if (state_ == State::kPlaying) NoteSlack(TickOf(first_frame) - piece.arrival_ns, piece.arrival_ns);
  return JitterInsert::kAccepted;
}

void JitterBuffer::DiscardNext() {
  const FrameStore::Taken taken = store_.Take();
  if (taken.bytes == nullptr) return;
  counters_.units_discarded += taken.units;
  ++counters_.frames_discarded;
}

void JitterBuffer::DiscardAll() {
  while (store_.begin() < store_.end()) DiscardNext();
  held_frames_ = 0;
  raise_frames_ = 0;
}

// A packet came `late_ns` after its tick, too late to be waited for. The delay rises
// by as much, unless that is more than the ceiling allows.
void JitterBuffer::RaiseFor(int64_t late_ns) {
  if (state_ != State::kPlaying || late_ns <= 0) return;
  const int64_t frames = (late_ns + kTickNs - 1) / kTickNs;
  if (slack_ns_ + frames * kTickNs > kJitterDelayNsMax) return;
  raise_frames_ = static_cast<uint8_t>(std::max<int64_t>(raise_frames_, frames));
}

JitterFrame JitterBuffer::Pull(int64_t now_ns) {
  played_hole_units_ = 0;
  if (state_ == State::kStarting && now_ns >= start_ns_) {
    state_ = State::kPlaying;
    playing_since_ns_ = now_ns;
    least_slack_us_.fill(kNoSlack);
    bucket_end_ns_ = now_ns + kBucketNs;
    last_tick_ns_ = now_ns - kTickNs;
    slack_ns_ += now_ns - start_ns_;
    NoteSlack(now_ns - first_arrival_ns_, now_ns);
    EnforceCeiling();
  }
  if (state_ != State::kPlaying) return Silence();
  for (int64_t skipped_ns = now_ns - last_tick_ns_ - 2 * kTickNs; skipped_ns >= 0 && store_.begin() + 1 < store_.end();
       skipped_ns -= kTickNs) {
    DiscardNext();
  }
  last_tick_ns_ = now_ns;
  if (raise_frames_ > 0) {
    --raise_frames_;
    if (slack_ns_ + kTickNs <= kJitterDelayNsMax) {
      ShiftSlack(1);
      return Conceal();
    }
  }
  return Next();
}

JitterFrame JitterBuffer::Next() {
  // Frames that prove lost and were concealed while they were waited for.
  while (held_frames_ > 0 && store_.begin() + 1 < store_.end() && !store_.Whole(store_.begin())) {
    DiscardNext();
    --held_frames_;
  }
  if (store_.Whole(store_.begin())) {
    if (held_frames_ == 0) [[likely]]
      return Play();
    EndHold();
    return Next();
  }
  if (store_.begin() + 1 >= store_.end()) return Underrun();
  // Later frames are there, so what this one lacks is taken for lost.
  if (store_.Has(store_.begin())) return Play();
  store_.Take();
  return Conceal();
}

// What was waited for came late: from now on all plays later.
void JitterBuffer::EndHold() {
  ShiftSlack(held_frames_);
  held_frames_ = 0;
  EnforceCeiling();
}

void JitterBuffer::EnforceCeiling() {
  while (slack_ns_ > kJitterDelayNsMax && store_.begin() + 1 < store_.end()) {
    DiscardNext();
    ShiftSlack(-1);
  }
}

// Nothing after this frame has come: what is missing may only be late.
JitterFrame JitterBuffer::Underrun() {
  const bool has_part = store_.Has(store_.begin());
  if (silence_ && has_part) return Play();
  if (silence_ || held_frames_ >= kJitterConcealFramesMax) {
    DiscardAll();
    state_ = State::kIdle;
    return Silence();
  }
  ++held_frames_;
  return Conceal();
}

JitterFrame JitterBuffer::Conceal() {
  ++counters_.frames_concealed;
  counters_.units_played += units_per_frame_;
  counters_.units_concealed += units_per_frame_;
  return {JitterFrame::Kind::kLost, codec_, nullptr};
}

JitterFrame JitterBuffer::Play() {
  const FrameStore::Taken taken = store_.Take();
  played_hole_units_ = static_cast<uint16_t>(units_per_frame_ - taken.units);
  counters_.units_concealed += played_hole_units_;
  counters_.units_played += units_per_frame_;
  return {JitterFrame::Kind::kAudio, codec_, taken.bytes};
}

bool JitterBuffer::ShouldDrop(bool silent) {
  constexpr int32_t kNeededUs = (kTickNs + kJitterMarginNs) / kNsPerUs;
  if (state_ != State::kPlaying || least_slack_us_[0] < kNeededUs) [[likely]]
    return false;
  TurnBuckets(last_tick_ns_);
  const int64_t playing_ns = last_tick_ns_ - playing_since_ns_;
  const bool any = playing_ns >= kJitterDropAnyNs && last_tick_ns_ >= drop_any_after_ns_ && SlackAllowsDrop(kBuckets);
  const bool now = any || (silent && playing_ns >= kJitterDropSilentNs && SlackAllowsDrop(kBucketsSilent));
  if (!now || !store_.Whole(store_.begin())) return false;
  drop_any_after_ns_ = last_tick_ns_ + kJitterDropSpacingNs;
  counters_.units_played -= units_per_frame_;
  counters_.units_concealed -= played_hole_units_;
  counters_.units_discarded += units_per_frame_ - played_hole_units_;
  ++counters_.frames_discarded;
  ShiftSlack(-1);
  return true;
}

void JitterBuffer::NoteSlack(int64_t slack_ns, int64_t now_ns) {
  if (now_ns >= bucket_end_ns_) TurnBuckets(now_ns);
  least_slack_us_[0] = std::min(least_slack_us_[0], ToUs(slack_ns));
}

// Playout moved by `frames` against the packets.
void JitterBuffer::ShiftSlack(int frames) {
  slack_ns_ += frames * kTickNs;
  for (int32_t& slack : least_slack_us_) {
    if (slack != kNoSlack) slack += static_cast<int32_t>(frames * kTickNs / kNsPerUs);
  }
}

void JitterBuffer::TurnBuckets(int64_t now_ns) {
  for (int turns = 0; now_ns >= bucket_end_ns_ && turns < kBuckets; ++turns) {
    std::copy_backward(least_slack_us_.begin(), least_slack_us_.end() - 1, least_slack_us_.end());
    least_slack_us_[0] = kNoSlack;
    bucket_end_ns_ += kBucketNs;
  }
  if (now_ns >= bucket_end_ns_) bucket_end_ns_ = now_ns + kBucketNs;
}

bool JitterBuffer::SlackAllowsDrop(int buckets) const {
  constexpr int32_t kNeededUs = (kTickNs + kJitterMarginNs) / kNsPerUs;
  const auto end = least_slack_us_.begin() + buckets;
  return std::all_of(least_slack_us_.begin(), end, [](int32_t slack) { return slack >= kNeededUs; });
}

int64_t JitterBuffer::delay_us() const { return state_ == State::kPlaying ? slack_ns_ / kNsPerUs : 0; }

}  // namespace tutti::mediaplane
