#ifndef SPEECH_RECOGNIZER_EXTERNAL_RECOGNIZER_H_
#define SPEECH_RECOGNIZER_EXTERNAL_RECOGNIZER_H_

#include <memory>
#include <string>
#include <vector>

#include "grpcpp/channel.h"
#include "speech/recognizer/recognizer.h"
#include "tutti/speech/v1/speech.grpc.pb.h"

namespace tutti::speech {

// Another server of tutti.speech.v1: a stream of ours is a stream there. What it
// answers is held to the contract; a stream that it breaks is UNAVAILABLE.
class ExternalRecognizer final : public Recognizer {
 public:
  ExternalRecognizer(std::string name, std::vector<std::string> languages, std::shared_ptr<grpc::Channel> channel);

  const std::string& name() const override { return name_; }
  const std::vector<std::string>& languages() const override { return languages_; }
  // Also asks the channel to connect.
  bool available() const override;
  std::unique_ptr<RecognitionStream> Start(const v1::RecognizeHead& head, std::shared_ptr<TextSink> sink) override;

 private:
  const std::string name_;
  const std::vector<std::string> languages_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::SpeechService::Stub> stub_;
};

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_EXTERNAL_RECOGNIZER_H_
