#include "common/process/process_main.h"

#include <cstdio>
#include <string>
#include <utility>

#include "common/config/config.h"
#include "common/log/log.h"

namespace tutti {

EndSignal::EndSignal() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void EndSignal::Wait(const char* what) const {
  int signal = 0;
  sigwait(&signals_, &signal);
  log::Info(what, {{"signal", signal}});
}

int ProcessMain(const char* name, int argc, char** argv,
                absl::FunctionRef<absl::Status(config::v1::Config config, const EndSignal& end)> run) {
  const EndSignal end;
  signal(SIGPIPE, SIG_IGN);
  config::v1::Config config = ReadConfigOrExit(argc, argv);
  log::Init(name, config.log_format() == config::v1::Config::JSON ? log::Format::kJson : log::Format::kText);
  const absl::Status status = run(std::move(config), end);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", name, std::string(status.message()).c_str());
  return 1;
}

}  // namespace tutti
