#include "lane_process.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace semel::testing {
namespace {

Topics TopicsOf(const pipeline::LaneSettings& settings) {
  Topics topics{.input = settings.from, .out = {}};
  for (const pipeline::TopicRef& topic : settings.topics) topics.out.push_back(topic.name);
  return topics;
}

}  // namespace

void KeptLog::Write(LogLevel /*level*/, std::string_view message,
                    std::initializer_list<LogField> fields) {
  std::string line(message);
  for (const LogField& field : fields)
    line.append(" ").append(field.name).append("=").append(field.value);
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::move(line));
}

std::size_t KeptLog::Count(std::string_view part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(lines_.begin(), lines_.end(),
                    [&](const std::string& line) { return line.find(part) != std::string::npos; }));
}

pipeline::LaneSettings OrdersSettings(int partitions) {
  pipeline::LaneSettings settings;
  settings.from = "orders";
  settings.group = "semel";
  settings.topics = {
      {"orders-unique", partitions}, {"orders-changelog", partitions}, {"orders-refused", 1}};
  settings.input_partitions = partitions;
  settings.policies.rejected = {pipeline::Policy::Kind::kTopic, 2};
  return settings;
}

LaneProcess::LaneProcess(FakeBroker& broker, const ManualClock& clock,
                         pipeline::LaneSettings lane_settings, std::string transactional_id,
                         std::size_t memory_limit)
    : settings(std::move(lane_settings)),
      kafka(broker, clock, TopicsOf(settings), std::move(transactional_id)),
      budget(memory_limit),
      clock_(clock) {
  kafka.on_poll = [this] { OnPoll(); };
}

void LaneProcess::OnPoll() {
  constexpr int kRestorerSteps = 4;
  for (int i = 0; i < kRestorerSteps && restorer_->Step(); ++i) continue;
  if (++polls_ > polls_max) {
    ADD_FAILURE() << "the lane does not come to an end";
    Stop();
  }
  if (kafka.idle_polls < settled_after || !kafka.rebalances.empty()) return;
  kafka.idle_polls = 0;
  if (steps_.empty()) return Stop();
  const auto step = std::move(steps_.front());
  steps_.pop_front();
  step();
}

Result<void> LaneProcess::Run() {
  SEMEL_TRY_ASSIGN(restorer_, pipeline::Restorer::Open({.client = kafka,
                                                        .settings = settings,
                                                        .budget = budget,
                                                        .queue = restores,
                                                        .clock = clock_,
                                                        .log = log}));
  SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(settings.key));
  pipeline::SpreadDetector spread(settings.window, settings.from, clock_, log);
  pipeline::Lane lane({.client = kafka,
                       .settings = settings,
                       .transactional_id = kafka.transactional_id,
                       .budget = budget,
                       .restores = restores,
                       .spread = spread,
                       .board = board,
                       .clock = clock_,
                       .log = log},
                      std::move(fingerprinter));
  return lane.Run(stop_.get_token());
}

}  // namespace semel::testing
