#ifndef CONTROL_LIFECYCLES_LIFECYCLES_H_
#define CONTROL_LIFECYCLES_LIFECYCLES_H_

#include <string>

namespace tutti::control {

// docs/lifecycles.md: the state tables of control/rules/machines.cc as diagrams
// and tables, the deadlines of control/core/core.h, and every reason of an end.
std::string WriteLifecycles();

}  // namespace tutti::control

#endif  // CONTROL_LIFECYCLES_LIFECYCLES_H_
