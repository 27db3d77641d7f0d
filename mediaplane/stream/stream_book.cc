#include "mediaplane/stream/stream_book.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::mediaplane {
namespace {

constexpr size_t kTokenBytesMin = 32;
constexpr size_t kTokenBytesMax = 128;

absl::Status Refuse(const char* message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", message);
}

}  // namespace

StreamBook::Digest StreamBook::DigestOf(const std::string& token) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

StreamBook::Ticket StreamBook::Find(const std::string& token) const {
  const Digest digest = DigestOf(token);
  Ticket found = 0;
  for (const auto& [ticket, entry] : entries_) {
    if (CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0) found = ticket;
  }
  return found;
}

absl::Status StreamBook::CheckOffer(const std::string& token) const {
  const bool printable = std::all_of(token.begin(), token.end(), [](char c) { return absl::ascii_isgraph(c); });
  if (token.size() < kTokenBytesMin || token.size() > kTokenBytesMax || !printable) {
    return Refuse("a stream's token is 32 to 128 printable characters");
  }
  if (Find(token) != 0) return Refuse("the stream's token is another one's");
  if (entries_.size() < streams_max_) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY",
               absl::StrCat("the media node has ", streams_max_, " audio streams, and takes no more"));
}

void StreamBook::Offer(const std::string& token, Target target, std::shared_ptr<AudioLine> line, absl::Time now) {
  Entry entry;
  entry.digest = DigestOf(token);
  entry.target = std::move(target);
  entry.line = std::move(line);
  entry.expires = now + kTokenAge;
  entries_.emplace(++last_ticket_, std::move(entry));
}

bool StreamBook::Knows(const std::string& token, const Target& target) const {
  const auto it = entries_.find(Find(token));
  return it != entries_.end() && it->second.target == target;
}

absl::StatusOr<StreamBook::Stream> StreamBook::Claim(const std::string& token, absl::Time now,
                                                     std::function<void()> end) {
  const auto it = entries_.find(Find(token));
  if (it == entries_.end() || it->second.claimed || it->second.expires <= now) {
    return Error(absl::StatusCode::kUnauthenticated, "STREAM_TOKEN_INVALID",
                 "the token is unknown, was used, or is over 10 s old");
  }
  it->second.claimed = true;
  it->second.end = std::move(end);
  return Stream{it->first, it->second.target, it->second.line};
}

bool StreamBook::Release(Ticket ticket, Stream& stream) {
  const auto it = entries_.find(ticket);
  if (it == entries_.end()) return false;
  stream = {it->first, it->second.target, it->second.line};
  entries_.erase(it);
  return true;
}

std::vector<StreamBook::Stream> StreamBook::Forget(const Target& target) {
  std::vector<Stream> claimed;
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto entry = it++;
    if (entry->second.target != target) continue;
    if (entry->second.claimed) {
      claimed.push_back({entry->first, target, entry->second.line});
      entry->second.end();
    }
    entries_.erase(entry);
  }
  return claimed;
}

std::vector<StreamBook::Target> StreamBook::Expire(absl::Time now) {
  std::vector<Target> expired;
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto entry = it++;
    if (entry->second.claimed || entry->second.expires > now) continue;
    expired.push_back(std::move(entry->second.target));
    entries_.erase(entry);
  }
  return expired;
}

}  // namespace tutti::mediaplane
