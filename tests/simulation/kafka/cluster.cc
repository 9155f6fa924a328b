#include "cluster.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace semel::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint64_t kHearsWithinMs = 3000;  // that it was replaced, after it woke

}  // namespace

Cluster::Cluster(Scheduler& scheduler, FaultPlan& faults, Options options)
    : scheduler_(scheduler),
      faults_(faults),
      options_(options),
      random_(faults.Draw("cluster")),
      states_(static_cast<std::size_t>(options.brokers)),
      transaction_slots_(kSlots),
      group_slots_(kSlots),
      old_groups_(kSlots),
      transactions_([this](const std::string& id, const TxnTarget& target,
                           ProducerIdAndEpoch producer,
                           bool commit) { WriteMarker(id, target, producer, commit); }),
      groups_({.now = [this] { return scheduler_.Now(); },
               .after =
                   [this](Duration wait, std::function<void()> call) {
                     scheduler_.After(wait, std::move(call));
                   }}) {
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    transaction_slots_[slot].leader = static_cast<BrokerId>(slot % states_.size());
    group_slots_[slot].leader = static_cast<BrokerId>((slot + 1) % states_.size());
  }
  ExpireTransactions();
}

void Cluster::CreateTopic(const std::string& name, const TopicConfig& config) {
  topics_[name] = config.partitions;
  for (kafka::Partition partition = 0; partition < config.partitions; ++partition) {
    Partition& made = logs_[{name, partition}];
    made.log = std::make_unique<PartitionLog>(config);
    made.leadership.leader = AnyUp(static_cast<BrokerId>(random_.Below(states_.size())));
  }
}

kafka::Partition Cluster::PartitionsOf(const std::string& topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : found->second;
}

// --- brokers -------------------------------------------------------------------------------------

void Cluster::Opened(const std::shared_ptr<Wire>& wire) {
  auto& wires = states_[Index(wire->broker)].wires;
  std::erase_if(wires, [](const auto& each) { return each.expired(); });
  wires.push_back(wire);
}

void Cluster::WhenRunning(BrokerId broker, std::function<void()> serve) {
  BrokerState& state = states_[Index(broker)];
  if (state.paused)
    state.held.push_back(std::move(serve));
  else
    serve();
}

void Cluster::Crash(BrokerId broker) {
  BrokerState& state = states_[Index(broker)];
  if (!state.up) return;
  state.up = false;
  state.paused = false;
  state.held.clear();
  HearsOfIt(broker);
  for (const auto& each : std::exchange(state.wires, {})) {
    if (const auto wire = each.lock()) Channel::Sever(wire);
  }
  ForEachLeadership([&](Leadership& leadership) {
    if (leadership.leader != broker) return;
    const std::uint64_t epoch = ++leadership.epoch;
    scheduler_.After(options_.failover, [this, &leadership, broker, epoch] {
      if (leadership.epoch != epoch) return;  // it is back already
      Move(leadership, AnyUp(broker));
    });
  });
}

void Cluster::Restart(BrokerId broker) {
  BrokerState& state = states_[Index(broker)];
  if (state.up) return;
  state.up = true;
  ForEachLeadership([&](Leadership& leadership) {
    if (leadership.leader == broker || leadership.leader == kNoBroker) Move(leadership, broker);
  });
}

void Cluster::Pause(BrokerId broker) {
  BrokerState& state = states_[Index(broker)];
  if (!state.up || std::exchange(state.paused, true)) return;
  const std::uint64_t hang = ++state.hangs;
  scheduler_.After(options_.failover, [this, &state, broker, hang] {
    if (state.paused && state.hangs == hang) Replace(broker);
  });
}

void Cluster::Continue(BrokerId broker) {
  BrokerState& state = states_[Index(broker)];
  if (!std::exchange(state.paused, false)) return;
  if (state.replaced) {
    const std::uint64_t hang = state.hangs;
    scheduler_.After(milliseconds(random_.Below(kHearsWithinMs)), [this, &state, broker, hang] {
      if (state.hangs == hang) HearsOfIt(broker);
    });
  }
  for (const auto& serve : std::exchange(state.held, {})) serve();
}

/// Its session ended, and others take over.
void Cluster::Replace(BrokerId broker) {
  HearsOfIt(broker);  // of what was before
  states_[Index(broker)].replaced = true;
  const BrokerId successor = AnyUp(broker);
  if (successor == broker) return;
  for (auto& [where, partition] : logs_) {
    if (partition.leadership.leader != broker) continue;
    partition.old = {broker, partition.log->high(), partition.log->last_stable()};
    Move(partition.leadership, successor);
  }
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    if (group_slots_[slot].leader == broker) {
      OldCoordinator& old = old_groups_[slot] = {.broker = broker};
      for (const std::string& group : groups_.Names())
        if (SlotOf(group) == slot) old.groups[group] = groups_.OffsetsOf(group);
      Move(group_slots_[slot], successor);
    }
    if (transaction_slots_[slot].leader == broker) Move(transaction_slots_[slot], successor);
  }
}

void Cluster::HearsOfIt(BrokerId broker) {
  states_[Index(broker)].replaced = false;
  for (auto& [where, partition] : logs_)
    if (partition.old.broker == broker) partition.old = {};
  for (OldCoordinator& old : old_groups_)
    if (old.broker == broker) old = {};
}

bool Cluster::Awake(BrokerId broker) const {
  return broker != kNoBroker && Up(broker) && !states_[Index(broker)].paused;
}

void Cluster::ForEachLeadership(const std::function<void(Leadership&)>& call) {
  for (auto& [where, partition] : logs_) call(partition.leadership);
  for (Leadership& slot : transaction_slots_) call(slot);
  for (Leadership& slot : group_slots_) call(slot);
}

int Cluster::UpCount() const {
  return static_cast<int>(std::count_if(states_.begin(), states_.end(), [](const auto& state) {
    return state.up && !state.replaced;
  }));
}

/// The next one that is up and was not replaced; `except` itself when no other is.
BrokerId Cluster::AnyUp(BrokerId except) const {
  for (int i = 1; i <= options_.brokers; ++i) {
    const BrokerId broker = (except + i) % options_.brokers;
    if (Up(broker) && (broker == except || !states_[Index(broker)].replaced)) return broker;
  }
  return kNoBroker;
}

void Cluster::Move(Leadership& leadership, BrokerId to) {
  leadership.leader = to;
  const std::uint64_t epoch = ++leadership.epoch;
  if (to == kNoBroker) return;
  leadership.loaded = scheduler_.Now() + options_.load;
  const auto slot_in = [&](const std::vector<Leadership>& slots) -> std::optional<std::size_t> {
    if (&leadership < slots.data() || &leadership >= slots.data() + slots.size())
      return std::nullopt;
    return static_cast<std::size_t>(&leadership - slots.data());
  };
  const auto transactions = slot_in(transaction_slots_);
  const auto groups = slot_in(group_slots_);
  if (!transactions && !groups) return;
  const auto mine = [this](std::size_t slot) {
    return [this, slot](const std::string& name) { return SlotOf(name) == slot; };
  };
  if (groups) groups_.Resign(mine(*groups));
  scheduler_.At(leadership.loaded, [this, &leadership, epoch, transactions, groups, mine] {
    if (leadership.epoch != epoch) return;
    if (transactions) transactions_.Resume(mine(*transactions));
    if (groups) groups_.Reload(mine(*groups));
  });
}

void Cluster::MoveLeader(const TopicPartition& where) {
  Leadership& leadership = logs_.at(where).leadership;
  if (leadership.leader != kNoBroker && Up(leadership.leader))
    Move(leadership, AnyUp(leadership.leader));
}

void Cluster::MoveTransactionCoordinator(const std::string& transactional_id) {
  Leadership& leadership = transaction_slots_[SlotOf(transactional_id)];
  if (leadership.leader != kNoBroker && Up(leadership.leader))
    Move(leadership, AnyUp(leadership.leader));
}

void Cluster::MoveGroupCoordinator(const std::string& group) {
  Leadership& leadership = group_slots_[SlotOf(group)];
  if (leadership.leader != kNoBroker && Up(leadership.leader))
    Move(leadership, AnyUp(leadership.leader));
}

// --- who is responsible --------------------------------------------------------------------------

std::size_t Cluster::SlotOf(const std::string& name) const {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char letter : name)
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3U;
  return prove::Mix(hash) % kSlots;
}

BrokerId Cluster::LeaderOf(const TopicPartition& where) const {
  const auto found = logs_.find(where);
  if (found == logs_.end()) return kNoBroker;
  const auto& [leadership, log, old] = found->second;
  return Awake(old.broker) ? old.broker : leadership.leader;
}

BrokerId Cluster::OffsetsToldBy(const std::string& group) const {
  const OldCoordinator& old = old_groups_[SlotOf(group)];
  return Awake(old.broker) ? old.broker : GroupCoordinatorOf(group);
}

BrokerId Cluster::TransactionCoordinatorOf(const std::string& transactional_id) const {
  return transaction_slots_[SlotOf(transactional_id)].leader;
}

BrokerId Cluster::GroupCoordinatorOf(const std::string& group) const {
  return group_slots_[SlotOf(group)].leader;
}

ErrorCode Cluster::CheckCoordinator(const Leadership& leadership, BrokerId at) const {
  if (leadership.leader != at) return RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
  if (scheduler_.Now() < leadership.loaded) return RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
  // What a coordinator does it has to write first.
  if (UpCount() < options_.min_insync) return RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE;
  return kNoError;
}

TransactionCoordinator* Cluster::TransactionsAt(BrokerId at, const std::string& transactional_id,
                                                ErrorCode& error) {
  error = CheckCoordinator(transaction_slots_[SlotOf(transactional_id)], at);
  return error == kNoError ? &transactions_ : nullptr;
}

GroupCoordinator* Cluster::GroupsAt(BrokerId at, const std::string& group, ErrorCode& error) {
  error = CheckCoordinator(group_slots_[SlotOf(group)], at);
  return error == kNoError ? &groups_ : nullptr;
}

Cluster::Partition* Cluster::LedBy(BrokerId at, const TopicPartition& where, ErrorCode& error) {
  const auto found = logs_.find(where);
  error = found == logs_.end()                    ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
          : found->second.leadership.leader != at ? RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION
                                                  : kNoError;
  return error == kNoError ? &found->second : nullptr;
}

Cluster::View Cluster::ViewAt(BrokerId at, const TopicPartition& where, ErrorCode& error) const {
  const auto found = logs_.find(where);
  error = found == logs_.end() ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : kNoError;
  if (error != kNoError) return {};
  const auto& [leadership, log, old] = found->second;
  if (leadership.leader == at) return {log.get(), log->high(), log->last_stable()};
  if (old.broker == at) return {log.get(), old.high, old.last_stable};
  error = RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
  return {};
}

// --- transactions --------------------------------------------------------------------------------

Fetched Cluster::FetchOffsets(BrokerId at, const std::string& group,
                              const std::vector<TopicPartition>& partitions) const {
  const std::size_t slot = SlotOf(group);
  if (const OldCoordinator& old = old_groups_[slot];
      group_slots_[slot].leader != at && old.broker == at) {
    const auto found = old.groups.find(group);
    return found == old.groups.end() ? Fetched{} : found->second.Fetch(partitions);
  }
  const ErrorCode error = CheckCoordinator(group_slots_[slot], at);
  if (error != kNoError) return {.error = error};
  return groups_.OffsetsOf(group).Fetch(partitions);
}

ErrorCode Cluster::CommitInTransaction(BrokerId at, const std::string& transactional_id,
                                       ProducerIdAndEpoch producer, const MemberIdentity& who,
                                       const OffsetMap& offsets) {
  ErrorCode error = kNoError;
  GroupCoordinator* const groups = GroupsAt(at, who.group, error);
  if (groups == nullptr) return error;
  return groups->CommitInTransaction(who, producer, offsets, [&] {
    return transactions_.Verify(transactional_id, producer, {who.group, -1});
  });
}

/// Each at its own time, so that a reader may see one partition's part of a commit before
/// another's.
void Cluster::WriteMarker(const std::string& id, const TxnTarget& target,
                          ProducerIdAndEpoch producer, bool commit) {
  const std::uint64_t epoch = transaction_slots_[SlotOf(id)].epoch;
  auto fault = faults_.Ask("marker." + target.name, {{"marker_late", 0.004}});
  Duration wait = microseconds(100 + random_.Below(1500));
  if (fault) wait += milliseconds(fault->details.Below(4000));
  scheduler_.After(wait, [this, id, target, producer, commit, epoch] {
    const Leadership& coordinator = transaction_slots_[SlotOf(id)];
    if (coordinator.epoch != epoch || coordinator.leader == kNoBroker) return;  // Resume asks again
    if (!WriteMarkerNow(id, target, producer, commit)) {
      scheduler_.After(milliseconds(100), [this, id, target, producer, commit, epoch] {
        if (transaction_slots_[SlotOf(id)].epoch == epoch)
          WriteMarker(id, target, producer, commit);
      });
      return;
    }
    transactions_.MarkerWritten(id, target, producer);
  });
}

/// False: not possible at the moment.
bool Cluster::WriteMarkerNow(const std::string& id, const TxnTarget& target,
                             ProducerIdAndEpoch producer, bool commit) {
  const bool group = target.partition < 0;
  const Leadership& leadership = group ? group_slots_[SlotOf(target.name)]
                                       : logs_.at({target.name, target.partition}).leadership;
  const BrokerId coordinator = transaction_slots_[SlotOf(id)].leader;
  for (const BrokerId broker : {leadership.leader, coordinator}) {
    if (broker == kNoBroker || !Up(broker) || states_[Index(broker)].paused) return false;
  }
  if (UpCount() < options_.min_insync) return false;
  // A refused marker is one of an epoch that is over: there is nothing left to decide.
  if (group)
    static_cast<void>(groups_.WriteMarker(target.name, producer, commit));
  else
    static_cast<void>(
        Log(target.name, target.partition).AppendMarker(producer, commit, scheduler_.WallMs()));
  return true;
}

void Cluster::ExpireTransactions() {
  scheduler_.After(options_.expiry, [this] {
    transactions_.Expire(scheduler_.Now(), [this](const std::string& id) {
      const Leadership& slot = transaction_slots_[SlotOf(id)];
      return slot.leader != kNoBroker && CheckCoordinator(slot, slot.leader) == kNoError &&
             Up(slot.leader) && !states_[Index(slot.leader)].paused;
    });
    ExpireTransactions();
  });
}

}  // namespace semel::simulation
