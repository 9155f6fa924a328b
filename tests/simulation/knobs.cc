#include "knobs.h"

#include <array>

#include "prove/random.h"

namespace semel::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(prove::Mix(seed ^ 0x6B6E6F6273U)) {}
  bool Chance(double share) { return random_.Share() < share; }
  template <typename T, std::size_t N>
  T Of(const std::array<T, N>& choices) {
    return choices[random_.Below(N)];
  }
  std::uint64_t Number() { return random_.Next(); }

 private:
  prove::Random random_;
};

/// How far a worker may fall behind; what lies further back in the changelog nobody needs.
constexpr seconds kLagMax{40};

pipeline::LaneSettings SettingsOf(Dice& dice) {
  using Kind = pipeline::Policy::Kind;
  pipeline::LaneSettings settings;
  settings.from = kInput;
  settings.group = kGroup;
  settings.input_partitions = dice.Of(std::array{1, 2, 3, 4});
  settings.topics = {{kOutput, settings.input_partitions}, {kChangelog, settings.input_partitions}};
  settings.key.parts = {"json:/id"};
  settings.key.bits = dice.Chance(0.2) ? 256 : 128;
  settings.window =
      dice.Of(std::array<milliseconds, 4>{seconds(5), seconds(30), hours(1), hours(168)});
  settings.commit_interval = milliseconds(dice.Of(std::array{1, 20, 100, 100, 500, 2000}));
  settings.snapshot_unsaved_min = dice.Of(std::array<std::size_t, 4>{1, 5, 30, 200});
  settings.table_seed = dice.Number();
  settings.policies.duplicate.kind = dice.Chance(0.2) ? Kind::kMark : Kind::kDrop;
  for (pipeline::Policy* policy :
       {&settings.policies.missing, &settings.policies.invalid, &settings.policies.late})
    policy->kind = dice.Chance(0.3) ? Kind::kDrop : Kind::kPass;
  return settings;
}

}  // namespace

Knobs Knobs::Of(std::uint64_t seed) {
  Dice dice(seed);
  Knobs knobs;
  knobs.settings = SettingsOf(dice);
  const bool small_window = knobs.settings.window <= minutes(1);
  knobs.workers = dice.Of(std::array{1, 1, 2, 2, 3});
  knobs.lanes = dice.Of(std::array{1, 1, 2});
  knobs.named = dice.Chance(0.6);
  knobs.cooperative = dice.Chance(0.4);
  knobs.snapshots = dice.Chance(0.7);
  knobs.session_timeout = seconds(dice.Of(std::array{6, 10, 10, 30}));
  // Below the time in which all must be done: a JoinGroup whose late twin takes its place at the
  // coordinator is answered to nobody, and its client waits for as long as this.
  knobs.max_poll_interval = seconds(dice.Chance(0.2) ? 30 : 120);
  knobs.batch_bytes = dice.Of(std::array<std::size_t, 3>{300, 2000, 1'000'000});

  knobs.records = dice.Of(std::array{400, 800, 800, 1200});
  knobs.events = dice.Of(std::array{20, 100, 300});
  knobs.every = milliseconds(dice.Of(std::array{60, 150, 250}));
  knobs.transactional = dice.Chance(0.5) ? 0.3 : 0;
  knobs.late = small_window && dice.Chance(0.5) ? 0.05 : 0;
  // The clock at the decision stands for such a time: a small window would make the fate of copies
  // depend on the moment.
  knobs.odd_times = !small_window && dice.Chance(0.5) ? 0.1 : 0;
  knobs.unjudged = dice.Chance(0.5) ? 0.05 : 0;

  knobs.cluster.failover = milliseconds(dice.Of(std::array{500, 3000, 9000}));
  knobs.cluster.expiry = seconds(dice.Of(std::array{1, 10, 10}));
  knobs.retention = small_window && dice.Chance(0.7);
  if (knobs.retention) knobs.settings.changelog_retention = knobs.settings.window + kLagMax;
  knobs.clock_jumps = !small_window && dice.Chance(0.5);
  return knobs;
}

}  // namespace semel::simulation
