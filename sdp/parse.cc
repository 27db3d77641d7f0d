#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "sdp/payload_types.h"
#include "sdp/sdp.h"

namespace tutti::sdp {
namespace {

using media::v1::Codec;
using media::v1::MediaDescription;
using media::v1::MediaSection;

// What description.proto promises of a MediaDescription.
constexpr int kSectionsMax = 16;
constexpr int kCodecsMax = 64;
constexpr int kOtherFormatsMax = 16;
constexpr size_t kFormatParametersBytesMax = 256;
constexpr size_t kTokenBytesMax = 32;
constexpr uint32_t kClockRateMax = 1'000'000;
constexpr uint32_t kChannelsMax = 64;
constexpr uint32_t kPtimeMsMax = 10'000;

// The first words of `text` up to a space; the rest stays in `text`.
std::string_view NextWord(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<uint32_t> ParseNumber(std::string_view text, uint32_t max) {
  uint32_t value = 0;
  // SimpleAtoi takes signs and blanks, the grammar does not.
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  if (!absl::SimpleAtoi(std::string(text), &value) || value > max) return std::nullopt;
  return value;
}

// RFC 8866 section 9: token-char. `also` is one more character to accept.
bool IsToken(std::string_view text, char also = 0) {
  if (text.empty() || text.size() > kTokenBytesMax) return false;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || (also != 0 && c == also)) continue;
    if (c == 0 || std::string_view("!#$%&'*+-.^_`{|}~").find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool IsRtp(std::string_view protocol) { return protocol.find("RTP/") != std::string_view::npos; }

class Parser {
 public:
  absl::StatusOr<MediaDescription> Run(std::string_view text) {
    if (text.size() > kTextBytesMax) {
      return Error(absl::StatusCode::kInvalidArgument, "INVALID_SDP",
                   absl::StrFormat("The SDP has %d bytes, more than %d.", text.size(), kTextBytesMax));
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    if (text.empty()) return Error(absl::StatusCode::kInvalidArgument, "INVALID_SDP", "The SDP is empty.");
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      line_ = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
      ++line_number_;
      TUTTI_RETURN_IF_ERROR(Line());
    }
    if (section_ == nullptr) {
      return Error(absl::StatusCode::kInvalidArgument, "INVALID_SDP", "The SDP has no m= line.");
    }
    TUTTI_RETURN_IF_ERROR(EndSection());
    return std::move(description_);
  }

 private:
  absl::Status Bad(std::string_view what) const {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_SDP",
                 absl::StrFormat("SDP line %d (\"%s\"): %s.", line_number_,
                                 absl::CHexEscape(std::string(line_.substr(0, 60))), std::string(what)));
  }

  absl::Status Line() {
    if (line_.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos) {
      return Bad("a carriage return or a zero byte inside a line");
    }
    if (line_.size() < 2 || line_[1] != '=') return Bad("not of the form <letter>=<value>");
    const std::string_view value = line_.substr(2);
    if (line_number_ == 1) {
      return Trim(line_) == "v=0" ? absl::OkStatus() : Bad("the first line must be v=0");
    }
    switch (line_[0]) {
      case 'm':
        if (section_ != nullptr) TUTTI_RETURN_IF_ERROR(EndSection());
        return Media(value);
      case 'c':
        return Connection(value);
      case 'a':
        return Attribute(value);
      case 'v':
        return Bad("only the first line may be v=");
      case 'o':
      case 's':
      case 'i':
      case 'u':
      case 'e':
      case 'p':
      case 'b':
      case 't':
      case 'r':
      case 'z':
      case 'k':
        return absl::OkStatus();
      default:
        return Bad("an unknown type of line");
    }
  }

  // m=<media> <port>[/<count>] <proto> <fmt> ...
  absl::Status Media(std::string_view value) {
    if (description_.sections_size() == kSectionsMax)
      return Bad(absl::StrFormat("more than %d m= lines", kSectionsMax));
    section_ = description_.add_sections();
    section_line_ = line_number_;
    section_address_.clear();
    const std::string_view kind = NextWord(value);
    if (!IsToken(kind)) return Bad("the media type is not a token of at most 32 characters");
    if (kind == "audio") {
      section_->set_kind(MediaSection::AUDIO);
    } else if (kind == "video") {
      section_->set_kind(MediaSection::VIDEO);
    } else {
      section_->set_kind(MediaSection::OTHER);
      section_->set_other_kind(std::string(kind));
    }
    std::string_view port = NextWord(value);
    if (const size_t slash = port.find('/'); slash != std::string_view::npos) {
      if (port.substr(slash) != "/1") return Bad("more than one port in a m= line is not supported");
      port = port.substr(0, slash);
    }
    const auto port_number = ParseNumber(port, 65535);
    if (!port_number) return Bad("the port is not a number of 0 to 65535");
    section_->set_rtp_port(*port_number);
    const std::string_view protocol = NextWord(value);
    if (!IsToken(protocol, '/')) return Bad("the transport protocol is not a token of at most 32 characters");
    section_->set_protocol(std::string(protocol));
    TUTTI_RETURN_IF_ERROR(IsRtp(protocol) ? PayloadTypes(value) : OtherFormats(value));
    section_->set_direction(direction_);
    section_->set_rtcp_mux(rtcp_mux_);
    section_->set_ptime_ms(ptime_ms_);
    section_->set_maxptime_ms(maxptime_ms_);
    return absl::OkStatus();
  }

  absl::Status PayloadTypes(std::string_view formats) {
    for (std::string_view word = NextWord(formats); !word.empty(); word = NextWord(formats)) {
      const auto payload_type = ParseNumber(word, 127);
      if (!payload_type) return Bad("a payload type is not a number of 0 to 127");
      if (FindCodec(*payload_type) != nullptr) continue;
      if (section_->codecs_size() == kCodecsMax) return Bad(absl::StrFormat("more than %d payload types", kCodecsMax));
      Codec* codec = section_->add_codecs();
      codec->set_payload_type(*payload_type);
      codec->set_channels(1);
      if (const StaticPayloadType* entry = FindStaticPayloadType(*payload_type)) {
        codec->set_name(entry->name);
        codec->set_clock_rate(entry->clock_rate);
        if (section_->kind() == MediaSection::AUDIO) codec->set_channels(entry->channels);
      }
    }
    return section_->codecs().empty() ? Bad("no payload type") : absl::OkStatus();
  }

  absl::Status OtherFormats(std::string_view formats) {
    for (std::string_view word = NextWord(formats); !word.empty(); word = NextWord(formats)) {
      if (!IsToken(word, '/')) return Bad("a format is not a token of at most 32 characters");
      if (section_->other_formats_size() == kOtherFormatsMax) {
        return Bad(absl::StrFormat("more than %d formats", kOtherFormatsMax));
      }
      section_->add_other_formats(std::string(word));
    }
    return section_->other_formats().empty() ? Bad("no format") : absl::OkStatus();
  }

  Codec* FindCodec(uint32_t payload_type) {
    for (Codec& codec : *section_->mutable_codecs()) {
      if (codec.payload_type() == payload_type) return &codec;
    }
    return nullptr;
  }

  // c=IN IP4|IP6 <address>
  absl::Status Connection(std::string_view value) {
    std::string& address = section_ == nullptr ? session_address_ : section_address_;
    if (!address.empty()) return Bad("more than one c= line");
    TUTTI_ASSIGN_OR_RETURN(address, Address(value));
    return absl::OkStatus();
  }

  // IN IP4|IP6 <address>, in canonical text form.
  absl::StatusOr<std::string> Address(std::string_view value) {
    if (NextWord(value) != "IN") return Bad("the network type is not IN");
    const std::string_view family = NextWord(value);
    const std::string address(NextWord(value));
    if (!Trim(value).empty()) return Bad("something follows the address");
    if (address.find('/') != std::string::npos) return Bad("multicast addresses are not supported");
    char canonical[INET6_ADDRSTRLEN];
    if (family == "IP4") {
      in_addr binary{};
      if (inet_pton(AF_INET, address.c_str(), &binary) != 1) {
        return Bad("not an IPv4 address; host names are not supported");
      }
      if (IN_MULTICAST(ntohl(binary.s_addr))) return Bad("multicast addresses are not supported");
      inet_ntop(AF_INET, &binary, canonical, sizeof(canonical));
    } else if (family == "IP6") {
      in6_addr binary{};
      if (inet_pton(AF_INET6, address.c_str(), &binary) != 1) {
        return Bad("not an IPv6 address; host names are not supported");
      }
      if (IN6_IS_ADDR_MULTICAST(&binary)) return Bad("multicast addresses are not supported");
      inet_ntop(AF_INET6, &binary, canonical, sizeof(canonical));
    } else {
      return Bad("the address type is neither IP4 nor IP6");
    }
    return std::string(canonical);
  }

  absl::Status Attribute(std::string_view line) {
    const size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = Trim(line.substr(0, colon));
    const std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (name == "sendrecv") return SetDirection(MediaSection::SENDRECV);
    if (name == "sendonly") return SetDirection(MediaSection::SENDONLY);
    if (name == "recvonly") return SetDirection(MediaSection::RECVONLY);
    if (name == "inactive") return SetDirection(MediaSection::INACTIVE);
    if (name == "rtcp-mux") {
      if (section_ != nullptr) section_->set_rtcp_mux(true);
      rtcp_mux_ = rtcp_mux_ || section_ == nullptr;
      return absl::OkStatus();
    }
    if (name == "ptime" || name == "maxptime") return PacketTime(name, value);
    if (section_ == nullptr) return absl::OkStatus();
    if (name == "rtcp") return Rtcp(value);
    if (!IsRtp(section_->protocol())) return absl::OkStatus();
    if (name == "rtpmap") return Rtpmap(value);
    if (name == "fmtp") return Fmtp(value);
    return absl::OkStatus();
  }

  absl::Status SetDirection(MediaSection::Direction direction) {
    if (section_ != nullptr) {
      section_->set_direction(direction);
    } else {
      direction_ = direction;
    }
    return absl::OkStatus();
  }

  // Milliseconds; a fraction (AES67) is cut off.
  absl::Status PacketTime(std::string_view name, std::string_view value) {
    value = Trim(value);
    const auto ms = ParseNumber(value.substr(0, std::min(value.find('.'), value.size())), kPtimeMsMax);
    if (!ms) return Bad("not a packet time of at most 10 000 ms");
    if (name == "ptime") {
      section_ != nullptr ? section_->set_ptime_ms(*ms) : static_cast<void>(ptime_ms_ = *ms);
    } else {
      section_ != nullptr ? section_->set_maxptime_ms(*ms) : static_cast<void>(maxptime_ms_ = *ms);
    }
    return absl::OkStatus();
  }

  // a=rtcp:<port> [IN IP4|IP6 <address>] (RFC 3605). Port 0 says nothing.
  absl::Status Rtcp(std::string_view value) {
    const auto port = ParseNumber(NextWord(value), 65535);
    if (!port) return Bad("the RTCP port is not a number of 0 to 65535");
    if (*port == 0) return absl::OkStatus();
    section_->set_rtcp_port(*port);
    section_->clear_rtcp_address();
    if (Trim(value).empty()) return absl::OkStatus();
    TUTTI_ASSIGN_OR_RETURN(*section_->mutable_rtcp_address(), Address(value));
    return absl::OkStatus();
  }

  // a=rtpmap:<payload type> <name>/<clock rate>[/<channels>]
  absl::Status Rtpmap(std::string_view value) {
    const auto payload_type = ParseNumber(NextWord(value), 127);
    if (!payload_type) return Bad("the payload type is not a number of 0 to 127");
    std::string_view mapping = NextWord(value);
    const size_t slash = mapping.find('/');
    if (slash == std::string_view::npos) return Bad("not of the form <name>/<clock rate>");
    const std::string_view name = mapping.substr(0, slash);
    mapping.remove_prefix(slash + 1);
    const size_t second_slash = std::min(mapping.find('/'), mapping.size());
    const auto clock_rate = ParseNumber(mapping.substr(0, second_slash), kClockRateMax);
    mapping.remove_prefix(std::min(second_slash + 1, mapping.size()));
    if (!IsToken(name)) return Bad("the encoding name is not a token of at most 32 characters");
    if (!clock_rate || *clock_rate == 0) return Bad("the clock rate is not a number of 1 to 1 000 000");
    uint32_t channels = 1;
    // The third part means channels only for audio (RFC 8866 section 6.6).
    if (section_->kind() == MediaSection::AUDIO && !mapping.empty()) {
      const auto number = ParseNumber(mapping, kChannelsMax);
      if (!number || *number == 0) return Bad("the number of channels is not 1 to 64");
      channels = *number;
    }
    Codec* codec = FindCodec(*payload_type);
    if (codec == nullptr) return absl::OkStatus();
    codec->set_name(absl::AsciiStrToUpper(std::string(name)));
    codec->set_clock_rate(*clock_rate);
    codec->set_channels(channels);
    return absl::OkStatus();
  }

  // a=fmtp:<payload type> <parameters>
  absl::Status Fmtp(std::string_view value) {
    const auto payload_type = ParseNumber(NextWord(value), 127);
    if (!payload_type) return Bad("the payload type is not a number of 0 to 127");
    Codec* codec = FindCodec(*payload_type);
    if (codec == nullptr) return absl::OkStatus();
    const std::string_view parameters = Trim(value);
    const bool printable =
        std::all_of(parameters.begin(), parameters.end(), [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
    if (!printable || parameters.size() > kFormatParametersBytesMax) {
      // Video parameter sets may be long; what we never negotiate must not
      // cost the call its audio.
      if (section_->kind() != MediaSection::AUDIO) return absl::OkStatus();
      return Bad("the format parameters are not printable, or longer than 256 bytes");
    }
    codec->set_format_parameters(std::string(parameters));
    return absl::OkStatus();
  }

  absl::Status EndSection() {
    section_->set_address(section_address_.empty() ? session_address_ : section_address_);
    if (section_->address().empty() && section_->rtp_port() != 0) {
      return Error(absl::StatusCode::kInvalidArgument, "INVALID_SDP",
                   absl::StrFormat("SDP line %d: the media has no address, neither its own c= line nor one of the "
                                   "session.",
                                   section_line_));
    }
    if (section_->rtcp_address() == section_->address()) section_->clear_rtcp_address();
    return absl::OkStatus();
  }

  MediaDescription description_;
  // The section being read, in description_; null at session level.
  MediaSection* section_ = nullptr;
  int section_line_ = 0;
  std::string section_address_;

  // What the session says for sections that say nothing themselves.
  std::string session_address_;
  MediaSection::Direction direction_ = MediaSection::SENDRECV;
  bool rtcp_mux_ = false;
  uint32_t ptime_ms_ = 0;
  uint32_t maxptime_ms_ = 0;

  std::string_view line_;
  int line_number_ = 0;
};

}  // namespace

absl::StatusOr<MediaDescription> Parse(std::string_view text) { return Parser().Run(text); }

}  // namespace tutti::sdp
