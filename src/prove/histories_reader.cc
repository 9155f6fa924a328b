#include "prove/histories_reader.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "prove/stream.h"
#include "prove/topic_reader.h"
#include "seen_set/changelog.h"

namespace semel::prove {
namespace {

constexpr std::string_view kMarkHeader = "semel-duplicate-of";

template <typename T>
bool ParseNumber(std::string_view text, T& number) {
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end;
}

std::optional<std::uint64_t> UidOf(std::span<const Header> headers) {
  for (const Header& header : headers)
    if (header.name == kUidHeader && header.value) return ParseHex(*header.value);
  return std::nullopt;
}

// Shows the count of what was read of one topic.
class Counter {
 public:
  Counter(const std::string& topic, const Progress& progress)
      : topic_(topic), progress_(progress) {}
  void Add() {
    if (++count_ % 1024 == 0)
      progress_("reading " + topic_ + ": " + std::to_string(count_) + " records");
  }

 private:
  const std::string& topic_;
  const Progress& progress_;
  std::uint64_t count_ = 0;
};

constexpr auto kByPosition = [](const auto& a, const auto& b) { return a.at < b.at; };

class HistoriesReader {
 public:
  HistoriesReader(const CheckOptions& options, Logger& logger, const Progress& progress)
      : options_(options), logger_(logger), progress_(progress) {
    histories_.input_topic = options.input_topic;
    histories_.output_topic = options.output_topic;
    histories_.changelog_topic = options.changelog_topic;
    histories_.group = options.group;
  }

  Result<Histories> Run() {
    SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(options_.key));
    SEMEL_TRY(ReadInput(fingerprinter));
    SEMEL_TRY(ReadOutput());
    if (!options_.changelog_topic.empty()) {
      rule_ = {fingerprinter.RuleHash(), options_.rules.window_ms, fingerprinter.bits()};
      SEMEL_TRY(ReadChangelog());
    }
    return std::move(histories_);
  }

 private:
  Result<TopicReader> Open(const std::string& topic) const {
    const std::string group = options_.group.empty() ? "semel.prove" : options_.group;
    return TopicReader::Open(options_.settings, group, topic, logger_);
  }

  Result<void> ReadInput(Fingerprinter& fingerprinter) {
    SEMEL_TRY_ASSIGN(TopicReader reader, Open(options_.input_topic));
    Counter counter(options_.input_topic, progress_);
    SEMEL_TRY_ASSIGN(TopicEnds ends, reader.ReadAll([&](const Record& record) -> Result<void> {
      counter.Add();
      const Position at{record.partition, record.offset};
      const auto uid = UidOf(record.headers);
      if (!uid)
        return Error{Action::kFix, Describe(options_.input_topic, at) +
                                       " has no header `uid`: `semel prove produce` did not write "
                                       "it, so it cannot be told apart from its copies"};
      histories_.input.push_back({at, record.timestamp_ms, *uid, fingerprinter.Identify(record),
                                  DigestOf(record.key, record.value, record.headers)});
      return {};
    }));
    std::sort(histories_.input.begin(), histories_.input.end(), kByPosition);
    histories_.input_end = std::move(ends.stable);
    if (!options_.group.empty()) {
      SEMEL_TRY_ASSIGN(histories_.committed, reader.Committed());
    }
    return {};
  }

  Result<void> ReadOutput() {
    SEMEL_TRY_ASSIGN(TopicReader reader, Open(options_.output_topic));
    Counter counter(options_.output_topic, progress_);
    SEMEL_TRY_ASSIGN(TopicEnds ends, reader.ReadAll([&](const Record& record) -> Result<void> {
      counter.Add();
      OutputRecord out{{record.partition, record.offset}, record.timestamp_ms, {}, {}, {}};
      std::span<const Header> headers = record.headers;
      if (options_.rules.mark_duplicates)
        out.duplicate_of = TakeMark(options_.input_topic, headers);
      out.uid = UidOf(headers);
      out.digest = DigestOf(record.key, record.value, headers);
      histories_.output.push_back(out);
      return {};
    }));
    std::sort(histories_.output.begin(), histories_.output.end(), kByPosition);
    histories_.output_open = std::move(ends.open);
    return {};
  }

  Result<void> ReadChangelog() {
    SEMEL_TRY_ASSIGN(TopicReader reader, Open(options_.changelog_topic));
    Counter counter(options_.changelog_topic, progress_);
    Changelog& changelog = histories_.changelog.emplace();
    SEMEL_TRY(reader.ReadAll([&](const Record& record) -> Result<void> {
      counter.Add();
      return TakeChangelog(record, changelog);
    }));
    std::sort(changelog.ranges.begin(), changelog.ranges.end(), kByPosition);
    // Entries of one record stay in their order.
    std::stable_sort(changelog.entries.begin(), changelog.entries.end(), kByPosition);
    return {};
  }

  Result<void> TakeChangelog(const Record& record, Changelog& changelog) {
    const Position at{record.partition, record.offset};
    const auto where = [&] { return Describe(options_.changelog_topic, at) + ": "; };
    const auto read = UnpackChangelog(record.value.value_or(""), unpacked_);
    if (!read) return Error{read.error().action, where() + read.error().message};
    if (unpacked_.rule != rule_)
      return Error{Action::kFix,
                   where() + "written with window " + std::to_string(unpacked_.rule.window_ms) +
                       " ms and " + std::to_string(unpacked_.rule.bits) +
                       " bits; --window, --key, --namespace, --fingerprint-bits and --secret-file "
                       "must be what `semel dedup` was given"};
    changelog.ranges.push_back({at, unpacked_.partition, unpacked_.begin, unpacked_.end});
    for (const Sighting& sighting : unpacked_.entries)
      changelog.entries.push_back({at, {unpacked_.partition, sighting.offset}, sighting});
    return {};
  }

  const CheckOptions& options_;
  Logger& logger_;
  const Progress& progress_;
  RuleIdentity rule_;
  ChangelogRecord unpacked_;  // reused memory
  Histories histories_;
};

}  // namespace

std::optional<Position> TakeMark(const std::string& topic, std::span<const Header>& headers) {
  if (headers.empty() || headers.back().name != kMarkHeader || !headers.back().value)
    return std::nullopt;
  std::string_view text = *headers.back().value;
  if (!text.starts_with(topic + "/")) return std::nullopt;
  text.remove_prefix(topic.size() + 1);
  const std::size_t slash = text.find('/');
  Position at;
  if (slash == std::string_view::npos || !ParseNumber(text.substr(0, slash), at.partition) ||
      !ParseNumber(text.substr(slash + 1), at.offset))
    return std::nullopt;
  headers = headers.first(headers.size() - 1);
  return at;
}

Result<Histories> ReadHistories(const CheckOptions& options, Logger& logger,
                                const Progress& progress) {
  return HistoriesReader(options, logger, progress).Run();
}

Result<void> CheckTruthFile(const std::string& path, const Histories& histories, Report& report) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Action::kFix, "cannot read " + path};
  TruthCheck check(histories, report);
  std::string text;
  for (std::uint64_t number = 1; std::getline(file, text); ++number) {
    const auto line = ParseTruth(text);
    if (!line)
      return Error{Action::kFix, path + ":" + std::to_string(number) + ": " + line.error().message};
    check.Add(*line);
  }
  if (file.bad()) return Error{Action::kFix, "cannot read all of " + path};
  check.Finish();
  return {};
}

}  // namespace semel::prove
