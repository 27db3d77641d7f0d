#ifndef MEDIAPLANE_ENGINE_RING_H_
#define MEDIAPLANE_ENGINE_RING_H_

#include <rte_errno.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include <cstdlib>
#include <memory>
#include <type_traits>

namespace tutti::mediaplane {

// A bounded queue of fixed-size messages between two threads: one puts, one
// takes. An rte_ring on ordinary memory, for nothing of it is shared with
// devices or other processes.
template <typename T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 4 == 0);

 public:
  Ring() = default;

  // Holds at least `size` messages. False when memory is short.
  bool Allocate(unsigned size) {
    unsigned power = 1;
    while (power < size + 1) power *= 2;
    const ssize_t bytes = rte_ring_get_memsize_elem(sizeof(T), power);
    if (bytes <= 0) return false;
    memory_.reset(static_cast<rte_ring*>(std::aligned_alloc(64, (static_cast<size_t>(bytes) + 63) / 64 * 64)));
    return memory_ != nullptr && rte_ring_init(memory_.get(), "tutti", power, RING_F_SP_ENQ | RING_F_SC_DEQ) == 0;
  }

  // False when it is full.
  bool Put(T message) { return rte_ring_sp_enqueue_elem(memory_.get(), &message, sizeof(T)) == 0; }
  // False when it is empty.
  bool Take(T& message) { return rte_ring_sc_dequeue_elem(memory_.get(), &message, sizeof(T)) == 0; }
  bool full() const { return rte_ring_full(memory_.get()) != 0; }
  unsigned depth() const { return rte_ring_count(memory_.get()); }

 private:
  struct Free {
    void operator()(rte_ring* ring) const { std::free(ring); }
  };
  std::unique_ptr<rte_ring, Free> memory_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_RING_H_
