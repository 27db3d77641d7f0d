#ifndef CONTROL_SIMULATION_REPORT_H_
#define CONTROL_SIMULATION_REPORT_H_

#include <cstdint>
#include <string>

#include "control/simulation/world.h"

namespace tutti::control::simulation {

// What a person needs of a run that failed: what does not hold, the last lines of
// the story, and the command that tells all of it.
std::string Report(uint64_t seed, const World& world, int lines);

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_REPORT_H_
