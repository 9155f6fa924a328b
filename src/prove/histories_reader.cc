#include "prove/histories_reader.h"

#include <algorithm>

#include "base/number.h"
#include "prove/stream.h"
#include "prove/topic_reader.h"
#include "seen_set/changelog.h"

namespace semel::prove {
namespace {

constexpr std::string_view kMarkHeader = "semel-duplicate-of";

std::optional<std::uint64_t> UidOf(std::span<const Header> headers) {
  for (const Header& header : headers)
    if (header.name == kUidHeader && header.value) return ParseHex(*header.value);
  return std::nullopt;
}

constexpr auto kByPosition = [](const auto& a, const auto& b) { return a.at < b.at; };

class HistoriesReader {
 public:
  HistoriesReader(const CheckOptions& options, Logger& logger, Activity& activity)
      : options_(options), logger_(logger), activity_(activity) {
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
  Result<TopicReader> Open(const std::string& topic) {
    activity_.records = 0;
    activity_.topic = &topic;
    const std::string group = options_.group.empty() ? "semel.prove" : options_.group;
    return TopicReader::Open(options_.settings, group, topic, logger_);
  }

  Result<void> ReadInput(Fingerprinter& fingerprinter) {
    SEMEL_TRY_ASSIGN(TopicReader reader, Open(options_.input_topic));
    SEMEL_TRY_ASSIGN(TopicEnds ends, reader.ReadAll([&](const Record& record) -> Result<void> {
      ++activity_.records;
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
    SEMEL_TRY_ASSIGN(TopicEnds ends, reader.ReadAll([&](const Record& record) -> Result<void> {
      ++activity_.records;
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
    Changelog& changelog = histories_.changelog.emplace();
    SEMEL_TRY(reader.ReadAll([&](const Record& record) -> Result<void> {
      ++activity_.records;
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
  Activity& activity_;
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
  if (slash == std::string_view::npos) return std::nullopt;
  const auto partition = ParseNumber<std::int32_t>(text.substr(0, slash));
  const auto offset = ParseNumber<std::int64_t>(text.substr(slash + 1));
  if (!partition || !offset) return std::nullopt;
  headers = headers.first(headers.size() - 1);
  return Position{*partition, *offset};
}

Result<Histories> ReadHistories(const CheckOptions& options, Logger& logger, Activity& activity) {
  return HistoriesReader(options, logger, activity).Run();
}

Result<std::ifstream> OpenTruth(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Action::kFix, "cannot read " + path};
  return file;
}

Result<void> CheckTruth(std::istream& file, const std::string& path, const Histories& histories,
                        Report& report) {
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
