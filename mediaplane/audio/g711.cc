#include "mediaplane/audio/g711.h"

#include <array>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mediaplane/audio/g711.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace tutti::mediaplane {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR  // has no halves of a vector

void DecodePcmuBlocks(const uint8_t* in, int16_t* out, size_t samples) {
  for (size_t i = 0; i < samples; ++i) out[i] = scalar::DecodePcmu(in[i]);
}

void DecodePcmaBlocks(const uint8_t* in, int16_t* out, size_t samples) {
  for (size_t i = 0; i < samples; ++i) out[i] = scalar::DecodePcma(in[i]);
}

#else

// 20 ms at 8 kHz are 160 samples: five blocks of 32, so no wider vectors.
using D8 = hn::CappedTag<uint8_t, 32>;
using D16 = hn::RepartitionToWide<D8>;
using D16Signed = hn::RebindToSigned<D16>;

HWY_ALIGN constexpr uint8_t kPowers[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
HWY_ALIGN constexpr uint8_t kPcmaPowers[16] = {1, 1, 2, 4, 8, 16, 32, 64, 1, 1, 2, 4, 8, 16, 32, 64};
HWY_ALIGN constexpr uint8_t kPcmaLeading[16] = {0, 32, 32, 32, 32, 32, 32, 32, 0, 32, 32, 32, 32, 32, 32, 32};

// Two halves of 16-bit magnitudes, negated where the code's top bit is clear.
template <class V16>
HWY_INLINE void StoreSigned(V16 magnitude, V16 code, int16_t* out) {
  const D16 d16;
  const D16Signed d16s;
  const auto negative = hn::VecFromMask(d16, hn::Lt(code, hn::Set(d16, 128)));
  hn::StoreU(hn::BitCast(d16s, hn::Sub(hn::Xor(magnitude, negative), negative)), d16s, out);
}

void DecodePcmuBlocks(const uint8_t* in, int16_t* out, size_t samples) {
  const D8 d8;
  const D16 d16;
  const hn::Half<D8> d8half;
  const auto powers = hn::LoadDup128(d8, kPowers);
  const auto bias = hn::Set(d16, 132);
  const size_t lanes = hn::Lanes(d8);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    const auto code = hn::LoadU(d8, in + i);
    const auto inverted = hn::Not(code);
    const auto segment = hn::And(hn::ShiftRight<4>(inverted), hn::Set(d8, 7));
    const auto step = hn::TableLookupBytes(powers, segment);
    const auto biased = hn::Add(hn::ShiftLeft<3>(hn::And(inverted, hn::Set(d8, 15))), hn::Set(d8, 132));
    const auto low =
        hn::Mul(hn::PromoteTo(d16, hn::LowerHalf(d8half, step)), hn::PromoteTo(d16, hn::LowerHalf(d8half, biased)));
    const auto high =
        hn::Mul(hn::PromoteTo(d16, hn::UpperHalf(d8half, step)), hn::PromoteTo(d16, hn::UpperHalf(d8half, biased)));
    StoreSigned(hn::Sub(low, bias), hn::PromoteTo(d16, hn::LowerHalf(d8half, code)), out + i);
    StoreSigned(hn::Sub(high, bias), hn::PromoteTo(d16, hn::UpperHalf(d8half, code)), out + i + lanes / 2);
  }
  for (; i < samples; ++i) out[i] = scalar::DecodePcmu(in[i]);
}

void DecodePcmaBlocks(const uint8_t* in, int16_t* out, size_t samples) {
  const D8 d8;
  const D16 d16;
  const hn::Half<D8> d8half;
  const auto powers = hn::LoadDup128(d8, kPcmaPowers);
  const auto leading = hn::LoadDup128(d8, kPcmaLeading);
  const size_t lanes = hn::Lanes(d8);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    const auto code = hn::LoadU(d8, in + i);
    const auto toggled = hn::Xor(code, hn::Set(d8, 0x55));
    const auto segment = hn::And(hn::ShiftRight<4>(toggled), hn::Set(d8, 7));
    const auto step = hn::TableLookupBytes(powers, segment);
    const auto doubled = hn::ShiftLeft<1>(hn::And(toggled, hn::Set(d8, 15)));
    const auto middle = hn::Add(hn::Or(doubled, hn::Set(d8, 1)), hn::TableLookupBytes(leading, segment));
    const auto low =
        hn::Mul(hn::PromoteTo(d16, hn::LowerHalf(d8half, step)), hn::PromoteTo(d16, hn::LowerHalf(d8half, middle)));
    const auto high =
        hn::Mul(hn::PromoteTo(d16, hn::UpperHalf(d8half, step)), hn::PromoteTo(d16, hn::UpperHalf(d8half, middle)));
    StoreSigned(hn::ShiftLeft<3>(low), hn::PromoteTo(d16, hn::LowerHalf(d8half, code)), out + i);
    StoreSigned(hn::ShiftLeft<3>(high), hn::PromoteTo(d16, hn::UpperHalf(d8half, code)), out + i + lanes / 2);
  }
  for (; i < samples; ++i) out[i] = scalar::DecodePcma(in[i]);
}

#endif  // HWY_TARGET == HWY_SCALAR

using D32 = hn::CappedTag<int32_t, 16>;
using DF = hn::Rebind<float, D32>;
using DNarrow = hn::Rebind<int16_t, D32>;
using DByte = hn::Rebind<uint8_t, D32>;

// A magnitude as float carries segment and mantissa side by side: exponent and the
// four bits after the leading one. `exponent` is that of the lowest segment.
template <class V32>
HWY_INLINE V32 SegmentAndMantissa(V32 magnitude, int32_t exponent) {
  const D32 d32;
  const auto bits = hn::BitCast(d32, hn::ConvertTo(DF(), magnitude));
  return hn::Sub(hn::ShiftRight<19>(bits), hn::Set(d32, (127 + exponent) << 4));
}

void EncodePcmuBlocks(const int16_t* in, uint8_t* out, size_t samples) {
  const D32 d32;
  const DNarrow d16;
  const size_t lanes = hn::Lanes(d32);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    const auto sample = hn::PromoteTo(d32, hn::LoadU(d16, in + i));
    const auto sign = hn::ShiftRight<31>(sample);
    const auto magnitude = hn::Add(hn::ShiftRight<2>(hn::Xor(sample, sign)), hn::Set(d32, 33));
    const auto code = SegmentAndMantissa(hn::Min(magnitude, hn::Set(d32, 8191)), 5);
    const auto top = hn::AndNot(sign, hn::Set(d32, 0x80));
    hn::StoreU(hn::DemoteTo(DByte(), hn::Or(hn::Xor(code, hn::Set(d32, 0x7f)), top)), DByte(), out + i);
  }
  for (; i < samples; ++i) out[i] = scalar::EncodePcmu(in[i]);
}

void EncodePcmaBlocks(const int16_t* in, uint8_t* out, size_t samples) {
  const D32 d32;
  const DNarrow d16;
  const size_t lanes = hn::Lanes(d32);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    const auto sample = hn::PromoteTo(d32, hn::LoadU(d16, in + i));
    const auto sign = hn::ShiftRight<31>(sample);
    const auto magnitude = hn::ShiftRight<4>(hn::Xor(sample, sign));
    const auto linear = hn::Lt(magnitude, hn::Set(d32, 16));
    const auto code = hn::IfThenElse(linear, magnitude, SegmentAndMantissa(magnitude, 3));
    const auto top = hn::AndNot(sign, hn::Set(d32, 0x80));
    hn::StoreU(hn::DemoteTo(DByte(), hn::Xor(hn::Or(code, top), hn::Set(d32, 0x55))), DByte(), out + i);
  }
  for (; i < samples; ++i) out[i] = scalar::EncodePcma(in[i]);
}

}  // namespace HWY_NAMESPACE
}  // namespace tutti::mediaplane
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::mediaplane {

HWY_EXPORT(DecodePcmuBlocks);
HWY_EXPORT(DecodePcmaBlocks);
HWY_EXPORT(EncodePcmuBlocks);
HWY_EXPORT(EncodePcmaBlocks);

void DecodePcmu(const uint8_t* in, int16_t* out, size_t samples) {
  HWY_DYNAMIC_DISPATCH(DecodePcmuBlocks)(in, out, samples);
}

void DecodePcma(const uint8_t* in, int16_t* out, size_t samples) {
  HWY_DYNAMIC_DISPATCH(DecodePcmaBlocks)(in, out, samples);
}

void EncodePcmu(const int16_t* in, uint8_t* out, size_t samples) {
  HWY_DYNAMIC_DISPATCH(EncodePcmuBlocks)(in, out, samples);
}

void EncodePcma(const int16_t* in, uint8_t* out, size_t samples) {
  HWY_DYNAMIC_DISPATCH(EncodePcmaBlocks)(in, out, samples);
}

namespace scalar {
namespace {

// Segment (bits 4–6) and mantissa of a magnitude whose lowest segment has its
// leading one at bit `lowest`.
constexpr uint32_t SegmentAndMantissa(uint32_t magnitude, int lowest) {
  const int leading = std::bit_width(magnitude) - 1;
  return static_cast<uint32_t>(leading - lowest) << 4 | (magnitude >> (leading - 4) & 15);
}

constexpr int16_t ExpandPcmu(uint8_t code) {
  const uint32_t inverted = static_cast<uint8_t>(~code);
  const int magnitude = static_cast<int>((((inverted & 15) << 3) + 132) << (inverted >> 4 & 7)) - 132;
  return static_cast<int16_t>((code & 0x80) != 0 ? magnitude : -magnitude);
}

constexpr int16_t ExpandPcma(uint8_t code) {
  const uint32_t toggled = code ^ 0x55u;
  const uint32_t segment = toggled >> 4 & 7;
  const uint32_t middle = (toggled & 15) << 4 | 8;
  const int magnitude = static_cast<int>(segment == 0 ? middle : (middle + 256) << (segment - 1));
  return static_cast<int16_t>((code & 0x80) != 0 ? magnitude : -magnitude);
}

template <int16_t (*kExpand)(uint8_t)>
constexpr std::array<int16_t, 256> Table() {
  std::array<int16_t, 256> table = {};
  for (size_t i = 0; i < table.size(); ++i) table[i] = kExpand(static_cast<uint8_t>(i));
  return table;
}

constexpr std::array<int16_t, 256> kPcmuTable = Table<ExpandPcmu>();
constexpr std::array<int16_t, 256> kPcmaTable = Table<ExpandPcma>();

// The ITU's tool library takes one's complement for negative samples.
constexpr uint32_t Magnitude(int16_t sample) { return static_cast<uint16_t>(sample < 0 ? ~sample : sample); }

}  // namespace

int16_t DecodePcmu(uint8_t code) { return kPcmuTable[code]; }

int16_t DecodePcma(uint8_t code) { return kPcmaTable[code]; }

uint8_t EncodePcmu(int16_t sample) {
  const uint32_t biased = (Magnitude(sample) >> 2) + 33;
  const uint32_t code = SegmentAndMantissa(biased < 8191 ? biased : 8191, 5) ^ 0x7f;
  return static_cast<uint8_t>(sample < 0 ? code : code | 0x80);
}

uint8_t EncodePcma(int16_t sample) {
  const uint32_t magnitude = Magnitude(sample) >> 4;
  const uint32_t code = magnitude < 16 ? magnitude : SegmentAndMantissa(magnitude, 3);
  return static_cast<uint8_t>((sample < 0 ? code : code | 0x80) ^ 0x55);
}

}  // namespace scalar
}  // namespace tutti::mediaplane
#endif  // HWY_ONCE
