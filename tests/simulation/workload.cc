#include "workload.h"

#include <utility>

#include "prove/digest.h"
#include "prove/stream.h"

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMonthMs = 30LL * 24 * 3'600'000;
constexpr std::uint64_t kLongestTransactionMs = 4000;

}  // namespace

Workload::Workload(Cluster& cluster, const Knobs& knobs, std::uint64_t seed)
    : cluster_(cluster), knobs_(knobs), random_(prove::Mix(seed ^ 0x696E707574U)) {}

void Workload::Next() {
  if (appended_ >= knobs_.records) return;
  AppendSome();
  // Bursts and pauses; one in fifty is long.
  const auto mean = static_cast<std::uint64_t>(knobs_.every.count());
  const milliseconds wait(random_.Below(50) == 0 ? 100 * mean : random_.Below(2 * mean + 1));
  cluster_.scheduler().After(wait, [this] { Next(); });
}

std::int64_t Workload::TimeOf(std::uint64_t event) {
  const std::int64_t now = cluster_.scheduler().WallMs();
  if (random_.Share() < knobs_.odd_times) return random_.Below(2) == 0 ? -1 : now + kMonthMs;
  if (random_.Share() < knobs_.late)
    return now - knobs_.settings.window.count() - static_cast<std::int64_t>(random_.Below(5000));
  // Records of one partition are a little out of order.
  return now - static_cast<std::int64_t>((event * 37 + random_.Below(100)) % 300);
}

StoredRecord Workload::MakeRecord(kafka::Partition partition) {
  const auto partitions = static_cast<std::uint64_t>(knobs_.settings.input_partitions);
  const std::uint64_t event =
      random_.Below(static_cast<std::uint64_t>(knobs_.events)) * partitions +
      static_cast<std::uint64_t>(partition);
  const std::string id = std::to_string(event);
  StoredRecord record{.time_ms = TimeOf(event)};
  const std::string number = std::to_string(++uid_);
  if (random_.Below(4) != 0) record.key = "key-" + id;
  record.value = R"({"id":")" + id + R"(","n":)" + number + "}";
  if (random_.Share() < knobs_.unjudged) {
    switch (random_.Below(3)) {
      case 0:
        record.value.reset();
        break;
      case 1:
        record.value = R"({"n":)" + number + "}";
        break;
      default:
        record.value = R"({"id":)" + number;
        break;
    }
  }
  record.headers.push_back({std::string(prove::kUidHeader), prove::ToHex(uid_)});
  if (random_.Below(5) == 0) record.headers.push_back({"empty", std::nullopt});
  return record;
}

void Workload::AppendSome() {
  const auto partition = static_cast<kafka::Partition>(
      random_.Below(static_cast<std::uint64_t>(knobs_.settings.input_partitions)));
  RecordBatch batch;
  for (std::uint64_t left = 1 + random_.Below(8); left > 0; --left, ++appended_)
    batch.records.push_back(MakeRecord(partition));
  Append(partition, std::move(batch));
}

void Workload::Append(kafka::Partition partition, RecordBatch batch) {
  PartitionLog& log = cluster_.Log(kInput, partition);
  const std::int64_t now = cluster_.scheduler().WallMs();
  if (random_.Share() >= knobs_.transactional) {
    log.Append(std::move(batch), now);
    return;
  }
  batch.producer = {++producer_, 0};
  batch.first_sequence = 0;
  batch.transactional = true;
  const ProducerIdAndEpoch producer = batch.producer;
  log.Append(std::move(batch), now);
  ++open_;
  const bool commit = random_.Below(3) != 0;
  const milliseconds open(random_.Below(4) == 0 ? random_.Below(kLongestTransactionMs)
                                                : random_.Below(200));
  cluster_.scheduler().After(open, [this, &log, producer, commit] {
    log.AppendMarker(producer, commit, cluster_.scheduler().WallMs());
    --open_;
  });
}

}  // namespace semel::simulation
