#ifndef CONTROL_CORE_PRINCIPAL_H_
#define CONTROL_CORE_PRINCIPAL_H_

#include <string>

namespace tutti::control {

// Who asks. Everything that is read or changed is scoped by it: what belongs to
// another customer does not exist.
struct Principal {
  std::string customer_id;
  // Of the request, as W3C Trace Context; it goes along with what follows from it, and
  // is never stored. Empty: none.
  std::string traceparent = {};
};

// The customer of a system without keys.
inline constexpr char kDefaultCustomerId[] = "00000000-0000-7000-8000-000000000001";

inline Principal DefaultPrincipal() { return Principal{kDefaultCustomerId}; }

}  // namespace tutti::control

#endif  // CONTROL_CORE_PRINCIPAL_H_
