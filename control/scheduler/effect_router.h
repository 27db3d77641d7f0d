#ifndef CONTROL_SCHEDULER_EFFECT_ROUTER_H_
#define CONTROL_SCHEDULER_EFFECT_ROUTER_H_

#include <functional>
#include <utility>
#include <vector>

#include "control/rules/media.h"

namespace tutti::control {

// Hands each commit's effects to all who want them; it is there before the core
// is, and they after it.
class EffectRouter final : public EffectSink {
 public:
  // Must not block.
  using Target = std::function<void(const Effects&)>;

  // Before the core's first step.
  void Add(Target target) { targets_.push_back(std::move(target)); }

  void OnCommit(Effects effects) override {
    for (const Target& target : targets_) target(effects);
  }

 private:
  std::vector<Target> targets_;
};

}  // namespace tutti::control

#endif  // CONTROL_SCHEDULER_EFFECT_ROUTER_H_
