// Fingerprint and seen-set for themselves, beside what people would take instead: one CPU, no
// Kafka.
//
// The sets live the same life: batches of 1,000 events, 30 % of them copies of earlier ones, until
// they hold a million. Time is that of an event, look-up and insertion; RocksDB writes no WAL and
// has a Bloom filter of 10 bits a key, which is more than its defaults give.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "prove/random.h"
#include "prove/stream.h"
#include "resident_bytes.h"
#include "semel/fingerprint.h"
#include "semel/seen_set.h"

namespace semel {
namespace {

constexpr std::size_t kBatch = 1000;
constexpr std::size_t kEntries = 1'000'000;

/// Sightings in batches; three of ten come from the past.
class Events {
 public:
  const std::vector<Sighting>& NextBatch() {
    batch_.clear();
    for (std::size_t i = 0; i < kBatch; ++i) {
      const bool copy = i % 10 >= 7 && fresh_ > 0;
      const std::uint64_t id = copy ? prove::Mix(read_) % fresh_ : fresh_++;
      Sighting& sighting = batch_.emplace_back();
      sighting.time_ms = 1 + static_cast<std::int64_t>(read_ / 100);
      sighting.offset = static_cast<std::int64_t>(read_++);
      for (const std::uint64_t half : {0U, 1U}) {
        const std::uint64_t word = prove::Mix(2 * id + half);
        std::memcpy(&sighting.fingerprint.bytes[8 * half], &word, sizeof(word));
      }
    }
    return batch_;
  }
  std::size_t fresh() const { return fresh_; }

 private:
  std::vector<Sighting> batch_;
  std::uint64_t fresh_ = 0;
  std::uint64_t read_ = 0;
};

std::string_view KeyOf(const Sighting& sighting) {
  return {reinterpret_cast<const char*>(sighting.fingerprint.bytes.data()), 16};
}

class SemelSet {
 public:
  std::size_t Take(const std::vector<Sighting>& events) {
    const std::unique_ptr<Stage> stage = set_->Begin();
    judgements_.resize(events.size());
    if (!stage->Judge(events, judgements_)) std::abort();
    const std::size_t fresh = stage->fresh().size();
    stage->Confirm();
    return fresh;
  }

 private:
  std::unique_ptr<SeenSet> set_ = OpenMemorySeenSet({});
  std::vector<Judgement> judgements_;
};

class UnorderedSet {
 public:
  std::size_t Take(const std::vector<Sighting>& events) {
    std::size_t fresh = 0;
    for (const Sighting& event : events) fresh += set_.emplace(KeyOf(event)).second ? 1U : 0U;
    return fresh;
  }

 private:
  std::unordered_set<std::string> set_;
};

class RocksSet {
 public:
  RocksSet() {
    folder_ = std::filesystem::temp_directory_path() / "semel_micro_bench.XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) std::abort();
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::BlockBasedTableOptions table;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB* opened = nullptr;
    if (!rocksdb::DB::Open(options, folder_, &opened).ok()) std::abort();
    database_.reset(opened);
  }
  RocksSet(const RocksSet&) = delete;
  RocksSet& operator=(const RocksSet&) = delete;
  ~RocksSet() {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::size_t Take(const std::vector<Sighting>& events) {
    std::size_t fresh = 0;
    std::string value;
    rocksdb::WriteOptions writing;
    writing.disableWAL = true;
    for (const Sighting& event : events) {
      const rocksdb::Slice key(KeyOf(event).data(), KeyOf(event).size());
      if (!database_->Get({}, key, &value).IsNotFound()) continue;
      const auto* const time = reinterpret_cast<const char*>(&event.time_ms);
      if (!database_->Put(writing, key, {time, sizeof(event.time_ms)}).ok()) std::abort();
      ++fresh;
    }
    return fresh;
  }

 private:
  std::string folder_;
  std::unique_ptr<rocksdb::DB> database_;
};

template <typename Set>
void FillsTo1M(benchmark::State& state) {
  double bytes = 0;
  for ([[maybe_unused]] auto run : state) {
    state.PauseTiming();
    ::malloc_trim(0);
    const double before = ResidentBytes();
    auto set = std::make_unique<Set>();
    Events events;
    state.ResumeTiming();
    while (events.fresh() < kEntries) {
      state.PauseTiming();
      const std::size_t known = events.fresh();
      const std::vector<Sighting>& batch = events.NextBatch();
      const std::size_t expected = events.fresh() - known;
      state.ResumeTiming();
      if (set->Take(batch) != expected) state.SkipWithError("a wrong verdict");
    }
    state.PauseTiming();
    bytes = ResidentBytes() - before;
    set.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(static_cast<double>(state.iterations()) *
                                                    static_cast<double>(kEntries) / 0.7));
  state.counters["resident_bytes_per_entry"] = bytes / static_cast<double>(kEntries);
}

void Identifies(benchmark::State& state, prove::Shape shape, const char* part) {
  prove::Stream stream({.shape = shape, .partitions = 1, .window_ms = 3'600'000});
  std::vector<std::string> values;
  while (values.size() < kBatch) {
    auto record = stream.Next(1'700'000'000'000);
    if (record.value) values.push_back(std::move(*record.value));
  }
  Result<Fingerprinter> fingerprinter = Fingerprinter::Open({.parts = {part}});
  if (!fingerprinter) std::abort();
  std::size_t bytes = 0;
  std::size_t at = 0;
  for ([[maybe_unused]] auto run : state) {
    Record record;
    record.value = values[at++ % kBatch];
    bytes += record.value->size();
    benchmark::DoNotOptimize(fingerprinter->Identify(record));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

BENCHMARK_TEMPLATE(FillsTo1M, SemelSet)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(FillsTo1M, UnorderedSet)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(FillsTo1M, RocksSet)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Identifies, small_json, prove::Shape::kSmall, "json:/event_id");
BENCHMARK_CAPTURE(Identifies, view_event_json, prove::Shape::kViewEvent, "json:/event_id");
BENCHMARK_CAPTURE(Identifies, view_event_value, prove::Shape::kViewEvent, "value");

}  // namespace
}  // namespace semel

BENCHMARK_MAIN();
