#include "mediaplane/rtp/telephone_event.h"

#include <algorithm>

namespace tutti::mediaplane {
namespace {

constexpr char kDigits[] = "0123456789*#ABCD";
constexpr uint8_t kDigitCount = sizeof(kDigits) - 1;
// A segment has at most this duration; a longer event goes on in the next one
// (RFC 4733 section 2.5.1.3).
constexpr uint16_t kSegmentMax = 0xffff;

}  // namespace

size_t ParseTelephoneEvents(const RtpPacket& packet, std::array<TelephoneEvent, kTelephoneEventsMax>& events) {
  const size_t count = std::min(packet.payload.size() / kTelephoneEventBytes, events.size());
  uint32_t timestamp = packet.timestamp;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* bytes = packet.payload.data() + i * kTelephoneEventBytes;
    TelephoneEvent& event = events[i];
    event.event = bytes[0];
    event.end = (bytes[1] & 0x80) != 0;
    event.volume = bytes[1] & 0x3f;
    event.duration = static_cast<uint16_t>(bytes[2] << 8 | bytes[3]);
    event.timestamp = timestamp;
    timestamp += event.duration;
  }
  return count;
}

char DigitOf(uint8_t event) { return event < kDigitCount ? kDigits[event] : '\0'; }

void DtmfReceiver::OnPacket(const RtpPacket& packet, int64_t arrival_ns, News& news) {
  std::array<TelephoneEvent, kTelephoneEventsMax> reports;
  const size_t count = ParseTelephoneEvents(packet, reports);
  if (known_ && packet.ssrc != ssrc_) {
    // Another source counts from elsewhere.
    if (active_) news.digits[news.ended++] = End();
    known_ = false;
  }
  ssrc_ = packet.ssrc;
  for (size_t i = 0; i < count; ++i) OnReport(reports[i], packet.marker && i == 0, arrival_ns, news);
}

// The next segment of the digit under way, which had no end so far.
bool DtmfReceiver::Continues(const TelephoneEvent& report, bool marker) const {
  if (!active_ || marker || report.event != event_) return false;
  const uint32_t step = report.timestamp - timestamp_;
  return step == kSegmentMax || (segment_ > 0 && step == segment_);
}

void DtmfReceiver::OnReport(const TelephoneEvent& report, bool marker, int64_t arrival_ns, News& news) {
  if (DigitOf(report.event) == '\0') return;
  if (known_ && report.timestamp != timestamp_) {
    const bool back = static_cast<int32_t>(report.timestamp - timestamp_) < 0;
    if (back && arrival_ns - heard_ns_ < kDigitStaleNs) return;
    if (!back && Continues(report, marker)) {
      before_ += report.timestamp - timestamp_;
      timestamp_ = report.timestamp;
      segment_ = 0;
    } else {
      // Its end was lost.
      if (active_) news.digits[news.ended++] = End();
      known_ = false;
    }
  }
  if (!known_) {
    known_ = true;
    active_ = true;
    event_ = report.event;
    before_ = 0;
    segment_ = 0;
    timestamp_ = report.timestamp;
    news.began = true;
  }
  // The end of it was told before.
  if (!active_) return;
  heard_ns_ = arrival_ns;
  segment_ = std::max(segment_, report.duration);
  if (report.end) news.digits[news.ended++] = End();
}

DtmfReceiver::Digit DtmfReceiver::End() {
  active_ = false;
  return {DigitOf(event_), before_ + segment_};
}

std::optional<DtmfReceiver::Digit> DtmfReceiver::Expire(int64_t now_ns) {
  if (!active_ || now_ns - heard_ns_ < kDigitTimeoutNs) return std::nullopt;
  return End();
}

}  // namespace tutti::mediaplane
