#include "wiring/until_end.h"

#include <vector>

namespace semel {
namespace {

constexpr kafka::Milliseconds kTimeout{15'000};
constexpr kafka::Milliseconds kAskTimeout{1'000};
constexpr std::chrono::milliseconds kLook{200};

}  // namespace

Result<std::unique_ptr<UntilEnd>> UntilEnd::Open(std::unique_ptr<kafka::LogReader> reader,
                                                 const std::string& topic, int partitions,
                                                 Logger& logger) {
  Ends ends;
  for (kafka::Partition part = 0; part < partitions; ++part) {
    SEMEL_TRY_ASSIGN(const auto marks, reader->Marks(topic, part, kTimeout));
    ends[part] = marks.last_stable;
    if (marks.high > marks.last_stable)
      logger.Warning("records behind an open transaction of a producer are not waited for",
                     {{"topic", topic},
                      {"partition", std::to_string(part)},
                      {"end", std::to_string(marks.last_stable)},
                      {"open", std::to_string(marks.high - marks.last_stable)}});
  }
  return std::unique_ptr<UntilEnd>(new UntilEnd(std::move(reader), std::move(ends)));
}

void UntilEnd::Start(std::function<bool()> ready, std::function<void()> reached,
                     std::function<void(const Error&)> failed) {
  ready_ = std::move(ready);
  on_reached_ = std::move(reached);
  on_failed_ = std::move(failed);
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void UntilEnd::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto done = Reached();
    if (!done && done.error().action != Action::kRetry) return on_failed_(done.error());
    if (done && *done && ready_()) return on_reached_();
    std::this_thread::sleep_for(kLook);
  }
}

Result<bool> UntilEnd::Reached() {
  std::vector<kafka::Partition> asked;
  for (const auto& [part, end] : left_) asked.push_back(part);
  if (asked.empty()) return true;
  SEMEL_TRY_ASSIGN(const auto committed, reader_->Committed(asked, kAskTimeout));
  for (const auto& [part, at] : committed) {
    const auto found = left_.find(part);
    if (found != left_.end() && at.offset >= found->second) left_.erase(found);
  }
  return left_.empty();
}

}  // namespace semel
