// Word error rates of a running speech server over Debian's recorded prompts, by what
// the speech has gone through. wer --help says more.

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_join.h"
#include "common/rpc/client.h"
#include "tools/wer/audio.h"
#include "tools/wer/prompts.h"
#include "tutti/speech/v1/speech.grpc.pb.h"

ABSL_FLAG(std::string, address, "127.0.0.1:50054", "the speech server");
ABSL_FLAG(std::string, provider, "", "its provider; empty: the first one that has the language");
ABSL_FLAG(std::string, language, "en-US", "BCP 47");
ABSL_FLAG(std::string, folder, "/usr/share/asterisk/sounds/en_US_f_Allison", "of NAME.g722");
ABSL_FLAG(std::string, texts, "/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz", "NAME: text, a line");
ABSL_FLAG(int, prompts, 70, "how many, by name");
ABSL_FLAG(int, words_min, 5, "of a prompt");
ABSL_FLAG(std::string, ways, "0123", "what to measure: 0 as it is, 1 G.722, 2 8 kHz L16, 3 8 kHz PCMU");
ABSL_FLAG(bool, verbose, false, "what was said and heard");

namespace tutti::wer {
namespace {

constexpr size_t kPieceBytes = 32 * 1024;

struct Recording {
  Prompt prompt;
  std::vector<int16_t> samples;
};

std::string ReadGzip(const std::string& path) {
  std::string text;
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return text;
  char buffer[4096];
  for (int n; (n = gzread(file, buffer, sizeof(buffer))) > 0;) text.append(buffer, static_cast<size_t>(n));
  gzclose(file);
  return text;
}

std::vector<Recording> ReadRecordings() {
  std::vector<Recording> recordings;
  const std::string texts = ReadGzip(absl::GetFlag(FLAGS_texts));
  for (Prompt& prompt : ParsePrompts(texts, static_cast<size_t>(absl::GetFlag(FLAGS_words_min)))) {
    if (recordings.size() == static_cast<size_t>(absl::GetFlag(FLAGS_prompts))) break;
    std::ifstream file(absl::GetFlag(FLAGS_folder) + "/" + prompt.name + ".g722", std::ios::binary);
    if (!file) continue;
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    recordings.push_back({std::move(prompt), DecodeG722(bytes)});
  }
  return recordings;
}

using Stream = grpc::ClientReaderWriter<speech::v1::RecognizeRequest, speech::v1::RecognizeResponse>;

// All recordings as the utterances of one speaker.
void Speak(const Way& way, const std::vector<Recording>& recordings, Stream& stream) {
  speech::v1::RecognizeRequest request;
  request.mutable_head()->set_language(absl::GetFlag(FLAGS_language));
  request.mutable_head()->set_provider(absl::GetFlag(FLAGS_provider));
  bool open = stream.Write(request);
  for (size_t i = 0; i < recordings.size() && open; ++i) {
    request.mutable_begin()->set_utterance_id(i);
    request.mutable_begin()->set_speaker_id("allison");
    request.mutable_begin()->set_sample_rate_hz(static_cast<uint32_t>(way.sample_rate_hz));
    open = stream.Write(request);
    const std::vector<int16_t> samples = way.go(recordings[i].samples);
    const std::string bytes(reinterpret_cast<const char*>(samples.data()), samples.size() * sizeof(int16_t));
    for (size_t place = 0; place < bytes.size() && open; place += kPieceBytes) {
      request.mutable_samples()->set_utterance_id(i);
      request.mutable_samples()->set_samples(bytes.substr(place, kPieceBytes));
      open = stream.Write(request);
    }
    request.mutable_end()->set_utterance_id(i);
    open = open && stream.Write(request);
  }
  stream.WritesDone();
}

// Prints the way's line of the table; false: the server failed.
bool Measure(const Way& way, const std::vector<Recording>& recordings, speech::v1::SpeechService::Stub& stub) {
  grpc::ClientContext context;
  const auto stream = stub.Recognize(&context);
  std::thread speaker([&] { Speak(way, recordings, *stream); });
  std::map<uint64_t, std::string> heard;
  speech::v1::RecognizeResponse response;
  while (stream->Read(&response)) {
    if (response.has_text() && response.text().final()) heard[response.text().utterance_id()] = response.text().text();
  }
  speaker.join();
  const grpc::Status status = stream->Finish();
  if (!status.ok() || heard.size() != recordings.size()) {
    std::fprintf(stderr, "wer: %zu of %zu texts: %s\n", heard.size(), recordings.size(),
                 status.error_message().c_str());
    return false;
  }
  size_t errors = 0;
  size_t words = 0;
  size_t whole = 0;
  double seconds = 0;
  for (size_t i = 0; i < recordings.size(); ++i) {
    const Prompt& prompt = recordings[i].prompt;
    const size_t wrong = WordErrors(prompt.words, Words(heard[i]));
    errors += wrong;
    words += prompt.words.size();
    whole += wrong == 0 ? 1 : 0;
    seconds += static_cast<double>(recordings[i].samples.size()) / 16'000;
    if (absl::GetFlag(FLAGS_verbose)) {
      std::printf("%s\n  said   %s\n  heard  %s\n", prompt.name.c_str(), absl::StrJoin(prompt.words, " ").c_str(),
                  heard[i].c_str());
    }
  }
  std::printf("%-16s  %7zu  %6zu  %7.0f  %13.1f %%  %zu\n", way.name, recordings.size(), words, seconds,
              100.0 * static_cast<double>(errors) / static_cast<double>(words), whole);
  std::fflush(stdout);
  return true;
}

int Run() {
  const std::vector<Recording> recordings = ReadRecordings();
  if (recordings.empty()) {
    std::fprintf(stderr,
                 "wer: no recording with a known text in %s (%s): are asterisk-core-sounds-en and -g722 installed?\n",
                 absl::GetFlag(FLAGS_folder).c_str(), absl::GetFlag(FLAGS_texts).c_str());
    return 1;
  }
  const auto stub = speech::v1::SpeechService::NewStub(MakeRpcChannel(absl::GetFlag(FLAGS_address)));
  std::printf("speech            prompts   words  seconds  word error rate  without an error\n");
  for (size_t i = 0; i < Ways().size(); ++i) {
    if (absl::GetFlag(FLAGS_ways).find(static_cast<char>('0' + i)) == std::string::npos) continue;
    if (!Measure(Ways()[i], recordings, *stub)) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tutti::wer

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Word error rates of a running speech server over Debian's recorded prompts.");
  absl::ParseCommandLine(argc, argv);
  return tutti::wer::Run();
}
