// What goes wrong, when. Each answer depends on the seed, the name of the place that asks and how
// often it has asked before, and on nothing else: taking one fault away does not shuffle the
// others, which is what makes a failing run small.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "prove/random.h"

namespace semel::simulation {

struct FaultKind {
  std::string_view name;  ///< as in the summary: `answer_lost`
  double chance;          ///< of a place that asks once, in a seed of middling weather
};

struct Fault {
  std::string kind;
  std::string key;        ///< names this fault in this seed, as in --only: `w1-0.EndTxn#3`
  prove::Random details;  ///< how long, which byte
};

class FaultPlan {
 public:
  struct Choice {
    /// Only these may happen, by key; empty: whatever the seed says.
    std::optional<std::set<std::string>> only{};
    /// These do not happen.
    std::set<std::string> without{};
  };

  FaultPlan(std::uint64_t seed, Choice choice);

  /// What goes wrong at `site` this time; at most one of `kinds`.
  std::optional<Fault> Ask(std::string_view site, std::initializer_list<FaultKind> kinds);

  /// Numbers that are no faults (how long a request takes), by the same rule.
  prove::Random Draw(std::string_view site);

  /// Nothing goes wrong while it is calm; the heal phase is a calm without an end.
  void SetCalm(bool calm) { calm_ = calm; }

  /// Called for each fault taken.
  std::function<void(const Fault&)> when_taken;

  const std::map<std::string, std::uint64_t>& taken_by_kind() const { return by_kind_; }
  /// Keys, in the order in which they were taken.
  const std::vector<std::string>& taken() const { return taken_; }

 private:
  struct Site {
    std::uint64_t hash = 0;
    std::uint64_t asked = 0;
  };
  Site& At(std::string_view site);
  double Weather(std::string_view kind);

  const std::uint64_t seed_;
  const Choice choice_;
  double storm_ = 1;
  bool calm_ = false;
  std::unordered_map<std::string, Site> sites_;
  std::map<std::string, double, std::less<>> weather_;
  std::map<std::string, std::uint64_t> by_kind_;
  std::vector<std::string> taken_;
};

}  // namespace semel::simulation
