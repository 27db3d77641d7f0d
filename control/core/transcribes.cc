#include "control/core/transcribes.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/language/language.h"
#include "common/status/status.h"
#include "control/core/lookup.h"
#include "control/core/paging.h"
#include "control/core/steps.h"
#include "control/rules/validate.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;
using store::NodeJob;
using store::TranscribeRecord;
using ConferenceReply = Reply<ConferenceRecord, v1::Conference>;
using TranscribeReply = Reply<TranscribeRecord, v1::Transcribe>;

absl::StatusOr<TranscribeRecord*> Load(Work& work, const Principal& principal, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, work.Transcribe(id));
  if (record == nullptr || record->transcribe().customer_id() != principal.customer_id) {
    return ResourceNotFound("transcribe", id);
  }
  return record;
}

// What shall recognise, and in which of its languages.
struct Choice {
  std::string provider;
  std::string language;
};

absl::StatusOr<Choice> Choose(const std::vector<SpeechRecognizer>& recognizers,
                              const v1::StartTranscribeRequest& request) {
  std::set<std::string> supported;
  bool is_known = request.provider().empty();
  for (const SpeechRecognizer& recognizer : recognizers) {
    if (!request.provider().empty() && recognizer.provider != request.provider()) continue;
    is_known = true;
    if (const std::string* language = BestLanguage(recognizer.languages, request.language())) {
      return Choice{recognizer.provider, *language};
    }
    supported.insert(recognizer.languages.begin(), recognizer.languages.end());
  }
  if (!is_known) {
    return Error(absl::StatusCode::kInvalidArgument, "PROVIDER_NOT_FOUND",
                 absl::StrCat("there is no provider ", request.provider()), {{"field", "provider"}});
  }
  const std::string list = absl::StrJoin(supported, ", ");
  return Error(
      absl::StatusCode::kInvalidArgument, "LANGUAGE_NOT_SUPPORTED",
      absl::StrCat("language ", request.language(), " is not recognised; there is ", list.empty() ? "none" : list),
      {{"field", "language"}, {"supported", list}});
}

std::string ListScope(const Principal& principal, const v1::ListTranscribesRequest& request) {
  return absl::StrCat("transcribes/", principal.customer_id, "/", request.status(), "/", request.conference_id());
}

std::string ListScope(const Principal& principal, const v1::ListTranscriptsRequest& request) {
  return absl::StrCat("transcripts/", principal.customer_id, "/", request.transcribe_id());
}

}  // namespace

void Transcribes::Start(const Principal& principal, const v1::StartTranscribeRequest& request,
                        Done<v1::Conference> done) {
  if (absl::Status status = CheckStartTranscribe(request); !status.ok()) return done(status);
  steps_.options().list_recognizers([&steps = steps_, principal, request, done = std::move(done)](
                                        const absl::StatusOr<std::vector<SpeechRecognizer>>& recognizers) mutable {
    if (!recognizers.ok()) return done(recognizers.status());
    auto choice = Choose(*recognizers, request);
    if (!choice.ok()) return done(choice.status());
    steps.RunReply<ConferenceRecord, v1::Conference>(
        principal,
        [&steps, principal, request, choice = *choice](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
          TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, request.id()));
          // Its own errors come first.
          TUTTI_RETURN_IF_ERROR(Next(room->conference(), ConferenceEvent::kListen).status());
          std::string node_id = room->node_id();
          if (room->conference().transcribe_id().empty()) {
            TUTTI_ASSIGN_OR_RETURN(node_id, steps.nodes().Pick(room->node_id()));
          }
          TUTTI_RETURN_IF_ERROR(rules.StartTranscribe(*room, choice.language, choice.provider, node_id).status());
          return ConferenceReply{room, std::nullopt};
        },
        std::move(done));
  });
}

void Transcribes::StopOf(const Principal& principal, const std::string& conference_id, Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", conference_id); !status.ok()) return done(status);
  steps_.RunReply<ConferenceRecord, v1::Conference>(
      principal,
      [principal, conference_id](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, conference_id));
        TUTTI_RETURN_IF_ERROR(rules.StopTranscribeOf(*room));
        work.Emit("conference_updated", *room);
        return ConferenceReply{room, std::nullopt};
      },
      std::move(done));
}

void Transcribes::Stop(const Principal& principal, const std::string& id, Done<v1::Transcribe> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<TranscribeRecord, v1::Transcribe>(
      principal,
      [principal, id](Work& work, Rules& rules) -> absl::StatusOr<TranscribeReply> {
        TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, Load(work, principal, id));
        TUTTI_RETURN_IF_ERROR(rules.StopTranscribe(*record));
        return TranscribeReply{record, std::nullopt};
      },
      std::move(done));
}

void Transcribes::Delete(const Principal& principal, const std::string& id, Done<v1::Transcribe> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<TranscribeRecord, v1::Transcribe>(
      principal,
      [principal, id, limit = steps_.options().transcripts_max](Work& work, Rules&) -> absl::StatusOr<TranscribeReply> {
        TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, Load(work, principal, id));
        TUTTI_RETURN_IF_ERROR(Next(record->transcribe(), TranscribeEvent::kDelete).status());
        work.Touch(*record);
        work.AtEnd([id, limit](Transaction& tx) -> absl::Status {
          TUTTI_RETURN_IF_ERROR(tx.transcripts.Delete(id, static_cast<int>(limit)).status());
          return tx.transcribes.Delete(id);
        });
        return TranscribeReply{record, std::nullopt};
      },
      std::move(done));
}

absl::StatusOr<v1::Transcribe> Transcribes::Get(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Transcribe transcribe;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.transcribes.Find(id, Lock::kNo));
    if (!record.has_value() || record->transcribe().customer_id() != principal.customer_id) {
      return ResourceNotFound("transcribe", id);
    }
    transcribe = Show(*record);
    return absl::OkStatus();
  }));
  return transcribe;
}

absl::StatusOr<v1::ListTranscribesResponse> Transcribes::List(const Principal& principal,
                                                              const v1::ListTranscribesRequest& request) {
  if (!request.conference_id().empty()) TUTTI_RETURN_IF_ERROR(CheckId("conference_id", request.conference_id()));
  return ReadPage<v1::ListTranscribesResponse>(
      steps_, ListScope(principal, request), request, [&](Transaction& tx, const PageStart& start, int limit) {
        return tx.transcribes.List({principal.customer_id, request.conference_id(), request.status()}, start, limit);
      });
}

absl::StatusOr<v1::ListTranscriptsResponse> Transcribes::ListTranscripts(const Principal& principal,
                                                                         const v1::ListTranscriptsRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckPresent("transcribe_id", request.transcribe_id()));
  TUTTI_ASSIGN_OR_RETURN(const v1::Transcribe transcribe, Get(principal, request.transcribe_id()));
  return ReadPage<v1::ListTranscriptsResponse>(
      steps_, ListScope(principal, request), request, [&](Transaction& tx, const PageStart& start, int limit) {
        // A page token's number is the offset here.
        const bool is_first = request.page_token().empty();
        return tx.transcripts.List(
            transcribe.id(), is_first ? TranscriptTable::Start{} : TranscriptTable::Start{start.tm_create_us, start.id},
            limit);
      });
}

}  // namespace tutti::control
