#include "control/store/sql/postgres_connection.h"

#include <libpq-fe.h>

#include <cstring>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status/status.h"

namespace tutti::sql {
namespace {

constexpr int kTextFormat = 0;
constexpr int kBinaryFormat = 1;

struct Result {
  explicit Result(PGresult* result) : result(result) {}
  ~Result() { PQclear(result); }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;

  PGresult* const result;
};

// All columns come in binary format: integers in network order.
class PostgresRow final : public Row {
 public:
  PostgresRow(const PGresult* result, int row) : result_(result), row_(row) {}

  bool IsNull(int column) const override { return PQgetisnull(result_, row_, column) != 0; }
  int64_t Int64(int column) const override {
    const std::string_view bytes = Bytes(column);
    if (bytes.empty() || bytes.size() > sizeof(int64_t)) return 0;
    uint64_t number = (bytes[0] & 0x80) != 0 ? ~uint64_t{0} : 0;
    for (const char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
    return static_cast<int64_t>(number);
  }
  std::string_view Bytes(int column) const override {
    return {PQgetvalue(result_, row_, column), static_cast<size_t>(PQgetlength(result_, row_, column))};
  }

 private:
  const PGresult* result_;
  const int row_;
};

bool IsClass(std::string_view state, std::string_view start) { return state.substr(0, start.size()) == start; }

// PostgreSQL's documentation, Appendix A.
absl::StatusCode CodeOf(std::string_view state) {
  for (const char* lost_race : {"40001", "40P01", "55P03"}) {
    if (state == lost_race) return absl::StatusCode::kAborted;
  }
  if (state == "23505") return absl::StatusCode::kAlreadyExists;
  // The connection, resources (disk, memory, connections), an administrator or a
  // time-out, the system, a session that was too long idle, a server that became
  // a standby.
  for (const char* again : {"08", "53", "57", "58", "25P03", "25P04", "25006"}) {
    if (IsClass(state, again)) return absl::StatusCode::kUnavailable;
  }
  if (IsClass(state, "XX001") || IsClass(state, "XX002")) return absl::StatusCode::kDataLoss;
  for (const char* denied : {"28", "42501"}) {
    if (IsClass(state, denied)) return absl::StatusCode::kPermissionDenied;
  }
  return absl::StatusCode::kInternal;
}

std::string OneLine(const char* message) {
  std::string line(absl::StripAsciiWhitespace(message));
  return absl::StrReplaceAll(line, {{"\n\t", " "}, {"\n", "; "}, {"\t", " "}});
}

// `?` becomes $1, $2, …; not within quotes. Returns how many.
size_t RewritePlaceholders(std::string_view sql, std::string& out) {
  size_t count = 0;
  bool quoted = false;
  for (const char c : sql) {
    if (c == '\'') quoted = !quoted;
    if (c == '?' && !quoted) {
      absl::StrAppend(&out, "$", ++count);
    } else {
      out += c;
    }
  }
  return count;
}

// A parsed connection URL; free with PQconninfoFree.
PQconninfoOption* Parse(const std::string& url) {
  char* message = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &message);
  // It may quote the password.
  PQfreemem(message);
  return options;
}

std::string OptionOf(const PQconninfoOption* options, std::string_view name) {
  for (; options->keyword != nullptr; ++options) {
    if (name == options->keyword) return options->val == nullptr ? "" : options->val;
  }
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(const std::string& url) {
  PQconninfoOption* options = Parse(url);
  if (options == nullptr) {
    return absl::InvalidArgumentError("not the URL of a PostgreSQL data base; one is postgresql://USER@HOST/NAME");
  }
  PQconninfoFree(options);
  // Seconds, but for tcp_user_timeout (ms): a server that is silent is given up.
  // The URL's own values win, since it comes last.
  const std::pair<const char*, const char*> parameters[] = {
      {"connect_timeout", "2"},    {"keepalives_idle", "5"},      {"keepalives_interval", "2"},
      {"keepalives_count", "3"},   {"tcp_user_timeout", "10000"}, {"application_name", "tutti"},
      {"client_encoding", "UTF8"}, {"dbname", url.c_str()},       {nullptr, nullptr},
  };
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : parameters) {
    names.push_back(name);
    values.push_back(value);
  }
  PGconn* const opened = PQconnectdbParams(names.data(), values.data(), /*expand_dbname=*/1);
  if (opened == nullptr) return absl::UnavailableError("PostgreSQL: out of memory");
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(opened));
  if (PQstatus(opened) != CONNECTION_OK) {
    return absl::UnavailableError(absl::StrCat("PostgreSQL: ", OneLine(PQerrorMessage(opened))));
  }
  PQsetNoticeReceiver(
      opened, [](void*, const PGresult*) {}, nullptr);
  return connection;
}

std::string PostgresConnection::Describe(const std::string& url) {
  PQconninfoOption* options = Parse(url);
  if (options == nullptr) return "a PostgreSQL data base";
  const absl::Cleanup free = [options] { PQconninfoFree(options); };
  const auto or_else = [](std::string value, const char* otherwise) { return value.empty() ? otherwise : value; };
  return absl::StrCat(or_else(OptionOf(options, "dbname"), "the default data base"), " on ",
                      or_else(OptionOf(options, "host"), "the local socket"), ":",
                      or_else(OptionOf(options, "port"), "5432"), " as ",
                      or_else(OptionOf(options, "user"), "the default user"));
}

PostgresConnection::~PostgresConnection() { PQfinish(connection_); }

absl::StatusOr<const PostgresConnection::Statement*> PostgresConnection::Prepare(std::string_view sql) {
  const absl::string_view key(sql.data(), sql.size());
  if (auto found = statements_.find(key); found != statements_.end()) return &found->second;
  Statement statement{absl::StrCat("s", statements_.size()), 0};
  std::string text;
  statement.parameters = RewritePlaceholders(sql, text);
  const Result prepared(PQprepare(connection_, statement.name.c_str(), text.c_str(), 0, nullptr));
  if (PQresultStatus(prepared.result) != PGRES_COMMAND_OK) return MakeError(prepared.result, sql);
  return &statements_.emplace(key, std::move(statement)).first->second;
}

absl::StatusOr<int64_t> PostgresConnection::Query(std::string_view sql, absl::Span<const Value> values, RowFn row) {
  auto prepared = Prepare(sql);
  if (!prepared.ok()) return prepared.status();
  const Statement& statement = **prepared;
  if (values.size() != statement.parameters) {
    return absl::InternalError(absl::StrCat("PostgreSQL: ", values.size(), " values in ", std::string(sql)));
  }
  // Numbers go as text, which fits every integer type; text goes as bytes, for it
  // may hold a NUL, which the server refuses.
  std::vector<std::string> numbers(values.size());
  std::vector<const char*> data(values.size(), nullptr);
  std::vector<int> lengths(values.size(), 0);
  std::vector<int> formats(values.size(), kBinaryFormat);
  for (size_t i = 0; i < values.size(); ++i) {
    switch (values[i].kind) {
      case Value::Kind::kNull:
        break;
      case Value::Kind::kInt64:
        numbers[i] = absl::StrCat(values[i].number);
        data[i] = numbers[i].c_str();
        formats[i] = kTextFormat;
        break;
      case Value::Kind::kText:
      case Value::Kind::kBlob:
        data[i] = values[i].bytes.data() == nullptr ? "" : values[i].bytes.data();
        lengths[i] = static_cast<int>(values[i].bytes.size());
        break;
    }
  }
  const Result executed(PQexecPrepared(connection_, statement.name.c_str(), static_cast<int>(values.size()),
                                       data.data(), lengths.data(), formats.data(), kBinaryFormat));
  const ExecStatusType status = PQresultStatus(executed.result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return MakeError(executed.result, sql);
  const int rows = PQntuples(executed.result);
  for (int i = 0; i < rows; ++i) {
    absl::Status read = row(PostgresRow(executed.result, i));
    if (!read.ok()) return read;
  }
  int64_t touched = 0;
  // A SELECT's tag counts the rows that it found.
  if (!IsClass(PQcmdStatus(executed.result), "SELECT") && !absl::SimpleAtoi(PQcmdTuples(executed.result), &touched)) {
    return 0;
  }
  return touched;
}

absl::Status PostgresConnection::ExecuteScript(std::string_view sql) {
  const Result executed(PQexec(connection_, std::string(sql).c_str()));
  const ExecStatusType status = PQresultStatus(executed.result);
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) return absl::OkStatus();
  return MakeError(executed.result, sql.substr(0, 80));
}

absl::Status PostgresConnection::Commit() {
  const Result committed(PQexec(connection_, "COMMIT"));
  if (PQresultStatus(committed.result) != PGRES_COMMAND_OK) return MakeError(committed.result, "COMMIT");
  if (!IsClass(PQcmdStatus(committed.result), "COMMIT")) {
    return absl::InternalError("PostgreSQL: the transaction was rolled back, for a statement in it had failed");
  }
  return absl::OkStatus();
}

bool PostgresConnection::InTransaction() const {
  const PGTransactionStatusType status = PQtransactionStatus(connection_);
  return status != PQTRANS_IDLE && status != PQTRANS_UNKNOWN;
}

bool PostgresConnection::IsBroken() const { return PQstatus(connection_) != CONNECTION_OK; }

int PostgresConnection::ServerPid() const { return PQbackendPID(connection_); }

int PostgresConnection::Socket() const { return PQsocket(connection_); }

absl::StatusOr<bool> PostgresConnection::TakeNotifications() {
  if (PQconsumeInput(connection_) == 0) return MakeError(nullptr, "LISTEN");
  bool from_others = false;
  while (PGnotify* notification = PQnotifies(connection_)) {
    from_others = from_others || notification->be_pid != ServerPid();
    PQfreemem(notification);
  }
  return from_others;
}

absl::Status PostgresConnection::MakeError(const PGresult* result, std::string_view sql) const {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = field == nullptr ? "" : field;
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string message =
      absl::StrCat("PostgreSQL: ", primary == nullptr ? OneLine(PQerrorMessage(connection_)) : primary,
                   state.empty() ? "" : absl::StrCat(" (", state, ")"), " in ", std::string(sql));
  // Without a state the server has not said it: the connection is lost.
  if (IsBroken() || state.empty()) return absl::UnavailableError(message);
  const absl::StatusCode code = CodeOf(state);
  if (code == absl::StatusCode::kAborted) return Error(code, kRowChanged, message);
  return absl::Status(code, message);
}

}  // namespace tutti::sql
