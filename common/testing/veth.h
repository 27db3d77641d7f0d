#ifndef COMMON_TESTING_VETH_H_
#define COMMON_TESTING_VETH_H_

namespace tutti {

// Moves this process, which has one thread, into a network namespace of its own
// (and where it isn't root into a user namespace, where it is) with a veth pair:
// media0 for a packet driver, peer0 with 198.18.0.2/24 for the kernel. False
// where the kernel, ip or ethtool refuse.
bool MakeVethPair();

}  // namespace tutti

#endif  // COMMON_TESTING_VETH_H_
