#include <cstdio>

#include "control/lifecycles/lifecycles.h"

int main() {
  std::fputs(tutti::control::WriteLifecycles().c_str(), stdout);
  return 0;
}
