// A Kafka cluster inside this process, librdkafka's own: it knows records, offsets and topics, and
// nothing of topic configuration.
#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kafka/settings.h"

namespace semel {

class MockCluster {
 public:
  MockCluster() {
    rd_kafka_conf_t* const quiet = rd_kafka_conf_new();
    rd_kafka_conf_set(quiet, "log_level", "0", nullptr, 0);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, quiet, nullptr, 0);
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    EXPECT_EQ(rd_kafka_brokers_add(client_, rd_kafka_mock_cluster_bootstraps(cluster_)), 1);
  }
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;
  ~MockCluster() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }

  kafka::ClientSettings Settings() const {
    kafka::ClientSettings settings;
    settings.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    return settings;
  }

  void CreateTopic(const std::string& topic, int partitions) const {
    EXPECT_EQ(rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1), 0);
  }

  void MakeUnknown(const std::string& topic) const {
    rd_kafka_mock_topic_set_error(cluster_, topic.c_str(), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  }

  void FailNextJoin(rd_kafka_resp_err_t code) const { FailNext(11, code); }
  void FailNextListOffsets(rd_kafka_resp_err_t code) const { FailNext(2, code); }
  void FailNextHeartbeat(rd_kafka_resp_err_t code) const { FailNext(12, code); }

  /// The next commit of offsets is answered with that error, and only after that time.
  void RefuseNextCommit(rd_kafka_resp_err_t code, int milliseconds) const {
    constexpr std::int16_t kOffsetCommit = 8;
    rd_kafka_mock_broker_push_request_error_rtts(cluster_, 1, kOffsetCommit, 1, code, milliseconds);
  }

  /// The next questions for committed offsets are answered with that error.
  void RefuseOffsetFetches(rd_kafka_resp_err_t code, std::size_t times) const {
    Refuse(9, code, times);
  }

  /// The next questions for the ends of logs, or for what lies where in them, likewise.
  void RefuseListOffsets(rd_kafka_resp_err_t code, std::size_t times) const {
    Refuse(2, code, times);
  }

  /// Returns when the record is there.
  void Produce(const std::string& topic, int partition, std::string value,
               std::int64_t timestamp_ms) const {
    std::array<rd_kafka_vu_t, 5> record{};
    record[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    record[0].u.cstr = topic.c_str();
    record[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    record[1].u.i32 = partition;
    record[2].vtype = RD_KAFKA_VTYPE_VALUE;
    record[2].u.mem = {value.data(), value.size()};
    record[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    record[3].u.i = RD_KAFKA_MSG_F_COPY;
    record[4].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    record[4].u.i64 = timestamp_ms;
    EXPECT_EQ(rd_kafka_produceva(client_, record.data(), record.size()), nullptr);
    EXPECT_EQ(rd_kafka_flush(client_, 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

 private:
  void FailNext(std::int16_t api_key, rd_kafka_resp_err_t code) const { Refuse(api_key, code, 1); }

  void Refuse(std::int16_t api_key, rd_kafka_resp_err_t code, std::size_t times) const {
    const std::vector<rd_kafka_resp_err_t> codes(times, code);
    rd_kafka_mock_push_request_errors_array(cluster_, api_key, times, codes.data());
  }

  rd_kafka_t* client_;
  rd_kafka_mock_cluster_t* cluster_;
};

}  // namespace semel
