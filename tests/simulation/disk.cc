#include "disk.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace semel::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

int Fail(int error) {
  errno = error;
  return -1;
}

}  // namespace

SimulatedDisk::SimulatedDisk(Scheduler& scheduler, FaultPlan& faults, std::string name)
    : scheduler_(scheduler), faults_(faults), name_(std::move(name)) {}

/// The caller was killed: nothing reaches the disk any more.
bool SimulatedDisk::Gone() const {
  const Process* process = scheduler_.current_process();
  return process != nullptr && !process->alive();
}

/// Every call takes its time, and may meet a fault. Files are closed in destructors, too.
std::optional<Fault> SimulatedDisk::Busy(const char* call, std::initializer_list<FaultKind> kinds) {
  auto fault = faults_.Ask(name_ + ".disk." + call, kinds);
  if (scheduler_.current_process() == nullptr) return fault;
  Duration time = microseconds(50 + faults_.Draw(name_ + ".disk.time").Below(200));
  if (fault && fault->kind == "slow_disk") {
    time = milliseconds(100 + fault->details.Below(20'000));
    fault.reset();
  }
  scheduler_.Sleep(time, "the disk");
  return fault;
}

void SimulatedDisk::Changed() { versions_.push_back(names_); }

void SimulatedDisk::PowerFailure() {
  prove::Random random = faults_.Draw(name_ + ".power");
  names_ = versions_[random.Below(versions_.size())];
  versions_.assign(1, names_);
  open_.clear();
  for (auto& [name, file] : names_) {
    std::string& content = file->content;
    switch (random.Below(3)) {
      case 0:  // the last sync
        content = file->synced;
        break;
      case 1:  // torn: a part of what came after it, then nothing
        content.resize(random.Below(content.size() + 1));
        if (content.size() < file->synced.size()) content = file->synced;
        break;
      default:  // its length, but not all of its bytes
        if (content.size() > file->synced.size()) {
          const std::size_t hole =
              file->synced.size() + random.Below(content.size() - file->synced.size());
          std::fill(content.begin() + static_cast<std::ptrdiff_t>(hole), content.end(), '\0');
        }
        break;
    }
    file->synced = content;
  }
}

int SimulatedDisk::Open(const char* path, int flags, mode_t /*mode*/) {
  const bool writes = (static_cast<unsigned>(flags) & static_cast<unsigned>(O_CREAT)) != 0;
  const bool folder = (static_cast<unsigned>(flags) & static_cast<unsigned>(O_DIRECTORY)) != 0;
  const auto fault =
      writes ? Busy("create", {{"disk_full", 0.02}, {"disk_error", 0.01}, {"slow_disk", 0.01}})
             : Busy("open", {{"disk_error", 0.01}, {"bit_flip", 0.03}, {"slow_disk", 0.01}});
  if (Gone()) return Fail(EIO);
  if (fault && fault->kind != "bit_flip") return Fail(fault->kind == "disk_full" ? ENOSPC : EIO);
  std::shared_ptr<File> file;
  if (writes) {
    file = names_[path] = std::make_shared<File>();
    Changed();
  } else if (!folder) {
    const auto found = names_.find(path);
    if (found == names_.end()) return Fail(ENOENT);
    file = found->second;
    if (fault && !file->content.empty()) {
      prove::Random random = fault->details;
      char& byte = file->content[random.Below(file->content.size())];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << random.Below(8)));
      file->synced = file->content;
    }
  }
  open_[next_] = {file};
  return next_++;
}

ssize_t SimulatedDisk::Read(int descriptor, char* to, std::size_t size) {
  const auto fault =
      Busy("read", {{"disk_error", 0.01}, {"short_read", 0.05}, {"slow_disk", 0.005}});
  const auto found = open_.find(descriptor);
  if (Gone() || found == open_.end()) return Fail(EIO);
  if (fault && fault->kind == "disk_error") return Fail(EIO);
  auto& [file, position] = found->second;
  std::size_t left =
      std::min(size, file->content.size() - std::min(position, file->content.size()));
  if (fault) left = (left + 1) / 2;
  std::memcpy(to, file->content.data() + position, left);
  position += left;
  return static_cast<ssize_t>(left);
}

ssize_t SimulatedDisk::Write(int descriptor, const char* from, std::size_t size) {
  const auto fault =
      Busy("write",
           {{"disk_full", 0.01}, {"disk_error", 0.01}, {"short_write", 0.05}, {"slow_disk", 0.01}});
  const auto found = open_.find(descriptor);
  if (Gone() || found == open_.end()) return Fail(EIO);
  if (fault && fault->kind == "disk_error") return Fail(EIO);
  if (fault && fault->kind == "disk_full") return Fail(ENOSPC);
  const std::size_t taken = fault ? (size + 1) / 2 : size;
  found->second.file->content.append(from, taken);
  return static_cast<ssize_t>(taken);
}

int SimulatedDisk::Fsync(int descriptor) {
  const auto fault = Busy("fsync", {{"fsync_fails", 0.03}, {"slow_disk", 0.02}});
  const auto found = open_.find(descriptor);
  if (Gone() || found == open_.end()) return Fail(EIO);
  const auto& file = found->second.file;
  if (fault) {
    // What it did not write is marked as written all the same: the next sync says nothing of it.
    if (file) file->content.resize(std::min(file->content.size(), file->synced.size()));
    return Fail(EIO);
  }
  if (file) {
    file->synced = file->content;
  } else {
    versions_.assign(1, names_);
  }
  return 0;
}

int SimulatedDisk::Close(int descriptor) {
  if (!Gone()) open_.erase(descriptor);
  return 0;
}

int SimulatedDisk::Rename(const char* from, const char* to) {
  const auto fault = Busy("rename", {{"disk_error", 0.02}, {"slow_disk", 0.01}});
  if (Gone()) return Fail(EIO);
  if (fault) return Fail(EIO);
  const auto found = names_.find(from);
  if (found == names_.end()) return Fail(ENOENT);
  names_[to] = found->second;
  names_.erase(from);
  Changed();
  return 0;
}

int SimulatedDisk::Unlink(const char* path) {
  if (Gone()) return Fail(EIO);
  if (names_.erase(path) == 0) return Fail(ENOENT);
  Changed();
  return 0;
}

int SimulatedDisk::Access(const char* path, int /*mode*/) {
  return names_.contains(path) ? 0 : Fail(ENOENT);
}

}  // namespace semel::simulation
