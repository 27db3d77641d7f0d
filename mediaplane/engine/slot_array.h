#ifndef MEDIAPLANE_ENGINE_SLOT_ARRAY_H_
#define MEDIAPLANE_ENGINE_SLOT_ARRAY_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

namespace tutti::mediaplane {

// A pool's memory: `size` objects side by side, taken and touched at once and
// never moved. On large pages where the system gives them (a tick walks over
// all of it, and misses of the address cache cost more than its arithmetic).
template <typename T>
class SlotArray {
 public:
  SlotArray() = default;
  ~SlotArray() {
    for (T& item : items_) item.~T();
    if (memory_ != nullptr) munmap(memory_, bytes_);
  }
  SlotArray(const SlotArray&) = delete;
  SlotArray& operator=(const SlotArray&) = delete;

  // Once. False when memory is short.
  bool Allocate(size_t size) {
    constexpr size_t kLargePage = size_t{2} << 20;
    // One page more, so that the first one can be aligned.
    bytes_ = (size * sizeof(T) + kLargePage - 1) / kLargePage * kLargePage + kLargePage;
    memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) {
      memory_ = nullptr;
      return false;
    }
    madvise(memory_, bytes_, MADV_HUGEPAGE);
    const uintptr_t aligned = (reinterpret_cast<uintptr_t>(memory_) + kLargePage - 1) / kLargePage * kLargePage;
    T* first = reinterpret_cast<T*>(aligned);
    for (size_t i = 0; i < size; ++i) new (first + i) T();
    items_ = {first, size};
    return true;
  }

  std::span<T> items() const { return items_; }
  T& operator[](size_t i) const { return items_[i]; }

 private:
  void* memory_ = nullptr;
  size_t bytes_ = 0;
  std::span<T> items_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_SLOT_ARRAY_H_
