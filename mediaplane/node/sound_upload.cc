#include "mediaplane/node/sound_upload.h"

#include <openssl/sha.h>

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/node/sound_store.h"

namespace tutti::mediaplane {
namespace {

absl::Status Invalid(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", message);
}

std::string Sha256(const std::string& bytes) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest.data());
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace

absl::Status SoundUpload::Add(const media::v1::PutSoundRequest& message) {
  if (sha256_.empty() != message.has_head()) return Invalid("the head comes first and once, then samples");
  if (message.has_head()) {
    const media::v1::SoundHead& head = message.head();
    if (!IsSha256(head.sha256())) return Invalid("sha256 is not 64 hexadecimal digits in lower case");
    if (head.sample_rate_hz() != 8000 && head.sample_rate_hz() != 16'000) {
      return Invalid(absl::StrCat("a sample rate of ", head.sample_rate_hz(), " Hz: it must be 8000 or 16000"));
    }
    sha256_ = head.sha256();
    rate_ = head.sample_rate_hz() == 8000 ? MixRate::k8000 : MixRate::k16000;
    return absl::OkStatus();
  }
  if (message.samples().size() > kMessageBytesMax) {
    return Invalid(absl::StrCat("a message has more than ", kMessageBytesMax, " bytes of samples"));
  }
  if (bytes_.size() + message.samples().size() > kBytesMax) {
    return Invalid(absl::StrCat("the sound has more than ", kBytesMax, " bytes"));
  }
  bytes_ += message.samples();
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Sound>> SoundUpload::Finish() const {
  if (sha256_.empty()) return Invalid("the upload has no head");
  if (bytes_.empty() || bytes_.size() % 2 != 0) {
    return Invalid(absl::StrCat(bytes_.size(), " bytes are no samples of 16 bits"));
  }
  const std::string sha256 = Sha256(bytes_);
  if (sha256 != sha256_) {
    return Error(absl::StatusCode::kInvalidArgument, "SOUND_HASH_MISMATCH",
                 absl::StrCat("the samples' SHA-256 is ", sha256, ", not ", sha256_));
  }
  std::vector<int16_t> samples(bytes_.size() / 2);
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto low = static_cast<uint8_t>(bytes_[2 * i]), high = static_cast<uint8_t>(bytes_[2 * i + 1]);
    samples[i] = static_cast<int16_t>(static_cast<uint16_t>(high << 8 | low));
  }
  return Sound::Make(samples, rate_);
}

}  // namespace tutti::mediaplane
