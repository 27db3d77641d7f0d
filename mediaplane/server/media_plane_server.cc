#include "mediaplane/server/media_plane_server.h"

#include <rte_mempool.h>
#include <time.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "common/log/log.h"
#include "common/status/status.h"
#include "mediaplane/port/address.h"
#include "mediaplane/port/ethdev.h"
#include "mediaplane/port/kernel_udp.h"
#include "mediaplane/recording/folder.h"
#include "mediaplane/transcription/grpc_recognizer.h"

namespace tutti::mediaplane {
namespace {

// Moments within a tick at which bridges run: few, so that a core wakes seldom.
constexpr unsigned kKernelUdpPhases = 4;
// A worker that polls is awake anyway: many, for an even load.
constexpr unsigned kEthdevPhases = 20;

// Messages of tapped bridges that may wait for the tap thread, 10 MiB a worker: a
// second of 300 bridges.
constexpr unsigned kTapRingSize = 16'383;

// How long the control thread may wait for the engine's news: shortest while a
// command is under way, so that a join is told within a tick.
constexpr absl::Duration kPollPending = absl::Milliseconds(2);
constexpr absl::Duration kPollLegs = absl::Milliseconds(20);
constexpr absl::Duration kPollEmpty = absl::Seconds(1);

// Threads that write recordings: one that waits for a disk leaves another one.
constexpr int kWriters = 2;
// Recordings that are finished at the same time.
constexpr int kFinishers = 2;
constexpr int kUploaders = 2;

// For the last BYE to leave.
constexpr absl::Duration kEndTimeout = absl::Seconds(2);

uint64_t Random64() {
  static thread_local std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// The clock of workers' ticks.
int64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// The program that is built with this one: beside it, or in its folder of the build.
std::string FinisherProgram() {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto beside = folder / "recording_finish";
  return std::filesystem::exists(beside, error) ? beside : folder / "finisher" / "recording_finish";
}

}  // namespace

absl::StatusOr<std::unique_ptr<MediaPlaneServer>> MediaPlaneServer::Start(const ServerOptions& options, Clock& clock) {
  std::unique_ptr<MediaPlaneServer> server(new MediaPlaneServer(options));
  TUTTI_RETURN_IF_ERROR(server->StartMedia());
  TUTTI_RETURN_IF_ERROR(server->StartControl(clock));
  return server;
}

absl::Status MediaPlaneServer::StartMedia() {
  const unsigned packets = PacketsFor(options_.workers, options_.ethdev ? EthdevOptions().descriptors : 0);
  EalOptions eal;
  eal.memory_mb = MemoryMbFor(packets);
  if (options_.ethdev) {
    eal.hugepages = options_.ethdev->hugepages;
    eal.pci = options_.ethdev->pci;
    if (!options_.ethdev->vdev.empty()) eal.vdevs = {options_.ethdev->vdev};
  }
  TUTTI_ASSIGN_OR_RETURN(eal_, Eal::Start(eal));
  TUTTI_ASSIGN_OR_RETURN(packets_, CreatePacketPool("packets", packets));
  TUTTI_RETURN_IF_ERROR(CreateEndpoints());

  StreamPortOptions streams;
  streams.workers = options_.workers;
  streams.phases = options_.ethdev ? kEthdevPhases : kKernelUdpPhases;
  streams.polling = options_.ethdev.has_value();
  streams.legs_max = options_.legs_max;
  streams.pool = packets_.get();
  streams_ = std::make_unique<StreamEndpoints>(*endpoints_, streams);

  EngineOptions engine;
  engine.workers = options_.workers;
  engine.legs_max = options_.legs_max;
  engine.bridges_max = options_.legs_max;
  engine.phases = options_.ethdev ? kEthdevPhases : kKernelUdpPhases;
  engine.polling = options_.ethdev.has_value();
  engine.packets = packets_.get();
  engine.tap_ring_size = kTapRingSize;
  engine.random = Random64;
  TUTTI_ASSIGN_OR_RETURN(engine_, Engine::Create(engine, *streams_));
  for (unsigned i = 0; i < options_.workers; ++i) {
    worker_threads_.push_back(std::make_unique<WorkerThread>(engine_->worker(i), options_.worker_cpus[i]));
  }
  return absl::OkStatus();
}

absl::Status MediaPlaneServer::CreateEndpoints() {
  if (options_.ethdev) {
    EthdevOptions ethdev;
    ethdev.device = options_.ethdev->device;
    ethdev.addresses = options_.ethdev->addresses;
    ethdev.gateway = options_.ethdev->gateway;
    ethdev.vlan = options_.ethdev->vlan;
    ethdev.first_port = options_.port_first;
    ethdev.last_port = options_.port_last;
    ethdev.port_start = Random64();
    ethdev.workers = options_.workers;
    ethdev.legs_max = options_.legs_max;
    ethdev.pool = packets_.get();
    TUTTI_ASSIGN_OR_RETURN(endpoints_, EthdevEndpoints::Create(ethdev));
    return absl::OkStatus();
  }
  KernelUdpOptions udp;
  udp.addresses = options_.addresses;
  udp.first_port = options_.port_first;
  udp.last_port = options_.port_last;
  udp.port_start = Random64();
  udp.workers = options_.workers;
  udp.phases = kKernelUdpPhases;
  udp.legs_max = options_.legs_max;
  udp.pool = packets_.get();
  TUTTI_ASSIGN_OR_RETURN(endpoints_, KernelUdpEndpoints::Create(udp));
  return absl::OkStatus();
}

absl::Status MediaPlaneServer::StartControl(Clock& clock) {
  std::vector<WorkerSource> sources;
  for (unsigned i = 0; i < options_.workers; ++i) {
    sources.push_back({&engine_->counters(i), &endpoints_->port(i).counters(),
                       [this, i] { return engine_->command_queue_depth(i); }});
  }
  engine_metrics_ = std::make_shared<EngineMetrics>(std::move(sources), options_.legs_max, packets_->size,
                                                    [this] { return rte_mempool_in_use_count(packets_.get()); });
  metrics_.Add(engine_metrics_);
  recording_metrics_ =
      std::make_shared<RecordingMetrics>(recording_figures_, [this] { return node_->tap_hub().depth_max(); });

  NodeOptions node;
  TUTTI_RETURN_IF_ERROR(StartRecording(clock, node.recordings));
  node.epoch = IdGenerator(clock).Next();
  for (const SocketAddress& address : options_.addresses) node.addresses.push_back(FormatIp(address));
  node.rtp_peer_allow = options_.rtp_peer_allow;
  for (unsigned i = 0; i < options_.workers; ++i) node.tap_rings.push_back(&engine_->tap_ring(i));
  node.legs_max = static_cast<int32_t>(options_.legs_max);
  node.audio_streams_max = options_.audio_streams_max;
  node.stream_counters = streams_->counters();
  media_engine_ = std::make_unique<RealMediaEngine>(*engine_, *streams_);
  node_ = std::make_unique<Node>(std::move(node), *media_engine_, clock);
  TUTTI_RETURN_IF_ERROR(node_->LoadRecordings());
  metrics_.Add(recording_metrics_);
  TUTTI_RETURN_IF_ERROR(metrics_.Serve(options_.metrics_listen));
  tap_thread_ = std::make_unique<TapThread>(node_->tap_hub());
  control_thread_ = std::make_unique<ControlThread>([this] { return Poll(); });
  MakeTranscriptions(clock);
  audio_pump_ = std::make_unique<AudioPump>();
  service_ = std::make_unique<MediaPlaneService>(*node_, *control_thread_, *audio_pump_);

  RpcServerOptions rpc;
  rpc.listen = options_.grpc_listen;
  rpc.services = {service_.get()};
  rpc.metrics = &metrics_;
  rpc.tls = options_.tls;
  rpc.client_certificates = true;
  TUTTI_ASSIGN_OR_RETURN(rpc_, StartRpcServer(rpc));
  return absl::OkStatus();
}

void MediaPlaneServer::MakeTranscriptions(Clock& clock) {
  transcription_metrics_ = std::make_unique<TranscriptionMetrics>(metrics_.registry());
  Transcriptions::Parts parts;
  parts.hub = &node_->tap_hub();
  parts.names = &node_->leg_names();
  parts.clock = &clock;
  parts.metrics = transcription_metrics_.get();
  parts.make_recognizer = [this](Transcriptions::Post post) {
    return std::make_unique<GrpcRecognizer>(options_.speech_address, std::move(post), options_.tls);
  };
  parts.post = [this](std::function<void()> task) { control_thread_->Post(std::move(task)); };
  parts.tell = [this](media::v1::NodeEvent event) { node_->log().Append(std::move(event)); };
  parts.tell_live = [this](media::v1::LiveEvent event) { node_->live_log().Append(std::move(event)); };
  transcriptions_ = std::make_unique<Transcriptions>(std::move(parts));
  control_thread_->Run([this] { node_->Use(*transcriptions_); });
}

absl::Status MediaPlaneServer::StartRecording(Clock& clock, RecordingsOptions& recordings) {
  std::error_code error;
  std::filesystem::create_directories(options_.recordings_dir, error);
  // One that is there is none.
  TUTTI_ASSIGN_OR_RETURN(recordings_lock_, FolderLock::Take(options_.recordings_dir));
  writers_ = std::make_unique<WorkThreads>("recorder", kWriters);
  using Words = std::vector<std::string>;
  finisher_ = std::make_unique<FinisherProcess>(FinisherProgram(), Words(), Words(), kFinishers);
  recordings.folder = options_.recordings_dir;
  recordings.recordings_max = options_.recordings_max;
  recordings.tools.disk = &disk_;
  recordings.tools.clock = &clock;
  recordings.tools.monotonic_ns = MonotonicNs;
  recordings.tools.write = [this](std::function<void()> task) { writers_->Post(std::move(task)); };
  recordings.tools.figures = &recording_figures_;
  recordings.finish = [this](const std::string& folder, FinisherProcess::Done done) {
    finisher_->Finish(folder, std::move(done));
  };
  if (options_.object_store.empty()) return absl::OkStatus();
  const Words variables = {absl::StrCat(kObjectStoreVariable, "=", options_.object_store)};
  uploader_ = std::make_unique<FinisherProcess>(FinisherProgram(), Words{"--upload"}, variables, kUploaders);
  deleter_ = std::make_unique<FinisherProcess>(FinisherProgram(), Words{"--delete"}, variables, kUploaders);
  recordings.upload = [this](const std::string& folder, FinisherProcess::Done done) {
    uploader_->Finish(folder, std::move(done));
  };
  recordings.delete_uploads = [this](const std::string& folder, FinisherProcess::Done done) {
    deleter_->Finish(folder, std::move(done));
  };
  return absl::OkStatus();
}

absl::Duration MediaPlaneServer::Poll() {
  node_->Poll();
  ControlFigures figures;
  figures.legs = engine_->leg_count();
  figures.bridges = engine_->bridge_count();
  figures.busy = engine_->busy();
  figures.ports_skipped = endpoints_->ports_skipped();
  figures.event_sequence = static_cast<uint64_t>(node_->log().latest());
  figures.live_event_sequence = static_cast<uint64_t>(node_->live_log().latest());
  figures.sounds = node_->sounds().size();
  figures.sound_bytes = node_->sounds().bytes();
  figures.plays = node_->plays();
  figures.audio_streams = node_->streams().size();
  figures.audio_samples_dropped = streams_->counters()->samples_dropped;
  figures.audio_frames_left_out = streams_->counters()->frames_left_out;
  figures.audio_frames_added = streams_->counters()->frames_added;
  figures.audio_streams_too_slow = streams_->counters()->too_slow;
  engine_metrics_->Update(figures);
  {
    absl::MutexLock lock(&idle_mutex_);
    idle_ = node_->idle();
  }
  if (node_->pending()) return kPollPending;
  const bool records = recording_figures_.active > 0 || recording_figures_.finishing > 0;
  // Also that tokens expire in time.
  return figures.legs > 0 || figures.plays > 0 || figures.audio_streams > 0 || records ? kPollLegs : kPollEmpty;
}

bool MediaPlaneServer::WaitIdle(absl::Duration timeout) {
  absl::MutexLock lock(&idle_mutex_);
  return idle_mutex_.AwaitWithTimeout(absl::Condition(&idle_), timeout);
}

MediaPlaneServer::~MediaPlaneServer() {
  if (control_thread_ != nullptr) {
    control_thread_->Run([this] { node_->Drain(); });
    if (!WaitIdle(options_.drain_timeout)) {
      const absl::Time deadline = absl::Now() + kEndTimeout;
      bool asked = false;
      while (!asked && absl::Now() < deadline) control_thread_->Run([&] { asked = node_->RemoveAll(); });
      if (!asked || !WaitIdle(kEndTimeout)) log::Warning("some calls did not end in time");
    }
    // What waits for a stream or a reply needs the control thread: it ends last.
    if (rpc_.server != nullptr) rpc_.server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    rpc_.server.reset();
    control_thread_->Run([this] { transcriptions_->Close(); });
    control_thread_.reset();
  }
  metrics_.Stop();
}

}  // namespace tutti::mediaplane
