// The disk of one simulated machine. What was written is seen by everybody at once, and outlives a
// power failure only as far as it was synced: contents by fsync of the file, names by fsync of the
// folder.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "fault_plan.h"
#include "scheduler.h"

namespace semel::simulation {

class SimulatedDisk final : public FileSystem {
 public:
  /// `name`: of the machine, for the sites of faults.
  SimulatedDisk(Scheduler& scheduler, FaultPlan& faults, std::string name);

  /// What was not synced is lost, in part or whole.
  void PowerFailure();

  int Open(const char* path, int flags, mode_t mode) override;
  ssize_t Read(int descriptor, char* to, std::size_t size) override;
  ssize_t Write(int descriptor, const char* from, std::size_t size) override;
  int Fsync(int descriptor) override;
  int Close(int descriptor) override;
  int Rename(const char* from, const char* to) override;
  int Unlink(const char* path) override;
  int Access(const char* path, int mode) override;

 private:
  struct File {
    std::string content;
    std::string synced;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  struct OpenFile {
    std::shared_ptr<File> file;  ///< null: the folder
    std::size_t position = 0;
  };

  bool Gone() const;
  std::optional<Fault> Busy(const char* call, std::initializer_list<FaultKind> kinds);
  void Changed();

  Scheduler& scheduler_;
  FaultPlan& faults_;
  const std::string name_;
  Names names_;
  /// The folder as it was after each change since its last sync; the first one is synced.
  std::vector<Names> versions_{Names{}};
  std::map<int, OpenFile> open_;
  int next_ = 3;
};

}  // namespace semel::simulation
