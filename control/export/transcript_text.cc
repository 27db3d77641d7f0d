#include "control/export/transcript_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace tutti::control {
namespace {

using Request = v1::ExportTranscribeRequest;

// "00:00:01"; hours may have more digits.
std::string Seconds(int64_t ms) {
  return absl::StrFormat("%02d:%02d:%02d", ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60);
}

// "00:00:01.250"
std::string Time(int64_t ms, char point) { return absl::StrFormat("%s%c%03d", Seconds(ms), point, ms % 1'000); }

// One line: an empty one would end a cue, and its text with it.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  absl::RemoveExtraAsciiWhitespace(&text);
  return text;
}

// Cue text of WebVTT, section 4.2.2: "-->" and tags can't be in it.
std::string EscapeVtt(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

// Readers differ in whether escapes in a name are undone.
std::string VoiceVtt(const std::string& name) { return EscapeVtt(absl::StrReplaceAll(name, {{"<", ""}, {">", ""}})); }

// SubRip knows no escapes, and its readers take "<b>", "{\\an8}" and "-->" for more
// than text: what looks the same stands for it.
std::string TextSrt(const std::string& text) {
  return absl::StrReplaceAll(text, {{"<", "\u2039"}, {">", "\u203a"}, {"{\\", "{ \\"}});
}

}  // namespace

std::string TranscriptText::ContentType() const {
  switch (format_) {
    case Request::FORMAT_SRT:
      return "application/x-subrip; charset=utf-8";
    case Request::FORMAT_TXT:
      return "text/plain; charset=utf-8";
    default:
      return "text/vtt; charset=utf-8";
  }
}

std::string TranscriptText::Extension() const {
  switch (format_) {
    case Request::FORMAT_SRT:
      return "srt";
    case Request::FORMAT_TXT:
      return "txt";
    default:
      return "vtt";
  }
}

std::string TranscriptText::Begin() const {
  return format_ == Request::FORMAT_SRT || format_ == Request::FORMAT_TXT ? "" : "WEBVTT\n\n";
}

std::string TranscriptText::Piece(const v1::Transcript& transcript, const std::string& speaker) {
  const std::string text = OneLine(transcript.message());
  const std::string who = OneLine(speaker);
  const int64_t begin = std::max<int64_t>(transcript.tm_transcript(), 0);
  // A cue that ends where it begins is never shown.
  const int64_t end = begin + std::max<int64_t>(transcript.duration(), 1);
  ++number_;
  switch (format_) {
    case Request::FORMAT_SRT:
      return absl::StrCat(number_, "\n", Time(begin, ','), " --> ", Time(end, ','), "\n", TextSrt(who), ": ",
                          TextSrt(text), "\n\n");
    case Request::FORMAT_TXT:
      return absl::StrCat(Seconds(begin), " ", who, ": ", text, "\n");
    default:
      return absl::StrCat(number_, "\n", Time(begin, '.'), " --> ", Time(end, '.'), "\n<v ", VoiceVtt(who), ">",
                          EscapeVtt(text), "</v>\n\n");
  }
}

}  // namespace tutti::control
