#include "wiring/instance_name.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <random>

namespace semel {
namespace {

namespace fs = std::filesystem;

std::string RandomName() {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", std::random_device{}());
  return text.data();
}

// For us alone: what is in it says which events there were.
Result<void> MakeDirectory(const std::string& path) {
  std::error_code error;
  const bool made = fs::create_directories(path, error);
  if (!error && made) fs::permissions(path, fs::perms::owner_all, error);
  if (!error && !fs::is_directory(path, error) && !error)
    error = std::make_error_code(std::errc::not_a_directory);
  if (error) return Error{Action::kFix, "--state-dir " + path + ": " + error.message()};
  return {};
}

Result<std::string> KeptName(const std::string& path) {
  if (!fs::exists(path)) {
    const std::string name = RandomName();
    SEMEL_TRY(ReplaceFile(path, name + "\n"));
    return name;
  }
  SEMEL_TRY_ASSIGN(std::string name, ReadFile(path));
  while (!name.empty() && name.back() == '\n') name.pop_back();
  if (name.empty()) return Error{Action::kFix, path + " is empty: remove it"};
  return name;
}

}  // namespace

Result<InstanceName> TakeInstanceName(const std::string& given, const std::string& state_dir) {
  InstanceName instance{given, true, std::nullopt};
  if (!state_dir.empty()) {
    SEMEL_TRY(MakeDirectory(state_dir));
    SEMEL_TRY_ASSIGN(instance.lock, FileLock::Take(state_dir + "/lock"));
    if (given.empty()) {
      SEMEL_TRY_ASSIGN(instance.name, KeptName(state_dir + "/instance"));
    }
  } else if (given.empty()) {
    instance.name = RandomName();
    instance.stable = false;
  }
  return instance;
}

}  // namespace semel
