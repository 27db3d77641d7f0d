#include "control/export/transcript_text.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

using ::testing::HasSubstr;
using Request = v1::ExportTranscribeRequest;

v1::Transcript Said(int64_t begin_ms, int64_t duration_ms, const std::string& text) {
  v1::Transcript transcript;
  transcript.set_tm_transcript(begin_ms);
  transcript.set_duration(duration_ms);
  transcript.set_message(text);
  return transcript;
}

// All that has to be escaped somewhere.
std::string Export(Request::Format format) {
  TranscriptText text(format);
  std::string all = text.Begin();
  all += text.Piece(Said(0, 1'250, "hello"), "Ann (c-1)");
  all += text.Piece(Said(61'005, 0, "a < b && c > d --> e <v x> {\\an8}"), "sip:<bob>&co@example.com (c-2)");
  all += text.Piece(Said(3'725'999, 2'001, "line one\r\n\r\nline\ttwo\n"), "c-3");
  all += text.Piece(Said(360'000'000, 500, "gr\xc3\xbc\xc3\x9f dich"), "c-3");
  return all;
}

std::string Golden(const std::string& name) {
  std::ifstream in("control/export/golden/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// What ffmpeg makes of a file: its cues in SubRip, of `format`.
std::string ReadByFfmpeg(const std::string& extension, const std::string& content) {
  const std::string folder = std::getenv("TEST_TMPDIR");
  const std::string in = absl::StrCat(folder, "/in.", extension);
  const std::string out = absl::StrCat(folder, "/out-", extension, ".srt");
  std::ofstream(in, std::ios::binary) << content;
  const std::string command =
      absl::StrCat("ffmpeg -v error -xerror -y -i ", in, " -f srt ", out, " </dev/null && test -s ", out);
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream result(out, std::ios::binary);
  return {std::istreambuf_iterator<char>(result), std::istreambuf_iterator<char>()};
}

TEST(TranscriptText, IsAsItWas) {
  EXPECT_EQ(Export(Request::FORMAT_VTT), Golden("all.vtt"));
  EXPECT_EQ(Export(Request::FORMAT_UNSPECIFIED), Golden("all.vtt"));
  EXPECT_EQ(Export(Request::FORMAT_SRT), Golden("all.srt"));
  EXPECT_EQ(Export(Request::FORMAT_TXT), Golden("all.txt"));
}

TEST(TranscriptText, SaysWhatItIs) {
  EXPECT_EQ(TranscriptText(Request::FORMAT_UNSPECIFIED).ContentType(), "text/vtt; charset=utf-8");
  EXPECT_EQ(TranscriptText(Request::FORMAT_SRT).ContentType(), "application/x-subrip; charset=utf-8");
  EXPECT_EQ(TranscriptText(Request::FORMAT_TXT).ContentType(), "text/plain; charset=utf-8");
  EXPECT_EQ(TranscriptText(Request::FORMAT_UNSPECIFIED).Extension(), "vtt");
  EXPECT_EQ(TranscriptText(Request::FORMAT_SRT).Extension(), "srt");
  EXPECT_EQ(TranscriptText(Request::FORMAT_TXT).Extension(), "txt");
}

// A reader that is not ours sees the same cues at the same times.
TEST(TranscriptText, FfmpegReadsIt) {
  for (const auto& [extension, format] :
       {std::pair("vtt", Request::FORMAT_VTT), std::pair("srt", Request::FORMAT_SRT)}) {
    const std::string read = ReadByFfmpeg(extension, Export(format));
    EXPECT_THAT(read, HasSubstr("00:00:00,000 --> 00:00:01,250\n")) << extension;
    EXPECT_THAT(read, HasSubstr("00:01:01,005 --> 00:01:01,006\n")) << extension;
    EXPECT_THAT(read, HasSubstr("01:02:05,999 --> 01:02:08,000\n")) << extension;
    EXPECT_THAT(read, HasSubstr("hello")) << extension;
    EXPECT_THAT(read, HasSubstr("line one line two")) << extension;
    EXPECT_THAT(read, HasSubstr("gr\xc3\xbc\xc3\x9f dich")) << extension;
    const bool is_vtt = format == Request::FORMAT_VTT;
    EXPECT_THAT(read, HasSubstr(is_vtt ? "a < b && c > d --> e <v x>"
                                       : "sip:\u2039bob\u203a&co@example.com (c-2): a \u2039 b && c \u203a d"));
  }
}

}  // namespace
}  // namespace tutti::control
