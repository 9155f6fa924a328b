// simulate: runs seeds, shows what went wrong, makes it small. docs/simulation.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/number.h"
#include "shrink.h"
#include "summary.h"

namespace semel::simulation {
namespace {

using WallClock = std::chrono::steady_clock;

constexpr std::uint64_t kTwiceEvery = 50;  // seeds: run again, to see that it goes the same way
constexpr std::size_t kShrinkTries = 300;
constexpr std::size_t kShown = 10;

struct Options {
  std::optional<std::uint64_t> seed;
  std::string seeds;  ///< COUNT or FROM..TO
  double hours = 0;
  std::string only;
  std::string without;
  bool trace = false;
  bool shrink = false;
  unsigned jobs = 1;
  std::string summary;  ///< file
};

std::set<std::string> Split(const std::string& list) {
  std::set<std::string> parts;
  for (const std::string& part : CLI::detail::split(list, ','))
    if (!part.empty()) parts.insert(part);
  return parts;
}

std::string Join(const std::vector<std::string>& parts) {
  std::string list;
  for (const std::string& part : parts) list += (list.empty() ? "" : ",") + part;
  return list;
}

std::string Command(std::uint64_t seed) { return "./dev simulate --seed " + std::to_string(seed); }

void Show(const RunResult& run) {
  for (const Finding& finding : run.findings)
    std::printf("  %s: %s\n", finding.rule.c_str(), finding.text.c_str());
}

// --- one seed -----------------------------------------------------------------------------------

/// With as few of its faults as still break the same rule.
void ShowSmaller(const RunOptions& options, const RunResult& run) {
  const std::string& rule = run.findings.front().rule;
  const auto fails = [&](const std::vector<std::string>& faults) {
    RunOptions smaller{.seed = options.seed};
    smaller.choice.only.emplace(faults.begin(), faults.end());
    const RunResult again = Simulate(smaller);
    return std::any_of(again.findings.begin(), again.findings.end(),
                       [&](const Finding& finding) { return finding.rule == rule; });
  };
  if (!fails(run.taken)) return static_cast<void>(std::puts("cannot be made smaller"));
  const auto left = Shrink(run.taken, fails, kShrinkTries);
  std::printf("needs %zu of its %zu faults:\n  %s --only '%s' --trace\n", left.size(),
              run.taken.size(), Command(options.seed).c_str(), Join(left).c_str());
}

int RunOne(const Options& options) {
  RunOptions run_options{.seed = *options.seed, .choice = {}, .trace = options.trace};
  if (!options.only.empty()) run_options.choice.only = Split(options.only);
  run_options.choice.without = Split(options.without);
  const RunResult run = Simulate(run_options);
  Summary summary;
  summary.Add(run);
  std::printf("%s\n", ToJson(summary).c_str());
  Show(run);
  if (run.findings.empty()) return 0;
  if (options.shrink) ShowSmaller(run_options, run);
  return 1;
}

// --- many ---------------------------------------------------------------------------------------

/// FROM and one behind TO.
std::optional<std::pair<std::uint64_t, std::uint64_t>> Range(const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) {
    const auto count = ParseNumber<std::uint64_t>(text);
    if (!count) return std::nullopt;
    return std::pair{std::uint64_t{1}, *count + 1};
  }
  const auto from = ParseNumber<std::uint64_t>(text.substr(0, dots));
  const auto to = ParseNumber<std::uint64_t>(text.substr(dots + 2));
  if (!from || !to || *from > *to) return std::nullopt;
  return std::pair{*from, *to + 1};
}

class Seeds {
 public:
  Seeds(std::uint64_t from, std::uint64_t to, std::optional<WallClock::time_point> until)
      : next_(from), to_(to), until_(until) {}

  Summary Run(unsigned jobs) {
    const auto begin = WallClock::now();
    std::vector<std::jthread> threads;
    for (unsigned job = 0; job < jobs; ++job) threads.emplace_back([this] { Work(); });
    threads.clear();
    summary_.took = WallClock::now() - begin;
    return summary_;
  }

 private:
  void Work() {
    while (!until_ || WallClock::now() < *until_) {
      const std::uint64_t seed = next_++;
      if (seed >= to_) return;
      RunResult run = Simulate({.seed = seed});
      if (seed % kTwiceEvery == 0 && Simulate({.seed = seed}).digest != run.digest)
        run.findings.push_back({"not deterministic", "a second run went another way"});
      const std::lock_guard lock(mutex_);
      summary_.Add(run);
      if (!run.findings.empty() && summary_.failed <= kShown) {
        std::printf("seed %llu:\n", static_cast<unsigned long long>(seed));
        Show(run);
        std::printf("  %s --shrink\n", Command(seed).c_str());
        std::fflush(stdout);
      }
    }
  }

  std::atomic<std::uint64_t> next_;
  const std::uint64_t to_;
  const std::optional<WallClock::time_point> until_;
  std::mutex mutex_;
  Summary summary_;
};

int RunMany(const Options& options) {
  std::optional<std::pair<std::uint64_t, std::uint64_t>> range{{1, ~std::uint64_t{0}}};
  if (!options.seeds.empty()) range = Range(options.seeds);
  if (!range) {
    std::fputs("--seeds takes COUNT or FROM..TO\n", stderr);
    return 2;
  }
  std::optional<WallClock::time_point> until;
  if (options.hours > 0)
    until = WallClock::now() + std::chrono::duration_cast<WallClock::duration>(
                                   std::chrono::duration<double, std::ratio<3600>>(options.hours));
  const Summary summary = Seeds(range->first, range->second, until).Run(options.jobs);
  const std::string json = ToJson(summary) + "\n";
  std::fputs(json.c_str(), stdout);
  if (!options.summary.empty()) {
    if (const auto written = ReplaceFile(options.summary, json); !written) {
      std::fprintf(stderr, "%s\n", written.error().message.c_str());
      return 1;
    }
  }
  return summary.failed == 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Semel's worker on a simulated Kafka, clock and disk");
  auto* seed = app.add_option("--seed", options.seed, "run this one");
  app.add_option("--seeds", options.seeds, "run so many, from 1 on; or FROM..TO")->excludes(seed);
  app.add_option("--hours", options.hours, "run seeds for so long")->excludes(seed);
  app.add_option("--only", options.only, "these faults and no others, by comma")->needs(seed);
  app.add_option("--without", options.without, "without these faults, by comma")->needs(seed);
  app.add_flag("--trace", options.trace, "show faults and log lines")->needs(seed);
  app.add_flag("--shrink", options.shrink, "find the faults that a violation needs")->needs(seed);
  app.add_option("--jobs", options.jobs, "threads, each with a seed at a time")
      ->check(CLI::PositiveNumber);
  app.add_option("--summary", options.summary, "write it there too");
  CLI11_PARSE(app, argc, argv);
  if (options.seed) return RunOne(options);
  if (options.seeds.empty() && options.hours <= 0) options.seeds = "100";
  return RunMany(options);
}

}  // namespace
}  // namespace semel::simulation

int main(int argc, char** argv) { return semel::simulation::Main(argc, argv); }
