#include "kafka/send_queue.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "kafka/instance.h"

namespace semel::kafka {
namespace {

constexpr int kBatchBytes = 10'000;
constexpr std::size_t kValueBytes = 1000;

/// An idempotent producer on librdkafka's own mock brokers.
class SendQueueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    Set(conf, "test.mock.num.brokers", "1");
    Set(conf, "enable.idempotence", "true");
    Set(conf, "linger.ms", "60000");
    Set(conf, "batch.size", std::to_string(kBatchBytes));
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_dr_msg_cb(conf,
                                [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
                                  static_cast<SendQueueTest*>(self)->OnDelivery(*message);
                                });
    char text[512];
    producer_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text)));
    ASSERT_NE(producer_, nullptr) << text;
    queue_ = std::make_unique<SendQueue>(producer_.get(), kBatchBytes);
    ASSERT_TRUE(queue_->AddTopic("out"));
  }

  void TearDown() override { queue_.reset(); }

  static void Set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
    char text[512];
    ASSERT_EQ(rd_kafka_conf_set(conf, name, value.c_str(), text, sizeof(text)), RD_KAFKA_CONF_OK)
        << text;
  }

  void OnDelivery(const rd_kafka_message_t& message) {
    EXPECT_EQ(message.err, RD_KAFKA_RESP_ERR_NO_ERROR);
    tags_.push_back(reinterpret_cast<std::uintptr_t>(message._private));
    EXPECT_EQ(queue_->Delivered(message).code, RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  void Add(std::size_t records, Partition partition = 0) {
    for (std::size_t i = 0; i < records; ++i) {
      const auto added =
          queue_->Add({.topic = 0, .partition = partition, .value = value_, .tag = ++added_});
      ASSERT_EQ(added.code, RD_KAFKA_RESP_ERR_NO_ERROR);
    }
  }

  /// What librdkafka holds.
  int HandedOver() const { return rd_kafka_outq_len(producer_.get()); }

  /// Serves reports until so many records are left. False after 20 s.
  bool ServeUntil(std::size_t outstanding) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (queue_->outstanding() > outstanding) {
      if (std::chrono::steady_clock::now() > end) return false;
      rd_kafka_poll(producer_.get(), 10);
    }
    return true;
  }

  const std::string value_ = std::string(kValueBytes, 'v');
  std::unique_ptr<rd_kafka_t, DestroyWith<rd_kafka_destroy>> producer_;
  std::unique_ptr<SendQueue> queue_;
  std::size_t added_ = 0;
  std::vector<std::size_t> tags_;
};

TEST_F(SendQueueTest, LibrdkafkaIsGivenOneFullBatchAndNotASecond) {
  Add(100);
  EXPECT_TRUE(queue_->full_batch_under_way());
  EXPECT_EQ(HandedOver(), 11) << "the first record above the limit makes the batch full";
  EXPECT_EQ(queue_->outstanding(), 100U);
}

TEST_F(SendQueueTest, PartitionsDoNotWaitForEachOther) {
  Add(100, 0);
  Add(3, 1);
  EXPECT_EQ(HandedOver(), 14);
}

TEST_F(SendQueueTest, FullBatchesGoOneAfterTheOtherInOrderWithoutAFlush) {
  Add(100);
  // What makes no full batch waits for a flush: less than one batch is left.
  ASSERT_TRUE(ServeUntil(11)) << queue_->outstanding();
  rd_kafka_flush(producer_.get(), 20'000);
  EXPECT_EQ(queue_->outstanding(), 0U);
  ASSERT_EQ(tags_.size(), 100U);
  for (std::size_t i = 0; i < tags_.size(); ++i) EXPECT_EQ(tags_[i], i + 1);
}

TEST_F(SendQueueTest, WhatIsDroppedIsNeverSent) {
  Add(100);
  queue_->DropHeld();
  EXPECT_EQ(queue_->outstanding(), 11U);
  rd_kafka_flush(producer_.get(), 20'000);
  EXPECT_EQ(queue_->outstanding(), 0U);
  EXPECT_EQ(tags_.size(), 11U);
}

TEST_F(SendQueueTest, ARecordThatNoBrokerTakesIsReported) {
  const std::string huge(2'000'000, 'x');  // above message.max.bytes
  const auto refused = queue_->Add({.topic = 0, .partition = 0, .value = huge});
  EXPECT_EQ(refused.code, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_EQ(refused.where, Name("out", 0));
  queue_->DropHeld();
}

}  // namespace
}  // namespace semel::kafka
