// Any packets in a row (length, then bytes), with time passing between them: every
// digit that begins ends exactly once, and one of them is a digit.

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "mediaplane/rtp/telephone_event.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tutti::mediaplane;
  DtmfReceiver receiver;
  int64_t now_ns = 0;
  uint64_t reports = 0, ended = 0;
  const auto check = [&](const DtmfReceiver::Digit& digit) {
    ++ended;
    if (std::string_view("0123456789*#ABCD").find(digit.digit) == std::string_view::npos) std::abort();
  };
  while (size > 0) {
    const size_t length = std::min<size_t>(data[0], size - 1);
    RtpPacket packet;
    if (ParseRtp({data + 1, length}, packet) == RtpError::kNone) {
      DtmfReceiver::News news;
      receiver.OnPacket(packet, now_ns, news);
      for (size_t i = 0; i < news.ended; ++i) check(news.digits[i]);
      reports += packet.payload.size() / kTelephoneEventBytes;
    }
    now_ns += int64_t{data[0]} * 10'000'000;
    if (const auto digit = receiver.Expire(now_ns)) check(*digit);
    data += 1 + length;
    size -= 1 + length;
  }
  if (const auto digit = receiver.Expire(now_ns + kDigitTimeoutNs)) check(*digit);
  if (receiver.active() || ended > reports) std::abort();
  return 0;
}
