#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/language/language.h"
#include "common/status/status.h"
#include "control/core/core_impl.h"
#include "control/core/times.h"
#include "control/core/validate.h"

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

// The transcription that is on that node; null for a stray one.
absl::StatusOr<TranscribeRecord*> FindOnNode(Work& work, const std::string& node_id, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, work.Transcribe(id));
  return record != nullptr && record->job().node_id() == node_id ? record : nullptr;
}

}  // namespace

void Core::StartTranscribe(const Principal& principal, const v1::StartTranscribeRequest& request,
                           Done<v1::Conference> done) {
  if (absl::Status status = CheckStartTranscribe(request); !status.ok()) return done(status);
  impl_->options.list_recognizers([impl = impl_.get(), principal, request, done = std::move(done)](
                                      const absl::StatusOr<std::vector<SpeechRecognizer>>& recognizers) mutable {
    if (!recognizers.ok()) return done(recognizers.status());
    auto choice = Choose(*recognizers, request);
    if (!choice.ok()) return done(choice.status());
    impl->RunReply<ConferenceRecord, v1::Conference>(
        [impl, principal, request, choice = *choice](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
          TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, request.id()));
          // Its own errors come first.
          TUTTI_RETURN_IF_ERROR(Next(room->conference(), ConferenceEvent::kListen).status());
          std::string node_id = room->node_id();
          if (room->conference().transcribe_id().empty()) {
            TUTTI_ASSIGN_OR_RETURN(node_id, impl->nodes.Pick(room->node_id()));
          }
          TUTTI_RETURN_IF_ERROR(rules.StartTranscribe(*room, choice.language, choice.provider, node_id).status());
          return ConferenceReply{room, std::nullopt};
        },
        std::move(done));
  });
}

void Core::StopTranscribeOf(const Principal& principal, const std::string& conference_id, Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", conference_id); !status.ok()) return done(status);
  impl_->RunReply<ConferenceRecord, v1::Conference>(
      [principal, conference_id](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, conference_id));
        TUTTI_RETURN_IF_ERROR(rules.StopTranscribeOf(*room));
        work.Emit("conference_updated", *room);
        return ConferenceReply{room, std::nullopt};
      },
      std::move(done));
}

void Core::StopTranscribe(const Principal& principal, const std::string& id, Done<v1::Transcribe> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  impl_->RunReply<TranscribeRecord, v1::Transcribe>(
      [principal, id](Work& work, Rules& rules) -> absl::StatusOr<TranscribeReply> {
        TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, Load(work, principal, id));
        TUTTI_RETURN_IF_ERROR(rules.StopTranscribe(*record));
        return TranscribeReply{record, std::nullopt};
      },
      std::move(done));
}

void Core::DeleteTranscribe(const Principal& principal, const std::string& id, Done<v1::Transcribe> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  impl_->RunReply<TranscribeRecord, v1::Transcribe>(
      [principal, id, limit = impl_->options.transcripts_max](Work& work, Rules&) -> absl::StatusOr<TranscribeReply> {
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

absl::StatusOr<v1::Transcribe> Core::GetTranscribe(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Transcribe transcribe;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.transcribes.Find(id, Lock::kNo));
    if (!record.has_value() || record->transcribe().customer_id() != principal.customer_id) {
      return ResourceNotFound("transcribe", id);
    }
    transcribe = Show(*record);
    return absl::OkStatus();
  }));
  return transcribe;
}

absl::StatusOr<v1::ListTranscribesResponse> Core::ListTranscribes(const Principal& principal,
                                                                  const v1::ListTranscribesRequest& request) {
  TUTTI_ASSIGN_OR_RETURN(const int size, CheckPageSize(request.page_size()));
  if (!request.conference_id().empty()) TUTTI_RETURN_IF_ERROR(CheckId("conference_id", request.conference_id()));
  const std::string scope = ListScope(principal, request);
  TUTTI_ASSIGN_OR_RETURN(const PageStart start, OpenPageToken(*impl_->signer, scope, request.page_token()));
  v1::ListTranscribesResponse response;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(
        auto records,
        tx.transcribes.List({principal.customer_id, request.conference_id(), request.status()}, start, size + 1));
    for (size_t i = 0; i < records.size() && i < static_cast<size_t>(size); ++i) {
      *response.add_result() = Show(records[i]);
    }
    if (records.size() > static_cast<size_t>(size)) {
      const v1::Transcribe& last = response.result(size - 1);
      response.set_next_page_token(
          MakePageToken(*impl_->signer, scope, table::Microseconds(last.tm_create()), last.id()));
    }
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::ListTranscriptsResponse> Core::ListTranscripts(const Principal& principal,
                                                                  const v1::ListTranscriptsRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckPresent("transcribe_id", request.transcribe_id()));
  TUTTI_ASSIGN_OR_RETURN(const v1::Transcribe transcribe, GetTranscribe(principal, request.transcribe_id()));
  TUTTI_ASSIGN_OR_RETURN(const int size, CheckPageSize(request.page_size()));
  const std::string scope = ListScope(principal, request);
  TUTTI_ASSIGN_OR_RETURN(const PageStart page, OpenPageToken(*impl_->signer, scope, request.page_token()));
  TranscriptTable::Start start;
  // A page token's number is the offset here.
  if (!request.page_token().empty()) start = {page.tm_create_us, page.id};
  v1::ListTranscriptsResponse response;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(auto records, tx.transcripts.List(transcribe.id(), start, size + 1));
    for (size_t i = 0; i < records.size() && i < static_cast<size_t>(size); ++i) {
      *response.add_result() = std::move(*records[i].mutable_transcript());
    }
    if (records.size() > static_cast<size_t>(size)) {
      const v1::Transcript& last = response.result(size - 1);
      response.set_next_page_token(MakePageToken(*impl_->signer, scope, last.tm_transcript(), last.id()));
    }
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<TranscriptionCommand> Core::ReadTranscriptionCommand(const MediaRef& ref) {
  TranscriptionCommand command;
  command.node_id = ref.node_id;
  media::v1::PutTranscriptionRequest& put = command.request;
  put.set_transcription_id(ref.id);
  put.set_revision(ref.revision);
  put.set_wanted(media::v1::PutTranscriptionRequest::WANTED_STOP);
  if (ref.stray) return command;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.transcribes.Find(ref.id, Lock::kNo));
    if (!record.has_value() || record->job().wanted() == NodeJob::WANTED_NOTHING) return NothingWanted(ref.id);
    command.node_id = record->job().node_id();
    put.set_revision(record->job().revision());
    put.set_bridge_id(record->transcribe().reference_id());
    put.set_language(record->transcribe().language());
    put.set_provider(record->transcribe().provider());
    if (record->job().wanted() == NodeJob::WANTED_RUN) put.set_wanted(media::v1::PutTranscriptionRequest::WANTED_RUN);
    return absl::OkStatus();
  }));
  return command;
}

void Core::TranscriptionPut(const std::string& node_id, const media::v1::TranscriptionState& state, DoneStatus done) {
  impl_->Run([node_id, state](Work& work,
                              Rules& rules) { return ApplyTranscriptionState(work, rules, node_id, state, false); },
             std::move(done));
}

void Core::TranscriptionRefused(const std::string& node_id, const std::string& transcribe_id, int64_t revision,
                                const absl::Status& why, DoneStatus done) {
  impl_->Run(
      [node_id, transcribe_id, revision, code = why.code()](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, FindOnNode(work, node_id, transcribe_id));
        return record == nullptr ? absl::OkStatus() : rules.RefuseTranscribe(*record, revision, code);
      },
      std::move(done));
}

absl::Status ApplyTranscriptionState(Work& work, Rules& rules, const std::string& node_id,
                                     const media::v1::TranscriptionState& state, bool in_order) {
  TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, FindOnNode(work, node_id, state.transcription_id()));
  return record == nullptr ? absl::OkStatus() : rules.SyncTranscribe(*record, state, in_order);
}

absl::Status ApplyTranscript(Work& work, Rules& rules, const std::string& node_id,
                             const media::v1::TranscriptMade& made) {
  TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, FindOnNode(work, node_id, made.transcription_id()));
  return record == nullptr ? absl::OkStatus() : rules.AddTranscript(*record, made);
}

}  // namespace tutti::control
