// What librdkafka reports of a producer's messages, on its way to the program.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "kafka/deadline.h"
#include "kafka/instance.h"
#include "semel/producer.h"

namespace semel {

/// Who wants to know of one message, where it is not the producer's function alone.
struct Receipt {
  std::string topic;
  std::int32_t partition = -1;
  std::uint64_t tag = 0;
  std::variant<DeliveryFunction, std::promise<Result<Delivered>>> to;
};

/// The opaque pointer of a message without a Receipt; it is no address.
void* OpaqueOf(std::uint64_t tag);

/// Two sides meet here: the collector, whichever thread polls librdkafka at the time, and the
/// threads of the program, which call the functions.
class DeliveryReports final : public kafka::Callbacks {
 public:
  DeliveryReports(DeliveryFunction on_delivery, std::size_t waiting_max)
      : on_delivery_(std::move(on_delivery)), waiting_max_(waiting_max) {}

  /// What errors are described with; outlives the last report.
  void set_instance(const kafka::Instance* instance) { instance_ = instance; }

  // The collector's side. One thread at a time.

  void OnDelivery(const rd_kafka_message_t& message) override;
  /// After each poll: hands on what it brought.
  void Publish();
  /// Why messages may not get through, for who waits for them.
  void SetObstacle(Error obstacle);

  // The program's side. Threads: any, at once.

  /// Before a message is given to librdkafka; returns how many were so far.
  std::uint64_t Expect() { return ++expected_; }
  /// When librdkafka did not take it.
  void Withdraw() { ++finished_; }

  /// The opaque pointer of a message with a Receipt.
  void* Keep(std::unique_ptr<Receipt> receipt);
  /// Null for a tag, and for what was taken.
  std::unique_ptr<Receipt> Take(void* opaque);

  /// For what librdkafka will not report on any more: no poll may follow.
  void AbandonReceipts();

  /// Calls the functions of what was published, unless some thread is at it. Returns how many.
  std::size_t CallBack();
  /// Is this thread within a function that CallBack called?
  bool InCallback() const { return caller_ == std::this_thread::get_id(); }

  /// Too many reports wait for CallBack.
  bool backed_up() const { return waiting_ >= waiting_max_; }
  std::size_t outstanding() const {
    const std::uint64_t finished = finished_;  // first: it must not pass what was expected
    return expected_ - finished;
  }

  /// Changes with each Publish, and when functions were called: read it, look for what is wanted,
  /// then wait for it to change.
  std::uint64_t round() const { return round_; }
  void AwaitAfter(std::uint64_t round, std::chrono::milliseconds timeout);

  struct Failures {
    std::size_t count = 0;
    std::optional<Error> first;
  };
  /// What failed since the last call.
  Failures TakeFailures();
  std::optional<Error> obstacle() const;

 private:
  struct Report {
    const char* topic;  // of its handle, which lives as long as the producer
    std::int32_t partition;
    std::int64_t offset;
    std::int64_t timestamp_ms;
    std::uint64_t tag;
    std::unique_ptr<Receipt> receipt;
    std::unique_ptr<Error> error;
  };

  Error ErrorOf(const rd_kafka_message_t& message) const;
  void Call(Report& report) const;
  void Finish(std::size_t count);

  const DeliveryFunction on_delivery_;
  const std::size_t waiting_max_;
  const kafka::Instance* instance_ = nullptr;

  // The collector's only: what the current poll brought.
  std::vector<Report> batch_;
  std::size_t done_ = 0;  // reports that nobody is called for
  Failures failed_;

  std::atomic<std::uint64_t> expected_ = 0;
  std::atomic<std::uint64_t> finished_ = 0;
  std::atomic<std::size_t> waiting_ = 0;  // for CallBack
  std::atomic<std::uint64_t> round_ = 0;
  std::atomic<bool> calling_ = false;
  std::atomic<std::thread::id> caller_{};
  std::vector<Report> called_;  // only of the thread that set calling_

  std::mutex keeping_;
  std::unordered_map<void*, std::unique_ptr<Receipt>> receipts_;  // guarded by keeping_

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::vector<Report> published_;
  Failures failures_;
  std::optional<Error> obstacle_;
};

}  // namespace semel
