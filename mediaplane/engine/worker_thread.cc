#include "mediaplane/engine/worker_thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>

#include "mediaplane/port/eal.h"

namespace tutti::mediaplane {
namespace {

int64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void SleepUntil(int64_t ns) {
  timespec until;
  until.tv_sec = ns / 1'000'000'000;
  until.tv_nsec = ns % 1'000'000'000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

void StayOn(int cpu) {
  if (cpu < 0) return;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
}

}  // namespace

WorkerThread::WorkerThread(Worker& worker, int cpu) : worker_(worker), thread_([this, cpu] { Run(cpu); }) {}

WorkerThread::~WorkerThread() {
  stop_.store(true, std::memory_order_relaxed);
  thread_.join();
}

void WorkerThread::Run(int cpu) {
  StayOn(cpu);
  // Of this thread alone. Refused: as any other.
  if (!worker_.polling()) static_cast<void>(setpriority(PRIO_PROCESS, 0, kNiceness));
  // Without an id the pools still work, only slower: nothing to give up for.
  const bool registered = RegisterWorkerThread().ok();
  while (!stop_.load(std::memory_order_relaxed)) {
    const int64_t begin_ns = MonotonicNs();
    const int64_t next_ns = worker_.RunOnce(begin_ns);
    const int64_t end_ns = MonotonicNs();
    worker_.Finished(begin_ns, end_ns);
    if (!worker_.polling() && next_ns > end_ns) SleepUntil(next_ns);
  }
  if (registered) UnregisterWorkerThread();
}

}  // namespace tutti::mediaplane
