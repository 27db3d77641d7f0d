#ifndef MEDIAPLANE_TRANSCRIPTION_FAKE_RECOGNIZER_H_
#define MEDIAPLANE_TRANSCRIPTION_FAKE_RECOGNIZER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mediaplane/transcription/recognizer.h"

namespace tutti::mediaplane {

// Streams that go nowhere: a test says what comes back. Not thread-safe.
class FakeRecognizer final : public Recognizer {
 public:
  class FakeStream final : public Stream {
   public:
    explicit FakeStream(Handler handler) : handler_(std::move(handler)) {}

    void Write(const speech::v1::RecognizeRequest& request) override {
      written.push_back(request);
      writing = true;
    }
    void HalfClose() override { half_closed = true; }
    void Next() override { ++nexts; }
    void Cancel() override { cancelled = true; }

    // What was written leaves, and what is written next, until nothing is.
    void Drain() {
      while (std::exchange(writing, false)) handler_.on_written();
    }
    void Started(const std::string& provider = "fake") {
      speech::v1::RecognizeResponse response;
      response.mutable_started()->set_provider(provider);
      handler_.on_message(response);
      Drain();
    }
    void Text(uint64_t id, const std::string& text, bool final = true) {
      speech::v1::RecognizeResponse response;
      response.mutable_text()->set_utterance_id(id);
      response.mutable_text()->set_text(text);
      response.mutable_text()->set_final(final);
      response.mutable_text()->set_confidence(0.5F);
      handler_.on_message(response);
      Drain();
    }
    void End(const absl::Status& status) { handler_.on_end(status); }

    // In short: "head", "begin 1", "samples 1 x320", "end 1"; what comes twice in a row
    // of samples is one.
    std::vector<std::string> Written() const {
      std::vector<std::string> all;
      for (const auto& request : written) {
        if (request.has_head()) all.push_back("head " + request.head().language());
        if (request.has_begin()) all.push_back("begin " + std::to_string(request.begin().utterance_id()));
        if (request.has_end()) all.push_back("end " + std::to_string(request.end().utterance_id()));
        if (!request.has_samples()) continue;
        const std::string samples = "samples " + std::to_string(request.samples().utterance_id());
        if (all.back() != samples) all.push_back(samples);
      }
      return all;
    }
    size_t BytesOf(uint64_t id) const {
      size_t bytes = 0;
      for (const auto& request : written) {
        if (request.has_samples() && request.samples().utterance_id() == id)
          bytes += request.samples().samples().size();
      }
      return bytes;
    }

    std::vector<speech::v1::RecognizeRequest> written;
    bool writing = false;
    bool half_closed = false;
    bool cancelled = false;
    int nexts = 0;

   private:
    const Handler handler_;
  };

  std::shared_ptr<Stream> Open(Handler handler) override {
    streams.push_back(std::make_shared<FakeStream>(std::move(handler)));
    return streams.back();
  }
  FakeStream& last() { return *streams.back(); }

  std::vector<std::shared_ptr<FakeStream>> streams;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_FAKE_RECOGNIZER_H_
