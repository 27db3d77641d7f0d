#include "mediaplane/engine/test_node.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "mediaplane/port/testing.h"

namespace tutti::mediaplane {
namespace {

// A port's clock is a plain function: one node at a time.
int64_t streams_now_ns = 0;

}  // namespace

Voice Silence() {
  return [](int64_t) { return int16_t{0}; };
}

Voice Tone(double hz, double amplitude, int sample_rate_hz) {
  return [=](int64_t sample) {
    return static_cast<int16_t>(
        std::lround(amplitude * std::sin(2 * M_PI * hz * static_cast<double>(sample) / sample_rate_hz)));
  };
}

std::vector<uint8_t> TestCaller::NextPacket() {
  const AudioFormat& format = FormatOf(media.codec);
  if (encoder_.codec() != media.codec) encoder_.Reset(media.codec);
  std::vector<int16_t> samples(format.samples_per_frame);
  for (int16_t& sample : samples) sample = voice(sample_++);
  std::vector<uint8_t> packet(kRtpHeaderBytes + format.bytes_per_frame);
  encoder_.Encode(samples.data(), packet.data() + kRtpHeaderBytes);
  WriteRtpHeader(packet.data(), false, media.payload_type, sequence++, timestamp, ssrc);
  timestamp += format.units_per_frame;
  return packet;
}

std::vector<int16_t> TestCaller::Heard(size_t packets_max) const {
  const AudioFormat& format = FormatOf(media.codec);
  Decoder decoder(media.codec);
  std::vector<int16_t> heard;
  const size_t packets = std::min(packets_max, received.size());
  for (const Received& packet : std::span(received).last(packets)) {
    if (packet.payload.size() != format.bytes_per_frame) std::abort();
    heard.resize(heard.size() + format.samples_per_frame);
    decoder.Decode(packet.payload.data(), heard.data() + heard.size() - format.samples_per_frame);
  }
  return heard;
}

TestNode::TestNode(const TestNodeOptions& options)
    : random_(options.seed),
      network_(options.workers, options.phases, options.legs_max, TestPool(), options.polling),
      streams_(network_, {.workers = options.workers,
                          .phases = options.phases,
                          .polling = options.polling,
                          .legs_max = options.legs_max,
                          .pool = TestPool(),
                          .clock = [] { return PortTime{.monotonic_ns = streams_now_ns}; }}),
      caller_of_(options.legs_max),
      next_ns_(options.workers),
      stalled_(options.workers) {
  packets_before_ = TestPacketsInUse();
  EngineOptions engine;
  engine.workers = options.workers;
  engine.phases = options.phases;
  engine.legs_max = options.legs_max;
  engine.bridges_max = options.bridges_max;
  engine.polling = options.polling;
  engine.tap_ring_size = options.tap_ring_size;
  engine.packets = TestPool();
  engine.random = [this] { return random_(); };
  auto created = Engine::Create(engine, streams_);
  if (!created.ok()) std::abort();
  engine_ = *std::move(created);
}

TestNode::~TestNode() = default;

TestCaller& TestNode::Call(Codec codec, BridgeSlot bridge, uint64_t tag) {
  LegMedia media;
  media.codec = codec;
  media.payload_type = FormatOf(codec).payload_type_static;
  if (media.payload_type == 255) media.payload_type = 96;
  media.telephone_event_type = 101;
  return Call(media, bridge, tag);
}

TestCaller& TestNode::Call(LegMedia media, BridgeSlot bridge, uint64_t tag) {
  callers_.push_back(std::make_unique<TestCaller>());
  TestCaller& caller = *callers_.back();
  const size_t number = callers_.size();
  caller.address.ip = {
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
  caller.address.port = 4000;
  caller.ssrc = static_cast<uint32_t>(random_());
  media.remote_rtp = caller.address;
  media.remote_rtcp = caller.address;
  ++media.remote_rtcp.port;
  caller.media = media;
  const auto added = engine_->AddLeg(media, false, bridge, tag);
  if (!added.ok()) std::abort();
  caller.leg = added->leg;
  caller_of_[caller.leg] = &caller;
  return caller;
}

std::shared_ptr<AudioLine> TestNode::Stream(MixRate rate, BridgeSlot bridge, LegSlot& leg) {
  LegMedia media;
  media.remote_rtp = StreamAddress(rate);
  media.remote_rtcp = media.remote_rtp;
  media.codec = rate == MixRate::k8000 ? Codec::kL16At8000 : Codec::kL16At16000;
  media.payload_type = kStreamPayloadType;
  const auto added = engine_->AddLeg(media, true, bridge, 0);
  if (!added.ok()) std::abort();
  leg = added->leg;
  const auto line = streams_.line(leg);
  line->Begin();
  return line;
}

void TestNode::Collect() {
  network_.Collect([this](const PacketMeta& meta, std::span<const uint8_t> bytes) {
    TestCaller& caller = *caller_of_[meta.leg];
    if (meta.rtcp) {
      caller.received_rtcp.emplace_back(bytes.begin(), bytes.end());
      return;
    }
    RtpPacket packet;
    if (ParseRtp(bytes, packet) != RtpError::kNone) std::abort();
    caller.received.push_back({now_ns_, packet.marker, packet.payload_type, packet.sequence, packet.timestamp,
                               packet.ssrc, std::vector<uint8_t>(packet.payload.begin(), packet.payload.end())});
  });
}

void TestNode::Step() {
  streams_now_ns = now_ns_;
  for (const auto& caller : callers_) {
    if (caller->leg == kNoLegSlot || caller_of_[caller->leg] != caller.get()) continue;
    if (!caller->sending || now_ns_ % kTickNs != caller->offset_ns) continue;
    Deliver(*caller, caller->NextPacket());
  }
  for (unsigned w = 0; w < engine_->worker_count(); ++w) {
    Worker& worker = engine_->worker(w);
    while (!stalled_[w] && (next_ns_[w] <= now_ns_ || worker.polling())) {
      if (round_hook_) round_hook_(true);
      next_ns_[w] = worker.RunOnce(now_ns_);
      worker.Finished(now_ns_, now_ns_);
      if (round_hook_) round_hook_(false);
      if (next_ns_[w] > now_ns_) break;
    }
  }
  Collect();
  if (now_ns_ % (5 * kMs) == 0) {
    const size_t before = events_.size();
    engine_->Poll(events_);
    for (size_t i = before; i < events_.size(); ++i) {
      if (events_[i].kind == EngineEvent::Kind::kLegRemoved) caller_of_[events_[i].leg] = nullptr;
    }
  }
  now_ns_ += kMs;
}

void TestNode::Run(int64_t duration_ns) {
  for (const int64_t end_ns = now_ns_ + duration_ns; now_ns_ < end_ns;) Step();
}

void TestNode::Drain() {
  for (TestCaller* caller : caller_of_) {
    if (caller != nullptr && !engine_->RemoveLeg(caller->leg, 0).ok()) std::abort();
  }
  while (engine_->pending()) Run(5 * kMs);
}

uint64_t TestNode::Total(Counter WorkerCounters::*counter) const {
  uint64_t total = 0;
  for (unsigned w = 0; w < engine_->worker_count(); ++w) total += (engine_->counters(w).*counter).Get();
  return total;
}

unsigned TestNode::PacketsInUse() const { return TestPacketsInUse() - packets_before_; }

uint64_t TestNode::Dropped(EngineDrop reason) const {
  uint64_t total = 0;
  for (unsigned w = 0; w < engine_->worker_count(); ++w) total += engine_->counters(w).drop(reason).Get();
  return total;
}

double ToneAmplitude(std::span<const int16_t> samples, double hz, int sample_rate_hz) {
  double sine = 0, cosine = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double angle = 2 * M_PI * hz * static_cast<double>(i) / sample_rate_hz;
    sine += samples[i] * std::sin(angle);
    cosine += samples[i] * std::cos(angle);
  }
  return 2 * std::hypot(sine, cosine) / static_cast<double>(samples.size());
}

double SignalToNoiseDb(std::span<const int16_t> samples, double hz, int sample_rate_hz) {
  double power = 0;
  for (const int16_t sample : samples) power += double{1} * sample * sample;
  power /= static_cast<double>(samples.size());
  const double amplitude = ToneAmplitude(samples, hz, sample_rate_hz);
  const double tone = amplitude * amplitude / 2;
  return 10 * std::log10(tone / std::max(power - tone, 1e-9));
}

}  // namespace tutti::mediaplane
