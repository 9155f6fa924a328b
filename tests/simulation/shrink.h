// Makes a failing run small: which of its faults does it need?
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace semel::simulation {

/// `fails`: whether a run with only these faults still fails. Returns a set of which no small part
/// can be left out; calls `fails` at most `tries_max` times.
std::vector<std::string> Shrink(std::vector<std::string> faults,
                                const std::function<bool(const std::vector<std::string>&)>& fails,
                                std::size_t tries_max);

}  // namespace semel::simulation
