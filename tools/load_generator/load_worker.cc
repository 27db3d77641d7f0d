#include "tools/load_generator/load_worker.h"

#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "tools/caller/negotiation.h"

namespace tutti::tools {
namespace {

constexpr size_t kRtpHeaderBytes = 12;
constexpr int64_t kLateSendNs = 10'000'000;
constexpr int64_t kRtcpTicks = 250;  // 5 s
constexpr int64_t kRoomStaggerNs = 137'000'000;

void Put16(uint8_t* at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

void Put32(uint8_t* at, uint32_t value) {
  Put16(at, static_cast<uint16_t>(value >> 16));
  Put16(at + 2, static_cast<uint16_t>(value));
}

}  // namespace

int64_t RealTimeNs() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

void SleepUntil(int64_t real_ns) {
  const timespec at = {.tv_sec = real_ns / 1'000'000'000, .tv_nsec = real_ns % 1'000'000'000};
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, nullptr);
}

LoadWorker::LoadWorker(const WorkerOptions& options, std::vector<LoadCaller*> callers)
    : options_(options),
      format_(mediaplane::FormatOf(options.codec)),
      payload_type_(PayloadTypeOf(options.codec)),
      callers_(std::move(callers)),
      meter_(Ear::WindowSamples(format_.sample_rate), format_.sample_rate) {
  int rooms = 0;
  for (const LoadCaller* caller : callers_) rooms = std::max(rooms, caller->plan.room + 1);
  rooms_.resize(static_cast<size_t>(rooms));
  for (int room = 0; room < rooms; ++room) {
    rooms_[room].start_ns = options.start_ns + room * kRoomStaggerNs % Schedule::kPeriodNs;
  }
  PrepareLoops();
  for (LoadCaller* caller : callers_) {
    const bool talks = caller->plan.role == Role::kTalker;
    EarOptions ear = {.sample_rate_hz = format_.sample_rate,
                      .own_tone = talks ? ToneOf(caller->plan.room, options.talkers_per_room, caller->plan.place) : -1,
                      .first_talker = talks && caller->plan.place == 0,
                      .level_dbfs = SineDbfs(TonePeak(options.talkers_per_room))};
    for (int talker = 0; talker < options.talkers_per_room; ++talker) {
      if (talker != caller->plan.place) ear.expected.set(ToneOf(caller->plan.room, options.talkers_per_room, talker));
    }
    caller->ear = std::make_unique<Ear>(ear, &rooms_[caller->plan.room], &meter_);
    caller->decoder = std::make_unique<PayloadDecoder>(options.codec);
    caller->stream.Start(options.measure_start_ns);
  }
}

LoadWorker::Loop LoadWorker::Encode(const std::vector<int16_t>& second) const {
  PayloadEncoder encoder(options_.codec);
  const size_t frames = second.size() / format_.samples_per_frame;
  Loop loop(frames * format_.bytes_per_frame);
  // Twice: a codec with a state then goes on at the seam as it began.
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t frame = 0; frame < frames; ++frame) {
      encoder.Encode(std::span(second).subspan(frame * format_.samples_per_frame, format_.samples_per_frame),
                     loop.data() + frame * format_.bytes_per_frame);
    }
  }
  return loop;
}

void LoadWorker::PrepareLoops() {
  const double peak = TonePeak(options_.talkers_per_room);
  for (const LoadCaller* caller : callers_) {
    if (caller->plan.role != Role::kTalker) continue;
    const int tone = ToneOf(caller->plan.room, options_.talkers_per_room, caller->plan.place);
    if (tones_[tone].empty()) tones_[tone] = Encode(ToneSecond(kTonesHz[tone], format_.sample_rate, peak));
  }
  noise_ = Encode(QuietNoiseSecond(format_.sample_rate, /*seed=*/1));
  silence_ = Encode(std::vector<int16_t>(format_.sample_rate));
}

void LoadWorker::Run(const std::atomic<bool>& stop) {
  std::array<std::vector<LoadCaller*>, kSlots> slots;
  for (size_t i = 0; i < callers_.size(); ++i) slots[i % kSlots].push_back(callers_[i]);
  bool measuring = false;
  for (int64_t tick = 0; !stop.load(std::memory_order_relaxed); ++tick) {
    const int64_t tick_ns = options_.start_ns + tick * kSlots * kSlotNs;
    if (tick_ns >= options_.end_ns) break;
    if (!measuring && tick_ns >= options_.measure_start_ns) {
      measuring = true;
      sent_late_ = 0;
      for (LoadCaller* caller : callers_) {
        Drain(*caller);
        caller->stream.Start(tick_ns);
        caller->ear->Reset();
        caller->sent = 0;
      }
    }
    for (int slot = 0; slot < kSlots; ++slot) {
      const int64_t nominal_ns = tick_ns + slot * kSlotNs;
      SleepUntil(nominal_ns);
      const int64_t now_ns = RealTimeNs();
      const bool late = now_ns - nominal_ns > kLateSendNs;
      if (late) sent_late_ += slots[slot].size();
      for (LoadCaller* caller : slots[slot]) {
        Drain(*caller);
        if (late) rooms_[caller->plan.room].sent_late_ns = now_ns;
        SendRtp(*caller, nominal_ns, tick);
        if (tick % kRtcpTicks == slot && options_.echo == nullptr) SendRtcp(*caller);
      }
    }
  }
  for (LoadCaller* caller : callers_) Drain(*caller);
}

void LoadWorker::SendRtp(LoadCaller& caller, int64_t nominal_ns, int64_t tick) {
  RoomState& room = rooms_[caller.plan.room];
  const Loop* loop = &silence_;
  int64_t frame = tick;
  bool onset = false;
  switch (caller.plan.role) {
    case Role::kNothing:
      return;
    case Role::kSilence:
      break;
    case Role::kNoise:
      loop = &noise_;
      break;
    case Role::kTalker: {
      const bool first = caller.plan.place == 0;
      const int64_t at_ns = nominal_ns - room.start_ns;
      if (!Schedule::Speaks(first, at_ns)) break;
      loop = &tones_[ToneOf(caller.plan.room, options_.talkers_per_room, caller.plan.place)];
      // Each time from the sine's beginning, so that an onset is where a packet begins.
      frame = (at_ns % Schedule::kPeriodNs - (first ? 0 : Schedule::kOthersAfterNs)) / mediaplane::kTickNs;
      onset = first && frame == 0;
      break;
    }
  }
  const size_t frames = loop->size() / format_.bytes_per_frame;
  uint8_t packet[kRtpHeaderBytes + mediaplane::kBytesPerFrameMax];
  packet[0] = 0x80;
  packet[1] = payload_type_;
  Put16(packet + 2, caller.sequence++);
  Put32(packet + 4, caller.timestamp);
  Put32(packet + 8, caller.ssrc);
  caller.timestamp += format_.units_per_frame;
  std::memcpy(packet + kRtpHeaderBytes, loop->data() + static_cast<size_t>(frame) % frames * format_.bytes_per_frame,
              format_.bytes_per_frame);
  const UdpAddress& to = options_.echo != nullptr ? *options_.echo : caller.remote_rtp;
  if (onset) room.onset_sent_ns = RealTimeNs();
  if (sendto(caller.sockets.rtp(), packet, kRtpHeaderBytes + format_.bytes_per_frame, MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&to.storage), to.length) > 0) {
    ++caller.sent;
  }
}

void LoadWorker::SendRtcp(LoadCaller& caller) {
  // A receiver report about nobody (RFC 3550 section 6.4.2) and, as it must, a CNAME.
  uint8_t packet[8 + 16] = {0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 202, 0, 3, 0, 0, 0, 0, 1, 4, 'l', 'o', 'a', 'd', 0, 0};
  Put32(packet + 4, caller.ssrc);
  Put32(packet + 12, caller.ssrc);
  sendto(caller.sockets.rtcp(), packet, sizeof(packet), MSG_DONTWAIT,
         reinterpret_cast<const sockaddr*>(&caller.remote_rtcp.storage), caller.remote_rtcp.length);
}

void LoadWorker::Drain(LoadCaller& caller) {
  uint8_t buffers[kBatch][kPacketBytesMax];
  alignas(cmsghdr) char control[kBatch][64];
  iovec parts[kBatch];
  mmsghdr headers[kBatch];
  int got = kBatch;
  while (got == kBatch) {
    std::memset(headers, 0, sizeof(headers));
    for (int i = 0; i < kBatch; ++i) {
      parts[i] = {.iov_base = buffers[i], .iov_len = kPacketBytesMax};
      headers[i].msg_hdr.msg_iov = &parts[i];
      headers[i].msg_hdr.msg_iovlen = 1;
      headers[i].msg_hdr.msg_control = control[i];
      headers[i].msg_hdr.msg_controllen = sizeof(control[i]);
    }
    got = recvmmsg(caller.sockets.rtp(), headers, kBatch, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < got; ++i) {
      int64_t arrival_ns = 0;
      for (cmsghdr* part = CMSG_FIRSTHDR(&headers[i].msg_hdr); part != nullptr;
           part = CMSG_NXTHDR(&headers[i].msg_hdr, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
        timespec at;
        std::memcpy(&at, CMSG_DATA(part), sizeof(at));
        arrival_ns = at.tv_sec * int64_t{1'000'000'000} + at.tv_nsec;
      }
      OnDatagram(caller, {buffers[i], headers[i].msg_len}, arrival_ns);
    }
  }
}

void LoadWorker::OnDatagram(LoadCaller& caller, std::span<const uint8_t> packet, int64_t arrival_ns) {
  if (packet.size() < kRtpHeaderBytes || packet[0] >> 6 != 2) return;
  const auto sequence = static_cast<uint16_t>(packet[2] << 8 | packet[3]);
  const uint32_t ssrc = uint32_t{packet[8]} << 24 | uint32_t{packet[9]} << 16 | uint32_t{packet[10]} << 8 | packet[11];
  caller.stream.OnPacket(sequence, ssrc, arrival_ns);
  const bool in_order = static_cast<uint16_t>(caller.last_sequence + 1) == sequence;
  caller.last_sequence = sequence;
  const size_t header = kRtpHeaderBytes + (packet[0] & 0x0fu) * 4u;
  // An answer of ours has no extension; of comfort noise nothing is heard.
  if (options_.echo != nullptr || header > packet.size() || (packet[1] & 0x7f) != payload_type_) return;
  caller.ear->OnFrame(caller.decoder->Decode(packet.subspan(header)), arrival_ns, in_order);
}

}  // namespace tutti::tools
