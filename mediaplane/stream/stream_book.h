#ifndef MEDIAPLANE_STREAM_STREAM_BOOK_H_
#define MEDIAPLANE_STREAM_STREAM_BOOK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mediaplane/stream/audio_line.h"

namespace tutti::mediaplane {

// Who may open an audio stream, by a token that holds once, and who has one. One
// thread.
class StreamBook {
 public:
  static constexpr absl::Duration kTokenAge = absl::Seconds(10);

  // What a stream is of.
  struct Target {
    enum class Kind : uint8_t { kLeg, kBridge };
    Kind kind = Kind::kLeg;
    std::string id;

    bool operator==(const Target&) const = default;
  };
  using Ticket = int64_t;
  struct Stream {
    Ticket ticket = 0;
    Target target;
    std::shared_ptr<AudioLine> line;
  };

  // Streams and tokens together.
  explicit StreamBook(size_t streams_max) : streams_max_(streams_max) {}

  // Whether Offer may follow. INVALID_ARGUMENT (INVALID_REQUEST_PARAMETER) for what
  // can't be a token or is another one's, RESOURCE_EXHAUSTED (MEDIA_NODE_BUSY).
  absl::Status CheckOffer(const std::string& token) const;
  void Offer(const std::string& token, Target target, std::shared_ptr<AudioLine> line, absl::Time now);
  // The token was offered for this target, and is not forgotten yet.
  bool Knows(const std::string& token, const Target& target) const;

  // UNAUTHENTICATED (STREAM_TOKEN_INVALID). `end` is called by Forget.
  absl::StatusOr<Stream> Claim(const std::string& token, absl::Time now, std::function<void()> end);
  // The stream has ended. False: it is not known any more.
  bool Release(Ticket ticket, Stream& stream);
  // The target is gone: its tokens hold no more, and its streams are told to end.
  // Those that were claimed.
  std::vector<Stream> Forget(const Target& target);

  // Whose tokens nobody claimed in time.
  std::vector<Target> Expire(absl::Time now);

  size_t size() const { return entries_.size(); }

 private:
  // What is kept of a token: whoever reads our memory, or times our answers, learns none.
  using Digest = std::array<uint8_t, 32>;
  struct Entry {
    Digest digest;
    Target target;
    std::shared_ptr<AudioLine> line;
    absl::Time expires;         // until it is claimed
    std::function<void()> end;  // from then on
    bool claimed = false;
  };

  static Digest DigestOf(const std::string& token);
  // Looks at all of them, whatever it finds.
  Ticket Find(const std::string& token) const;

  const size_t streams_max_;
  Ticket last_ticket_ = 0;
  absl::flat_hash_map<Ticket, Entry> entries_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_STREAM_STREAM_BOOK_H_
