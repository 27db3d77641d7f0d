#ifndef CONTROL_STORE_TESTING_POSTGRES_SERVER_H_
#define CONTROL_STORE_TESTING_POSTGRES_SERVER_H_

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace tutti::control {

// A real PostgreSQL server of this process's own, on a socket below /tmp. It ends
// with the thread that first asks for it, so that must be the test's main thread.
// What can't be done ends the process with a sentence.
class PostgresServer {
 public:
  // Started at the first call, ended at the process's end.
  static PostgresServer& Get();

  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // A new data base with the schema of the store, and how to reach it.
  std::string MakeDatabase();
  void DropDatabase(const std::string& url);
  // Without any table.
  std::string MakeEmptyDatabase();

  // Anew after Stop, with what was committed; returns when it answers.
  void Start();
  // SIGINT ends it cleanly, SIGKILL as a crash.
  void Stop(int signal = SIGINT);

 private:
  PostgresServer();

  std::string Url(const std::string& database) const;
  void RunAdmin(const std::string& sql);
  bool TryStart();
  // Starts a program as the user who may run it, its output in the log file.
  pid_t Spawn(const std::vector<std::string>& arguments, int death_signal);
  [[noreturn]] void Fail(const std::string& what) const;

  std::string folder_;
  // Of the account that runs the server; ours unless we are root.
  uid_t user_;
  gid_t group_;
  std::string programs_;
  pid_t server_ = 0;
  int databases_ = 0;
  bool has_template_ = false;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_TESTING_POSTGRES_SERVER_H_
