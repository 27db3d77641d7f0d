#include "mediaplane/port/ethdev.h"

#include <rte_errno.h>
#include <rte_ethdev.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

constexpr unsigned kWorkersMax = 64;
constexpr size_t kAddressesMax = 64;
constexpr unsigned kRingPackets = 4096;

absl::Status ConfigurationError(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_CONFIGURATION", message);
}

absl::Status DeviceError(const std::string& device, const char* what, int result) {
  return Error(absl::StatusCode::kFailedPrecondition, "DEVICE_FAILED",
               absl::StrFormat("network device %s: %s: %s", device, what, rte_strerror(-result)));
}

absl::StatusOr<uint16_t> FindDevice(const std::string& name) {
  uint16_t port_id = RTE_MAX_ETHPORTS;
  if (!name.empty()) {
    if (rte_eth_dev_get_port_by_name(name.c_str(), &port_id) == 0) return port_id;
    return ConfigurationError(absl::StrFormat("DPDK has no network device %s", name));
  }
  if (rte_eth_dev_count_avail() != 1) {
    return ConfigurationError(
        absl::StrFormat("DPDK has %u network devices: name the one to use", rte_eth_dev_count_avail()));
  }
  RTE_ETH_FOREACH_DEV(port_id) break;
  return port_id;
}

absl::StatusOr<RingPtr> CreateRing(const char* what, uint16_t port_id, size_t worker) {
  const std::string name = absl::StrFormat("%s_%u_%u", what, port_id, worker);
  RingPtr ring(rte_ring_create(name.c_str(), kRingPackets, SOCKET_ID_ANY, RING_F_SC_DEQ));
  if (ring == nullptr) {
    return Error(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY",
                 absl::StrFormat("no ring between workers: %s", rte_strerror(rte_errno)));
  }
  return ring;
}

void FreePackets(rte_ring* ring) {
  void* packet = nullptr;
  while (rte_ring_sc_dequeue(ring, &packet) == 0) rte_pktmbuf_free(static_cast<rte_mbuf*>(packet));
}

}  // namespace

absl::StatusOr<std::unique_ptr<EthdevEndpoints>> EthdevEndpoints::Create(const EthdevOptions& options) {
  if (options.workers == 0 || options.workers > kWorkersMax || options.legs_max == 0 || options.pool == nullptr) {
    return ConfigurationError("an ethdev port needs 1 to 64 workers, legs and a packet pool");
  }
  std::unique_ptr<EthdevEndpoints> endpoints(new EthdevEndpoints(options));
  TUTTI_RETURN_IF_ERROR(endpoints->CheckAddresses());
  EthdevLink& link = endpoints->link_;
  TUTTI_ASSIGN_OR_RETURN(link.port_id, FindDevice(options.device));
  link.vlan = options.vlan;
  link.addresses = options.addresses;
  link.gateway = options.gateway;
  link.pool = options.pool;
  link.clock = options.clock;
  link.demux = std::make_unique<DemuxTable>(link.addresses.size(), options.legs_max);
  TUTTI_RETURN_IF_ERROR(endpoints->CreateRings());
  TUTTI_RETURN_IF_ERROR(endpoints->StartDevice());
  for (uint16_t worker = 0; worker < options.workers; ++worker) {
    endpoints->ports_.push_back(std::make_unique<EthdevPort>(&link, worker));
  }
  return endpoints;
}

absl::Status EthdevEndpoints::CheckAddresses() {
  if (options_.addresses.empty() || options_.addresses.size() > kAddressesMax) {
    return ConfigurationError("an ethdev port needs 1 to 64 local addresses");
  }
  if (options_.vlan > 4094) return ConfigurationError(absl::StrFormat("%u is no VLAN: 1-4094", options_.vlan));
  for (LocalPrefix& local : options_.addresses) {
    local.ip.port = 0;
    if (!IsIpv4(local.ip)) {
      return ConfigurationError(absl::StrFormat("an ethdev port does not offer IPv6 (%s)", FormatIp(local.ip)));
    }
    if (IsUnspecified(local.ip) || local.prefix_bits > 32) {
      return ConfigurationError(
          absl::StrFormat("%s/%u is no address of a link", FormatIp(local.ip), local.prefix_bits));
    }
    allocators_.emplace_back(options_.first_port, options_.last_port, options_.port_start);
    if (allocators_.back().capacity() == 0) {
      return ConfigurationError(
          absl::StrFormat("the RTP ports %u-%u hold no pair of ports", options_.first_port, options_.last_port));
    }
  }
  if (options_.gateway.has_value() &&
      std::none_of(options_.addresses.begin(), options_.addresses.end(),
                   [&](const LocalPrefix& local) { return IsOnLink(local, *options_.gateway); })) {
    return ConfigurationError(
        absl::StrFormat("the gateway %s is on no link of the local addresses", FormatIp(*options_.gateway)));
  }
  return absl::OkStatus();
}

absl::Status EthdevEndpoints::CreateRings() {
  for (size_t worker = 0; worker < options_.workers; ++worker) {
    TUTTI_ASSIGN_OR_RETURN(RingPtr forward, CreateRing("forward", link_.port_id, worker));
    TUTTI_ASSIGN_OR_RETURN(RingPtr transmit, CreateRing("transmit", link_.port_id, worker));
    link_.forward.push_back(std::move(forward));
    link_.transmit.push_back(std::move(transmit));
  }
  return absl::OkStatus();
}

absl::Status EthdevEndpoints::StartDevice() {
  const uint16_t id = link_.port_id;
  char name[RTE_ETH_NAME_MAX_LEN] = {};
  rte_eth_dev_get_name_by_port(id, name);
  rte_eth_dev_info info;
  int result = rte_eth_dev_info_get(id, &info);
  if (result != 0) return DeviceError(name, "no information", result);
  const auto workers = static_cast<uint16_t>(options_.workers);
  link_.rx_queues = std::min(workers, info.max_rx_queues);
  link_.tx_queues = std::min(workers, info.max_tx_queues);

  rte_eth_conf conf = {};
  conf.rxmode.offloads = info.rx_offload_capa & (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
  const uint64_t hash = info.flow_type_rss_offloads & (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_IPV4);
  if (link_.rx_queues > 1 && hash != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = hash;
  }
  result = rte_eth_dev_configure(id, link_.rx_queues, link_.tx_queues, &conf);
  if (result != 0) return DeviceError(name, "can't be configured", result);
  auto rx_descriptors = static_cast<uint16_t>(options_.descriptors);
  uint16_t tx_descriptors = rx_descriptors;
  result = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx_descriptors, &tx_descriptors);
  if (result != 0) return DeviceError(name, "refuses its queues' size", result);
  const int socket = rte_eth_dev_socket_id(id);
  for (uint16_t queue = 0; queue < link_.rx_queues; ++queue) {
    result = rte_eth_rx_queue_setup(id, queue, rx_descriptors, static_cast<unsigned>(socket), nullptr, options_.pool);
    if (result != 0) return DeviceError(name, "no receive queue", result);
  }
  for (uint16_t queue = 0; queue < link_.tx_queues; ++queue) {
    result = rte_eth_tx_queue_setup(id, queue, tx_descriptors, static_cast<unsigned>(socket), nullptr);
    if (result != 0) return DeviceError(name, "no transmit queue", result);
  }
  rte_ether_addr mac;
  result = rte_eth_macaddr_get(id, &mac);
  if (result != 0) return DeviceError(name, "no Ethernet address", result);
  std::copy_n(mac.addr_bytes, link_.mac.size(), link_.mac.begin());
  uint16_t mtu;
  if (rte_eth_dev_get_mtu(id, &mtu) == 0 && mtu >= 576) link_.mtu = mtu;
  result = rte_eth_dev_start(id);
  if (result != 0) return DeviceError(name, "does not start", result);
  started_ = true;
  return absl::OkStatus();
}

EthdevEndpoints::~EthdevEndpoints() {
  if (started_) rte_eth_dev_stop(link_.port_id);
  if (started_) rte_eth_dev_close(link_.port_id);
  for (const RingPtr& ring : link_.forward) FreePackets(ring.get());
  for (const RingPtr& ring : link_.transmit) FreePackets(ring.get());
}

absl::StatusOr<Endpoint> EthdevEndpoints::Open(LegSlot leg, const SocketAddress& remote, bool rtcp_mux) {
  if (leg >= link_.demux->legs_max()) {
    return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "no leg is left");
  }
  bool reached = false;
  // On the link of one of our addresses; else through the gateway of another.
  for (const bool through_gateway : {false, true}) {
    for (size_t i = 0; i < link_.addresses.size(); ++i) {
      const LocalPrefix& local = link_.addresses[i];
      const bool on_link = IsOnLink(local, remote);
      const bool routed = IsIpv4(remote) && link_.gateway.has_value() && IsOnLink(local, *link_.gateway);
      if (through_gateway ? on_link || !routed : !on_link) continue;
      reached = true;
      const std::optional<uint16_t> port = allocators_[i].Take();
      if (!port.has_value()) continue;
      Endpoint endpoint = {.leg = leg, .rtp = local.ip, .rtcp = local.ip};
      endpoint.rtp.port = *port;
      endpoint.rtcp.port = rtcp_mux ? *port : *port + 1;
      link_.demux->Set(i, endpoint.rtp.port, {.leg = leg, .rtcp = false});
      if (!rtcp_mux) link_.demux->Set(i, endpoint.rtcp.port, {.leg = leg, .rtcp = true});
      return endpoint;
    }
  }
  if (!reached) {
    return Error(absl::StatusCode::kInvalidArgument, "MEDIA_NOT_SUPPORTED",
                 absl::StrFormat("no media address of this node reaches %s", FormatIp(remote)));
  }
  return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY",
               absl::StrFormat("every RTP port of %u-%u is in use", options_.first_port, options_.last_port));
}

void EthdevEndpoints::Close(const Endpoint& endpoint) {
  const int address = link_.AddressIndex(endpoint.rtp);
  if (address < 0) return;
  link_.demux->Clear(static_cast<size_t>(address), endpoint.rtp.port);
  link_.demux->Clear(static_cast<size_t>(address), endpoint.rtcp.port);
  allocators_[address].Give(endpoint.rtp.port);
}

}  // namespace tutti::mediaplane
