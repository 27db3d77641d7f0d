#ifndef MEDIAPLANE_ENGINE_RING_H_
#define MEDIAPLANE_ENGINE_RING_H_

#include <rte_errno.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <rte_ring_peek_zc.h>

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

  // The same without a copy, for large messages: the place of the next one, which is
  // in the ring once PutClaimed is called; null unless `spare` more would fit.
  T* Claim(unsigned spare = 0) {
    if (rte_ring_free_count(memory_.get()) <= spare) return nullptr;
    rte_ring_zc_data place = {};
    rte_ring_enqueue_zc_bulk_elem_start(memory_.get(), sizeof(T), 1, &place, nullptr);
    return static_cast<T*>(place.ptr1);
  }
  void PutClaimed() { rte_ring_enqueue_zc_elem_finish(memory_.get(), 1); }
  // The first message, which is out of the ring once TakePeeked is called; null when
  // it is empty.
  const T* Peek() {
    rte_ring_zc_data place = {};
    if (rte_ring_dequeue_zc_bulk_elem_start(memory_.get(), sizeof(T), 1, &place, nullptr) == 0) return nullptr;
    return static_cast<const T*>(place.ptr1);
  }
  void TakePeeked() { rte_ring_dequeue_zc_elem_finish(memory_.get(), 1); }

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
