#include "control/store/testing/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "control/store/migrate.h"
#include "control/store/migrations/postgres_migrations.h"
#include "control/store/sql/postgres_connection.h"

namespace tutti::control {
namespace {

constexpr char kServers[] = "/usr/lib/postgresql";
constexpr char kTemplate[] = "tutti_template";
// Attempts of 10 ms to reach a server that starts.
constexpr int kAttemptsMax = 3'000;

// The programs of the newest version that is installed; Debian keeps them out of
// PATH.
std::string FindPrograms() {
  int newest = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kServers, error)) {
    int version = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &version) || version < newest) continue;
    if (std::filesystem::exists(entry.path() / "bin/postgres")) newest = version;
  }
  return newest == 0 ? "" : absl::StrCat(kServers, "/", newest, "/bin/");
}

bool HasEnded(pid_t process) { return waitpid(process, nullptr, WNOHANG) == process; }

}  // namespace

PostgresServer& PostgresServer::Get() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() : user_(geteuid()), group_(getegid()), programs_(FindPrograms()) {
  std::string pattern = "/tmp/pgXXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) Fail("no folder can be made below /tmp");
  folder_ = pattern;
  if (programs_.empty()) Fail("its server is not installed: tools/setup --test does that");
  if (user_ == 0) {
    // It refuses to run as root.
    const passwd* account = getpwnam("postgres");
    if (account == nullptr) Fail("there is no user postgres to run it");
    user_ = account->pw_uid;
    group_ = account->pw_gid;
    if (chown(folder_.c_str(), user_, group_) != 0) Fail("its folder can't be given to the user postgres");
  }
  // ICU's order of text is unlike that of bytes, as in many installations.
  const pid_t initdb =
      Spawn({programs_ + "initdb", "-D", folder_ + "/data", "-U", "postgres", "--auth=trust", "--no-sync",
             "--no-instructions", "--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"},
            SIGKILL);
  int status = -1;
  if (waitpid(initdb, &status, 0) != initdb || status != 0) Fail("initdb failed");
  Start();
}

PostgresServer::~PostgresServer() {
  Stop(SIGQUIT);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void PostgresServer::Start() {
  // After a SIGKILL its children may be there for a moment, and a new server then
  // refuses to start.
  for (int i = 0; i < kAttemptsMax; ++i) {
    if (TryStart()) return;
    absl::SleepFor(absl::Milliseconds(10));
  }
  Fail("it doesn't start");
}

bool PostgresServer::TryStart() {
  server_ = Spawn({programs_ + "postgres", "-D", folder_ + "/data", "-c", "listen_addresses=", "-c",
                   "unix_socket_directories=" + folder_, "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
                   "shared_buffers=32MB", "-c", "max_connections=100", "-c", "timezone=UTC"},
                  SIGQUIT);
  for (int i = 0; i < kAttemptsMax; ++i) {
    if (sql::PostgresConnection::Open(Url("postgres")).ok()) return true;
    if (HasEnded(server_)) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  Fail("it doesn't answer");
}

void PostgresServer::Stop(int signal) {
  if (server_ == 0) return;
  kill(server_, signal);
  waitpid(server_, nullptr, 0);
  server_ = 0;
}

std::string PostgresServer::MakeDatabase() {
  if (!has_template_) {
    RunAdmin(absl::StrCat("CREATE DATABASE ", kTemplate));
    auto connection = sql::PostgresConnection::Open(Url(kTemplate));
    if (!connection.ok() || !Migrate(**connection, kPostgresMigrations).ok()) Fail("the schema can't be made");
    has_template_ = true;
  }
  const std::string name = absl::StrCat("test", ++databases_);
  RunAdmin(absl::StrCat("CREATE DATABASE ", name, " TEMPLATE ", kTemplate, " STRATEGY FILE_COPY"));
  return Url(name);
}

std::string PostgresServer::MakeEmptyDatabase() {
  const std::string name = absl::StrCat("test", ++databases_);
  RunAdmin(absl::StrCat("CREATE DATABASE ", name));
  return Url(name);
}

void PostgresServer::DropDatabase(const std::string& url) {
  const size_t begin = url.rfind('/', url.find('?')) + 1;
  RunAdmin(absl::StrCat("DROP DATABASE ", url.substr(begin, url.find('?') - begin), " WITH (FORCE)"));
}

std::string PostgresServer::Url(const std::string& database) const {
  return absl::StrCat("postgresql://postgres@/", database, "?host=", folder_, "&port=5432");
}

void PostgresServer::RunAdmin(const std::string& sql) {
  auto connection = sql::PostgresConnection::Open(Url("postgres"));
  if (!connection.ok()) Fail(std::string(connection.status().message()));
  if (absl::Status status = (*connection)->ExecuteScript(sql); !status.ok()) Fail(std::string(status.message()));
}

pid_t PostgresServer::Spawn(const std::vector<std::string>& arguments, int death_signal) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const std::string log = folder_ + "/log";
  const pid_t child = fork();
  if (child != 0) return child;
  // Only system calls from here on: other threads of the parent may have held locks.
  const bool is_other_user = user_ != geteuid();
  if (is_other_user && (setgroups(0, nullptr) != 0 || setgid(group_) != 0 || setuid(user_) != 0)) _exit(1);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // After the change of the user, which clears it.
  prctl(PR_SET_PDEATHSIG, death_signal);
  if (chdir("/") == 0) execv(argv[0], argv.data());
  _exit(1);
}

void PostgresServer::Fail(const std::string& what) const {
  std::ifstream log(folder_ + "/log");
  const std::string said((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
  std::fprintf(stderr, "PostgreSQL for this test: %s\n%s\n", what.c_str(), said.c_str());
  if (server_ != 0) kill(server_, SIGKILL);
  _exit(1);
}

}  // namespace tutti::control
