#include "control/rules/machines.h"

#include <map>
#include <set>
#include <string>

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

// Every pair of a state and an event, of each machine. `illegal` and `moves`
// say again, in another form, what the tables say.
template <typename Resource, typename Event>
void Walk(int events, const std::map<std::string, std::map<int, std::string>>& moves,
          const std::map<std::string, std::set<int>>& stays) {
  const auto* states = Resource::Status_descriptor();
  for (int s = 1; s < states->value_count(); ++s) {
    Resource resource;
    resource.set_id("the-id");
    resource.set_status(static_cast<typename Resource::Status>(states->value(s)->number()));
    const std::string state = Word(states->value(s)->name(), "STATUS_");
    for (int e = 0; e < events; ++e) {
      const auto next = Next(resource, static_cast<Event>(e));
      const auto state_moves = moves.find(state);
      const auto move = state_moves == moves.end() ? std::map<int, std::string>() : state_moves->second;
      const auto state_stays = stays.find(state);
      const bool stay = state_stays != stays.end() && state_stays->second.contains(e);
      if (move.contains(e)) {
        ASSERT_TRUE(next.ok()) << state << " " << e;
        EXPECT_EQ(Word(Resource::Status_Name(*next), "STATUS_"), move.at(e)) << state << " " << e;
        if (state != "paused" || move.at(e) != "recording") {
          EXPECT_GT(*next, resource.status()) << "a state goes back: " << state << " " << e;
        }
      } else if (stay) {
        ASSERT_TRUE(next.ok()) << state << " " << e;
        EXPECT_EQ(*next, resource.status()) << state << " " << e;
      } else {
        ASSERT_FALSE(next.ok()) << state << " " << e;
        EXPECT_EQ(next.status().code(), absl::StatusCode::kFailedPrecondition);
        EXPECT_EQ(GetErrorDetail(next.status()).reason, "STATE_INVALID");
        const std::string message(next.status().message());
        EXPECT_NE(message.find("the-id"), std::string::npos) << message;
        EXPECT_NE(message.find(state), std::string::npos) << message;
        EXPECT_NE(message.back(), ' ') << "every event has its words: " << message;
      }
    }
  }
}

TEST(MachinesTest, WalksTheConference) {
  enum { kStart, kUpdate, kJoin, kListen, kDelete, kTimeout, kPeerLeft, kHostLeft, kEmpty, kEvents };
  Walk<v1::Conference, ConferenceEvent>(kEvents,
                                        {
                                            {"starting", {{kStart, "progressing"}, {kDelete, "terminating"}}},
                                            {"progressing",
                                             {{kDelete, "terminating"},
                                              {kTimeout, "terminating"},
                                              {kPeerLeft, "terminating"},
                                              {kHostLeft, "terminating"}}},
                                            {"terminating", {{kEmpty, "terminated"}}},
                                        },
                                        {
                                            {"progressing", {kUpdate, kJoin, kListen}},
                                            {"terminating", {kDelete, kPeerLeft, kHostLeft}},
                                            {"terminated", {kDelete}},
                                        });
}

TEST(MachinesTest, WalksTheParticipant) {
  enum {
    kUpdate,
    kMove,
    kAttached,
    kDetached,
    kKick,
    kConferenceEnd,
    kPeerLeft,
    kHealthFailed,
    kJoinTimeout,
    kLeaveTimeout,
    kMediaRefused,
    kCallEnded,
    kEvents
  };
  Walk<v1::Conferencecall, ParticipantEvent>(
      kEvents,
      {
          {"joining",
           {{kAttached, "joined"},
            {kDetached, "leaved"},
            {kKick, "leaving"},
            {kConferenceEnd, "leaving"},
            {kPeerLeft, "leaving"},
            {kHealthFailed, "leaving"},
            {kJoinTimeout, "leaving"},
            {kMediaRefused, "leaved"},
            {kCallEnded, "leaved"}}},
          {"joined",
           {{kMove, "leaving"},
            {kDetached, "leaved"},
            {kKick, "leaving"},
            {kConferenceEnd, "leaving"},
            {kPeerLeft, "leaving"},
            {kHealthFailed, "leaving"},
            {kMediaRefused, "leaved"},
            {kCallEnded, "leaved"}}},
          {"leaving",
           {{kDetached, "leaved"}, {kLeaveTimeout, "leaved"}, {kMediaRefused, "leaved"}, {kCallEnded, "leaved"}}},
      },
      {
          {"joining", {kUpdate}},
          {"joined", {kUpdate, kAttached}},
          {"leaving", {kAttached, kKick, kConferenceEnd, kPeerLeft, kHealthFailed}},
          {"leaved",
           {kAttached, kDetached, kKick, kConferenceEnd, kPeerLeft, kHealthFailed, kMediaRefused, kCallEnded}},
      });
}

TEST(MachinesTest, WalksTheCall) {
  enum {
    kAnswered,
    kUpdate,
    kReoffer,
    kHangup,
    kMediaTimeout,
    kMediaRefused,
    kSetupTimeout,
    kMaxAge,
    kLegGone,
    kTeardownTimeout,
    kEvents
  };
  const std::map<int, std::string> not_answered = {{kAnswered, "progressing"},
                                                   {kHangup, "terminating"},
                                                   {kMediaRefused, "hangup"},
                                                   {kSetupTimeout, "terminating"},
                                                   {kLegGone, "hangup"}};
  Walk<v1::Call, CallEvent>(
      kEvents,
      {
          {"dialing", not_answered},
          {"ringing", not_answered},
          {"progressing",
           {{kHangup, "terminating"},
            {kMediaTimeout, "terminating"},
            {kMediaRefused, "terminating"},
            {kMaxAge, "terminating"},
            {kLegGone, "hangup"}}},
          {"terminating", {{kMediaRefused, "hangup"}, {kLegGone, "hangup"}, {kTeardownTimeout, "hangup"}}},
      },
      {
          {"dialing", {kMediaTimeout}},
          {"ringing", {kMediaTimeout}},
          {"progressing", {kAnswered, kUpdate, kReoffer}},
          {"terminating", {kAnswered, kHangup, kMediaTimeout}},
          {"hangup", {kAnswered, kHangup, kMediaTimeout, kMediaRefused, kLegGone}},
      });
}

TEST(MachinesTest, WalksTheRecording) {
  enum {
    kRecording,
    kPaused,
    kChange,
    kStop,
    kMaxAge,
    kFinishing,
    kEnded,
    kFailed,
    kRefused,
    kNodeLost,
    kTimeout,
    kDelete,
    kEvents
  };
  Walk<v1::Recording, RecordingEvent>(
      kEvents,
      {
          {"initiating",
           {{kRecording, "recording"},
            {kPaused, "paused"},
            {kStop, "stopping"},
            {kFinishing, "stopping"},
            {kEnded, "ended"},
            {kFailed, "failed"},
            {kRefused, "failed"},
            {kNodeLost, "failed"},
            {kTimeout, "failed"}}},
          {"recording",
           {{kPaused, "paused"},
            {kStop, "stopping"},
            {kMaxAge, "stopping"},
            {kFinishing, "stopping"},
            {kEnded, "ended"},
            {kFailed, "failed"},
            {kRefused, "failed"},
            {kNodeLost, "failed"}}},
          {"paused",
           {{kRecording, "recording"},
            {kStop, "stopping"},
            {kMaxAge, "stopping"},
            {kFinishing, "stopping"},
            {kEnded, "ended"},
            {kFailed, "failed"},
            {kRefused, "failed"},
            {kNodeLost, "failed"}}},
          {"stopping",
           {{kEnded, "ended"}, {kFailed, "failed"}, {kRefused, "failed"}, {kNodeLost, "failed"}, {kTimeout, "failed"}}},
      },
      {
          {"initiating", {kChange}},
          {"recording", {kRecording, kChange}},
          {"paused", {kPaused, kChange}},
          {"stopping", {kRecording, kPaused, kFinishing}},
          {"ended", {kRecording, kPaused, kFinishing, kEnded, kFailed, kRefused, kNodeLost, kDelete}},
          {"failed", {kRecording, kPaused, kFinishing, kEnded, kFailed, kRefused, kNodeLost, kDelete}},
      });
}

TEST(MachinesTest, WalksTheTranscription) {
  enum { kRunning, kStop, kEnded, kFailed, kRefused, kNodeLost, kStartTimeout, kStopTimeout, kDelete, kEvents };
  Walk<v1::Transcribe, TranscribeEvent>(kEvents,
                                        {
                                            {"progressing",
                                             {{kEnded, "done"},
                                              {kFailed, "failed"},
                                              {kRefused, "failed"},
                                              {kNodeLost, "failed"},
                                              {kStartTimeout, "failed"},
                                              {kStopTimeout, "done"}}},
                                        },
                                        {
                                            {"progressing", {kRunning, kStop}},
                                            {"done", {kRunning, kEnded, kFailed, kRefused, kNodeLost, kDelete}},
                                            {"failed", {kRunning, kEnded, kFailed, kRefused, kNodeLost, kDelete}},
                                        });
}

// What a media node reports must never be refused: it would be reported for ever.
TEST(MachinesTest, WhatAMediaNodeSaysIsLegalInEveryState) {
  for (int s = 1; s < v1::Call::Status_ARRAYSIZE; ++s) {
    v1::Call call;
    call.set_status(static_cast<v1::Call::Status>(s));
    for (CallEvent event :
         {CallEvent::kAnswered, CallEvent::kMediaTimeout, CallEvent::kMediaRefused, CallEvent::kLegGone}) {
      EXPECT_TRUE(Next(call, event).ok()) << s;
    }
  }
  for (int s = 1; s < v1::Conferencecall::Status_ARRAYSIZE; ++s) {
    v1::Conferencecall participant;
    participant.set_status(static_cast<v1::Conferencecall::Status>(s));
    for (ParticipantEvent event : {ParticipantEvent::kAttached, ParticipantEvent::kDetached,
                                   ParticipantEvent::kMediaRefused, ParticipantEvent::kCallEnded}) {
      EXPECT_TRUE(Next(participant, event).ok()) << s;
    }
  }
  for (int s = 1; s < v1::Recording::Status_ARRAYSIZE; ++s) {
    v1::Recording recording;
    recording.set_status(static_cast<v1::Recording::Status>(s));
    for (RecordingEvent event :
         {RecordingEvent::kRecording, RecordingEvent::kPaused, RecordingEvent::kFinishing, RecordingEvent::kEnded,
          RecordingEvent::kFailed, RecordingEvent::kRefused, RecordingEvent::kNodeLost}) {
      EXPECT_TRUE(Next(recording, event).ok()) << s;
    }
  }
  for (int s = 1; s < v1::Transcribe::Status_ARRAYSIZE; ++s) {
    v1::Transcribe transcribe;
    transcribe.set_status(static_cast<v1::Transcribe::Status>(s));
    for (TranscribeEvent event : {TranscribeEvent::kRunning, TranscribeEvent::kEnded, TranscribeEvent::kFailed,
                                  TranscribeEvent::kRefused, TranscribeEvent::kNodeLost}) {
      EXPECT_TRUE(Next(transcribe, event).ok()) << s;
    }
  }
}

}  // namespace
}  // namespace tutti::control
