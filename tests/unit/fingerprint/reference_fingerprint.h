// The slow and obvious second implementation of the fingerprint, written after the same page.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace semel::reference {

struct Rule {
  std::vector<std::string> parts{};
  std::string name_space{};
  std::string secret{};
  int bits = 128;
};

struct Event {
  std::optional<std::string> key{};
  std::optional<std::string> value{};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers{};
};

/// `ok HEX`, `missing HEX`, `invalid -`, or `bad rule`.
std::string Fingerprint(const Rule& rule, const Event& event);

}  // namespace semel::reference
