#include "control/core/core.h"

#include <openssl/sha.h>

#include <atomic>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status.h"
#include "control/core/core_impl.h"
#include "control/core/times.h"
#include "control/core/validate.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace tutti::control {
namespace {

constexpr char kTokenSecret[] = "token_secret";

// A data base's own words reach the caller with a reason, as all errors do.
absl::Status WithReason(absl::Status status) {
  if (status.ok() || !GetErrorDetail(status).reason.empty()) return status;
  const bool retry = absl::IsUnavailable(status);
  return Error(status.code(), retry ? "STORE_UNAVAILABLE" : "STORE_ERROR", std::string(status.message()));
}

// Counts what is under way; the last one to end calls `done`.
struct Batch {
  std::atomic<size_t> left{0};
  std::atomic<int> succeeded{0};
  // Of any that failed; set before `left` goes down.
  absl::Mutex mutex;
  absl::Status failure ABSL_GUARDED_BY(mutex);

  absl::Status Failure() {
    absl::MutexLock lock(&mutex);
    return failure;
  }
};

}  // namespace

Core::Core(Store& store, Clock& clock, IdGenerator& ids, NodePicker& nodes, EffectSink& sink,
           AnswerWriter answer_writer, Options options)
    : impl_(std::make_unique<Impl>(store, clock, ids, nodes, sink, std::move(answer_writer), options)) {}

Core::~Core() {
  std::multimap<std::string, Done<v1::Call>> waiters;
  {
    absl::MutexLock lock(&impl_->waiters_mutex);
    waiters.swap(impl_->waiters);
  }
  for (auto& [id, done] : waiters) {
    done(Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", absl::StrCat("call ", id, ": control is ending")));
  }
}

absl::Status Core::Start() {
  std::optional<std::string> secret;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(secret, tx.meta.Find(kTokenSecret));
    return absl::OkStatus();
  }));
  if (!secret.has_value()) return absl::FailedPreconditionError("the data base has no token secret");
  impl_->signer.emplace(*secret);
  return absl::OkStatus();
}

void Core::Impl::Run(Rule rule, std::function<void()> committed, DoneStatus done) {
  struct Outcome {
    Effects effects;
    std::vector<std::pair<std::string, absl::StatusOr<v1::Call>>> answers;
  };
  auto outcome = std::make_shared<Outcome>();
  auto read = std::make_shared<RowIds>();
  store.Submit(
      [this, rule = std::move(rule), outcome, read](Transaction& tx) -> absl::Status {
        Work work(tx, clock.Now(), ids);
        const absl::Cleanup remember = [&] { *read = work.ReadRows(); };
        if (tx.attempt > 0) TUTTI_RETURN_IF_ERROR(work.LockRows(*read));
        Rules rules(work, registry, options);
        TUTTI_RETURN_IF_ERROR(rule(work, rules));
        TUTTI_RETURN_IF_ERROR(rules.Finish());
        TUTTI_RETURN_IF_ERROR(work.Flush());
        *outcome = {work.TakeEffects(), std::move(work.answers)};
        return absl::OkStatus();
      },
      [this, committed = std::move(committed), done = std::move(done), outcome](absl::Status status) {
        if (!status.ok()) return done(WithReason(std::move(status)));
        if (committed) committed();
        if (!outcome->effects.empty()) sink.OnCommit(std::move(outcome->effects));
        for (const auto& [call_id, answer] : outcome->answers) Answer(call_id, answer);
        done(absl::OkStatus());
      });
}

void Core::Impl::RunEach(std::vector<Rule> rules, Done<int> done) {
  if (rules.empty()) return done(0);
  auto batch = std::make_shared<Batch>();
  batch->left = rules.size();
  for (Rule& rule : rules) {
    Run(std::move(rule), [batch, done](const absl::Status& status) {
      if (status.ok()) {
        ++batch->succeeded;
      } else {
        absl::MutexLock lock(&batch->mutex);
        batch->failure = status;
      }
      if (--batch->left != 0) return;
      const absl::Status failure = batch->Failure();
      if (failure.ok()) return done(int{batch->succeeded});
      done(failure);
    });
  }
}

absl::Status Core::Impl::Read(absl::FunctionRef<absl::Status(Transaction&)> read) {
  return WithReason(store.Read(read));
}

void Core::Impl::AddWaiter(const std::string& call_id, Done<v1::Call> done) {
  absl::MutexLock lock(&waiters_mutex);
  waiters.emplace(call_id, std::move(done));
}

void Core::Impl::Answer(const std::string& call_id, const absl::StatusOr<v1::Call>& answer) {
  std::vector<Done<v1::Call>> ready;
  {
    absl::MutexLock lock(&waiters_mutex);
    const auto [begin, end] = waiters.equal_range(call_id);
    for (auto place = begin; place != end; ++place) ready.push_back(std::move(place->second));
    waiters.erase(begin, end);
  }
  for (auto& done : ready) done(answer);
}

absl::StatusOr<PageStart> OpenPageToken(const TokenSigner& signer, const std::string& scope, const std::string& token) {
  PageStart start;
  if (token.empty()) return start;
  const std::optional<std::string> payload = signer.Open(scope, token);
  if (!payload.has_value()) {
    return InvalidParameter("page_token", "is not from an answer to the same list with the same filters");
  }
  const std::pair<std::string, std::string> parts = absl::StrSplit(*payload, absl::MaxSplits(':', 1));
  if (!absl::SimpleAtoi(parts.first, &start.tm_create_us)) return absl::InternalError("a signed page token is broken");
  start.id = parts.second;
  return start;
}

std::string MakePageToken(const TokenSigner& signer, const std::string& scope, int64_t tm_create_us,
                          const std::string& id) {
  return signer.Sign(scope, absl::StrCat(tm_create_us, ":", id));
}

std::string HashOf(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return std::string(reinterpret_cast<char*>(digest), sizeof(digest));
}

absl::Status ResourceNotFound(const std::string& resource, const std::string& id) {
  return Error(absl::StatusCode::kNotFound, absl::StrCat(absl::AsciiStrToUpper(resource), "_NOT_FOUND"),
               absl::StrCat("there is no ", resource, " ", id));
}

absl::StatusOr<std::optional<IdempotencyTable::Entry>> FindIdempotent(Work& work, const Core::Options& options,
                                                                      const IdempotencyTable::Key& key,
                                                                      const std::string& body_hash) {
  TUTTI_ASSIGN_OR_RETURN(auto entry, work.tx().idempotency_keys.Find(key));
  if (!entry.has_value()) return entry;
  // One that the purge has not reached yet.
  if (entry->tm_create_us < ToMicroseconds(work.now() - options.idempotency_retention)) {
    TUTTI_RETURN_IF_ERROR(work.tx().idempotency_keys.Delete(key));
    return std::nullopt;
  }
  if (entry->body_hash != body_hash) {
    return Error(absl::StatusCode::kAlreadyExists, "IDEMPOTENCY_KEY_REUSED",
                 absl::StrCat("the idempotency key was used for another ", key.method));
  }
  return entry;
}

}  // namespace tutti::control
