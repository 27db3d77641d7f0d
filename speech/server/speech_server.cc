#include "speech/server/speech_server.h"

#include <chrono>
#include <string>
#include <utility>

#include "common/log/log.h"
#include "common/rpc/client.h"
#include "common/status/status.h"
#include "speech/recognizer/external_recognizer.h"
#include "speech/recognizer/pocketsphinx_decoder.h"
#include "speech/recognizer/sherpa_onnx_decoder.h"
#include "speech/synthesizer/espeak_synthesizer.h"
#include "speech/synthesizer/flite_synthesizer.h"

namespace tutti::speech {
absl::StatusOr<std::unique_ptr<SpeechServer>> SpeechServer::Start(const ServerOptions& options, Clock& clock) {
  std::unique_ptr<SpeechServer> server(new SpeechServer(options, clock));
  server->AddRecognizers();
  server->AddSynthesizers();
  TUTTI_RETURN_IF_ERROR(server->Serve());
  return server;
}

void SpeechServer::AddRecognizers() {
  for (const config::v1::SpeechProvider& provider : options_.providers) {
    std::vector<std::string> languages(provider.language().begin(), provider.language().end());
    if (provider.has_address()) {
      speech_metrics_.AddRecognizer(provider.name());
      recognizers_.Add(std::make_unique<ExternalRecognizer>(provider.name(), std::move(languages),
                                                            MakeRpcChannel(provider.address(), options_.tls)));
    } else {
      AddPool(provider.name(), std::move(languages),
              MakeSherpaOnnxFactory(provider.sherpa_onnx_library(), provider.sherpa_onnx_model_dir()));
    }
  }
  AddPool(kPocketsphinxName, {"en-US"},
          [model = options_.pocketsphinx_model] { return MakePocketsphinxDecoder(model); });
}

void SpeechServer::AddPool(const std::string& name, std::vector<std::string> languages, DecoderFactory factory) {
  DecoderPool::Options options;
  options.name = name;
  options.languages = std::move(languages);
  options.decoders_max = options_.decoders_max;
  auto pool = std::make_unique<DecoderPool>(std::move(options), std::move(factory), clock_, speech_metrics_);
  if (const absl::Status first = pool->AwaitFirst(); !first.ok()) {
    log::Warning("a recogniser is missing until the next start",
                 {{"provider", name}, {"error", std::string(first.message())}});
    speech_metrics_.OnRecognizerMissing();
    return;
  }
  speech_metrics_.AddRecognizer(name);
  pools_.push_back(pool.get());
  recognizers_.Add(std::move(pool));
}

void SpeechServer::AddSynthesizers() {
  AddSynthesizer(std::make_unique<FliteSynthesizer>());
  if (options_.espeak.empty()) return;
  auto espeak = EspeakSynthesizer::Make(options_.espeak, {});
  if (espeak.ok()) {
    AddSynthesizer(*std::move(espeak));
  } else {
    log::Warning("there are no voices but English ones", {{"error", std::string(espeak.status().message())}});
  }
}

void SpeechServer::AddSynthesizer(std::unique_ptr<Synthesizer> synthesizer) {
  speech_metrics_.AddSynthesizer(synthesizer->voices().front().provider());
  synthesizers_.Add(std::move(synthesizer));
}

absl::Status SpeechServer::Serve() {
  service_ = std::make_unique<SpeechService>(recognizers_, synthesizers_, speech_metrics_, options_.streams_max);
  SpeechGauges::Sources sources;
  sources.providers = [this] {
    std::vector<SpeechGauges::Provider> providers;
    for (const DecoderPool* pool : pools_) {
      providers.push_back({pool->name(), pool->waiting(), pool->oldest_age(), pool->bytes(), pool->decoders()});
    }
    return providers;
  };
  sources.streams = [this] { return service_->streams(); };
  sources.syntheses = [this] { return service_->syntheses(); };
  metrics_.Add(std::make_shared<SpeechGauges>(std::move(sources)));
  TUTTI_RETURN_IF_ERROR(metrics_.Serve(options_.metrics_listen));

  RpcServerOptions rpc;
  rpc.listen = options_.grpc_listen;
  rpc.services = {service_.get()};
  rpc.metrics = &metrics_;
  rpc.tls = options_.tls;
  rpc.client_certificates = true;
  TUTTI_ASSIGN_OR_RETURN(rpc_, StartRpcServer(rpc));
  return absl::OkStatus();
}

SpeechServer::~SpeechServer() {
  if (rpc_.server != nullptr) rpc_.server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  rpc_.server.reset();
  metrics_.Stop();
}

}  // namespace tutti::speech
