#ifndef MEDIAPLANE_RTP_TELEPHONE_EVENT_H_
#define MEDIAPLANE_RTP_TELEPHONE_EVENT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mediaplane/rtp/rtp_packet.h"

namespace tutti::mediaplane {

// One event report of a telephone-event payload (RFC 4733 section 2.3).
struct TelephoneEvent {
  uint8_t event = 0;
  bool end = false;
  uint8_t volume = 0;      // -dBm0
  uint16_t duration = 0;   // units of the RTP clock, since `timestamp`
  uint32_t timestamp = 0;  // of its beginning
};

constexpr size_t kTelephoneEventBytes = 4;
// Reports in one packet, one behind the other, each beginning where the one
// before it ends (RFC 4733 section 2.5.1.5); more are not read.
constexpr size_t kTelephoneEventsMax = 8;

// The reports of a packet; bytes that make no whole report are left out.
size_t ParseTelephoneEvents(const RtpPacket& packet, std::array<TelephoneEvent, kTelephoneEventsMax>& events);

// The character of an event that is a DTMF digit (RFC 4733 section 3.2): "0" to
// "9", "*", "#", "A" to "D"; 0 for any other.
char DigitOf(uint8_t event);

// A digit of which no packet came for so long has ended.
constexpr int64_t kDigitTimeoutNs = 200'000'000;
// After so long a timestamp that lies back is taken for a sender's that counts
// anew, not for a late packet.
constexpr int64_t kDigitStaleNs = 2'000'000'000;

// Makes one digit out of the many packets that tell of it: repeated, lost,
// reordered, or cut into segments because it is long. Plain memory; owned by the
// leg, used on its worker.
class DtmfReceiver {
 public:
  struct Digit {
    char digit = 0;
    uint32_t duration = 0;  // units of the RTP clock
  };

  // What a packet tells. Up to one digit ends with each of its reports, and one
  // more that was under way before.
  struct News {
    bool began = false;  // a digit not heard of before
    size_t ended = 0;
    std::array<Digit, kTelephoneEventsMax + 1> digits;
  };

  // A packet of the negotiated payload type.
  void OnPacket(const RtpPacket& packet, int64_t arrival_ns, News& news);

  // The digit that has ended because nothing more came of it. To be asked every
  // tick while `active`.
  std::optional<Digit> Expire(int64_t now_ns);

  // A digit is under way.
  bool active() const { return active_; }

  void Reset() { *this = DtmfReceiver(); }

 private:
  void OnReport(const TelephoneEvent& report, bool marker, int64_t arrival_ns, News& news);
  bool Continues(const TelephoneEvent& report, bool marker) const;
  Digit End();

  bool active_ = false;
  bool known_ = false;  // timestamp_ is of a digit
  uint8_t event_ = 0;
  uint16_t segment_ = 0;    // of the current segment, as far as it is known
  uint32_t before_ = 0;     // of the segments before it
  uint32_t timestamp_ = 0;  // of the newest digit's current segment
  uint32_t ssrc_ = 0;
  int64_t heard_ns_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RTP_TELEPHONE_EVENT_H_
