#ifndef MEDIAPLANE_ENGINE_LEG_H_
#define MEDIAPLANE_ENGINE_LEG_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "mediaplane/audio/codec.h"
#include "mediaplane/audio/format.h"
#include "mediaplane/audio/gate.h"
#include "mediaplane/audio/resample.h"
#include "mediaplane/audio/talk.h"
#include "mediaplane/engine/counters.h"
#include "mediaplane/engine/encoder_stream.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/engine/player.h"
#include "mediaplane/engine/source_rule.h"
#include "mediaplane/jitter/jitter_buffer.h"
#include "mediaplane/port/port.h"
#include "mediaplane/rtp/receive_statistics.h"
#include "mediaplane/rtp/telephone_event.h"

namespace tutti::mediaplane {

// A leg's figures as its worker writes and the control thread reads them.
struct LegFigureCounters {
  Counter packets_received;
  Counter bytes_received;
  Counter packets_sent;
  Counter bytes_sent;
  Counter packets_dropped;
  // Written by Publish, every half second.
  Counter packets_lost;
  Counter packets_late;
  Counter packets_duplicate;
  Counter frames_concealed;
  Counter frames_discarded;
  Counter jitter_us;
  Counter buffer_delay_us;
  Counter remote_loss_permille;
  Counter round_trip_us;

  void Clear();
  LegFigures Read() const;
};

// Why what a leg hears is not what all hear, or what it says is not simply added:
// bits of Leg::special. None is set for most legs.
enum LegSpecial : uint8_t {
  kSilenced = 1,        // muted or on hold: nothing of it is heard
  kUnhearing = 2,       // deaf or on hold: it hears nothing of its bridge
  kHearingChanges = 4,  // in the next frame
  kPlays = 8,           // a sound is played to it
  kWhispered = 16,      // in this tick an exclusive leg speaks to it
  kExclusive = 32,      // heard by some only
  kSwitching = 64,      // silent until it has left the mix, then takes its new heard_only_by
  kGain = 128,          // its volume is not unity, or was not
};
// Those that make a leg hear something of its own.
constexpr uint8_t kHearsSpecial = kUnhearing | kHearingChanges | kPlays | kWhispered;

// Everything a leg is on its worker. It belongs to the worker that last took it
// (by kStart or a handover); the control thread reads only what is said to be
// read by it.
struct alignas(64) Leg {
  // What a tick touches.
  Codec codec = Codec::kNone;
  MixRate rate = MixRate::k8000;
  uint8_t payload_type = 0;
  uint8_t telephone_event_type = kNoPayloadType;
  bool may_send = false;
  bool may_receive = false;
  bool in_mix = false;         // `own` is in this tick's sum
  bool shares_stream = false;  // is sent what the listeners of its codec are sent
  bool marker_next = true;
  bool moved = false;       // since its last tick: catch up, don't skip
  bool was_silent = false;  // nothing came in the last frame either
  uint8_t ticks_due = 0;    // this tick: 0 (too early) or 1
  uint8_t special = 0;      // LegSpecial
  bool heard = false;       // something of it was in the last frame of a mix
  bool digit_active = false;
  bool hears_room = false;  // in the last frame
  bool hears_hold = false;
  SpeechGate gate;
  TalkDetector talk;
  uint16_t gain = kUnityGain;         // of its volume
  uint16_t gain_before = kUnityGain;  // of the last frame
  uint16_t sequence = 0;              // of the next packet
  uint32_t timestamp = 0;             // of the next packet
  uint32_t ssrc = 0;
  BridgeSlot bridge = kNoBridgeSlot;
  uint16_t phase = 0;
  int64_t frame_ns = 0;   // nominal time of the last frame; 0: none yet
  int64_t chores_ns = 0;  // when to do Chores next
  SocketAddress rtp_to;
  bool rtcp_mux = false;
  bool comfort_noise = false;  // the last packet said so
  int64_t heard_ns = 0;        // the last packet, or since when it is waited for

  // What a received packet touches.
  alignas(64) SourceRule source;
  ReceiveStatistics receive;

  // Read by the control thread.
  alignas(64) LegFigureCounters figures;
  std::atomic<uint32_t> done = 0;  // sequence of the last command carried out
  // Whether it talks, in bit 0; above it, of which kStart or kMove it is there.
  std::atomic<uint32_t> talk_state = 0;
  PlayOutcome play_outcome;
  std::atomic<bool> media_timed_out = false;

  // RTCP and identity; touched twice a second.
  uint32_t generation = 0;
  uint64_t random = 0;  // state of its own generator
  int64_t media_timeout_ns = 0;
  int64_t report_ns = 0;          // when the next report is due
  uint64_t packets_reported = 0;  // sent when the last report went out
  LegFigures published;           // what the worker's totals have of it
  LegMedia media;
  Endpoint endpoint;

  alignas(64) Decoder decoder;
  EncoderStream stream;  // of its own: a talker's, or not yet equal to the shared one
  // What was added to the sum of its rate this tick, so that it can be subtracted.
  alignas(64) std::array<int16_t, kSamplesPerFrameMax> own;
  JitterBuffer jitter;

  // What most legs never need.
  alignas(64) LegSettings settings;
  uint32_t attached = 0;  // sequence of the kStart or kMove that brought it here
  // Who hears it while kExclusive is set.
  std::array<LegReference, kHeardOnlyByMax> heard_only_by;
  DtmfReceiver dtmf;
  Player player;
  // Of an exclusive leg: its frame for listeners of the other rate.
  Upsampler up;
  Downsampler down;
  std::array<int16_t, kSamplesPerFrameMax> own_other_rate;

  // A small generator for intervals (xorshift64*); never zero.
  uint64_t Random() {
    random ^= random >> 12;
    random ^= random << 25;
    random ^= random >> 27;
    return random * 0x2545F4914F6CDD1D;
  }
};

// All of a leg, with the jitter buffer's storage for the widest codec. Hot for a
// G.711 leg: what is before the storage, and the frames buffered.
static_assert(sizeof(Leg) <= 16 * 1024);
// Else the same lines of all legs meet in half of a cache's sets.
static_assert(sizeof(Leg) / 64 % 2 == 1);
static_assert(sizeof(Leg) - sizeof(JitterBuffer) <= 4 * 1024);

// Neighbours in the list of a bridge, or of a phase's legs without one. Apart
// from the legs, so that walking a list touches little memory and what it finds
// can be prefetched.
struct LegLink {
  LegSlot next = kNoLegSlot;
  LegSlot previous = kNoLegSlot;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_LEG_H_
