#ifndef MEDIAPLANE_AUDIO_SIMD_TARGETS_H_
#define MEDIAPLANE_AUDIO_SIMD_TARGETS_H_

#include <cstdint>
#include <functional>

#include "hwy/targets.h"

namespace tutti::mediaplane {

// Runs `check` with each instruction set that this machine has, named by Highway, and
// leaves the best one chosen.
inline void ForEachSimdTarget(const std::function<void(const char*)>& check) {
  const int64_t supported = hwy::SupportedTargets();
  for (int64_t rest = supported; rest != 0; rest &= rest - 1) {
    const int64_t target = rest & -rest;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    check(hwy::TargetName(target));
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_SIMD_TARGETS_H_
