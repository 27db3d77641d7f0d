#ifndef COMMON_RPC_KEEP_GRPC_H_
#define COMMON_RPC_KEEP_GRPC_H_

namespace tutti {

// gRPC 1.51 tears down the completion queue of its callback API, and itself,
// with the last channel or server, though threads of its own may still be
// leaving it, and then aborts ("assertion failed: prior > 0"). A process that
// uses gRPC calls this first and keeps both until it exits. Cheap to repeat;
// thread-safe.
void KeepGrpc();

}  // namespace tutti

#endif  // COMMON_RPC_KEEP_GRPC_H_
