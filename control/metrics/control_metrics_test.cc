#include "control/metrics/control_metrics.h"

#include "gtest/gtest.h"
#include "prometheus/text_serializer.h"

namespace tutti::control {
namespace {

std::string Text(const std::vector<prometheus::MetricFamily>& families) {
  return prometheus::TextSerializer().Serialize(families);
}

bool Contains(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

TEST(ControlMetricsTest, CountsWhatEventsTell) {
  prometheus::Registry registry;
  ControlMetrics metrics(registry);
  Effects effects;
  effects.events.resize(8);
  effects.events[0].set_type("conferencecall_joined");
  effects.events[1].set_type("conferencecall_leaved");
  effects.events[1].mutable_conferencecall()->set_leave_reason(v1::Conferencecall::LEAVE_REASON_KICKED);
  effects.events[2].set_type("conferencecall_leaved");
  effects.events[2].mutable_conferencecall()->set_leave_reason(v1::Conferencecall::LEAVE_REASON_MEDIA_NODE_LOST);
  effects.events[3].set_type("call_hangup");
  effects.events[3].mutable_call()->set_hangup_reason(v1::Call::HANGUP_REASON_FLOW_ENDED);
  effects.events[4].set_type("recording_finished");
  effects.events[5].set_type("recording_failed");
  effects.events[5].mutable_recording()->set_failure_reason(v1::Recording::FAILURE_REASON_DISK_FULL);
  effects.events[6].set_type("transcribe_done");
  effects.events[6].mutable_transcribe()->set_failure_reason(v1::Transcribe::FAILURE_REASON_SPEECH_FAILED);
  effects.events[7].set_type("transcript_created");
  metrics.OnCommit(effects);
  metrics.OnCommit(effects);
  metrics.OnStoreCommit(7, absl::Milliseconds(3));
  const std::string text = Text(registry.Collect());
  EXPECT_TRUE(Contains(text, "tutti_control_joins_total 2")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_leaves_total{reason=\"kicked\"} 2")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_leaves_total{reason=\"peer_left\"} 0")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_leaves_total{reason=\"media_node_lost\"} 2")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_hangups_total{reason=\"flow_ended\"} 2")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_events_written_total{type=\"conferencecall_leaved\"} 4")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_recordings_ended_total{reason=\"none\"} 2")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_recordings_ended_total{reason=\"disk_full\"} 2")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_recordings_ended_total{reason=\"disk_slow\"} 0")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_transcribes_ended_total{reason=\"speech_failed\"} 2")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_transcribes_ended_total{reason=\"none\"} 0")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_transcripts_total 2")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_store_commit_steps_sum 7")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_store_commit_seconds_bucket{le=\"0.002\"} 0")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_store_commit_seconds_bucket{le=\"0.005\"} 1")) << text;
}

TEST(ControlGaugesTest, ReadsItsSourcesAtEachScrape) {
  int64_t depth = 3;
  ControlGauges gauges({
      .counts =
          [] {
            StatusCounts counts;
            counts.conferences = {0, 0, 5, 1, 9};
            counts.conferencecalls = {0, 1, 2, 3, 4};
            counts.recordings = {0, 1, 6};
            counts.transcribes = {0, 7};
            return counts;
          },
      .store_queue_depth = [&depth] { return depth; },
      .dispatcher_depth = [] { return 4; },
      .dispatcher_retries = [] { return 5; },
      .read_queue_depth = [] { return 6; },
      .watches = [] { return 7; },
      .nodes =
          [] {
            return std::map<std::string, NodeRegistry::Node>{{"n", {.available = true, .legs = 8}}};
          },
      .node_events = [] { return 9; },
      .reconciles = [] { return 10; },
      .live_events = [] { return 12; },
      .live_events_lost = [] { return 13; },
      .sound_loads = [] { return 14; },
      .syntheses = [] { return 31; },
      .syntheses_failed = [] { return 32; },
      .plays = [] { return 15; },
      .plays_failed = [] { return 16; },
      .operations = [] { return 17; },
      .operations_failed = [] { return 18; },
  });
  std::string text = Text(gauges.Collect());
  EXPECT_TRUE(Contains(text, "tutti_control_conferences{status=\"progressing\"} 5")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_conferences{status=\"terminated\"} 9")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_participants{status=\"joined\"} 2")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_calls{status=\"hangup\"} 0")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_recordings{status=\"recording\"} 6")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_transcribes{status=\"progressing\"} 7")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_store_queue_depth 3")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_media_node_up{node_id=\"n\"} 1")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_live_events_total 12")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_live_events_lost_total 13")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_sound_loads_total 14")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_syntheses_total 31")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_syntheses_failed_total 32")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_plays_total 15")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_plays_failed_total 16")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_operations_total 17")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_operations_failed_total 18")) << text;
  depth = 11;
  text = Text(gauges.Collect());
  EXPECT_TRUE(Contains(text, "tutti_control_store_queue_depth 11")) << text;
}

}  // namespace
}  // namespace tutti::control
