#include "kafka/error_map.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace semel::kafka {
namespace {

struct Row {
  int code;  // int: codes of newer libraries are listed too, which the oldest header lacks
  Action action;
  const char* advice;  // empty where librdkafka's text says it all
};

constexpr const char* kAuthAdvice = "check security.protocol, sasl.* and ssl.*";
constexpr const char* kTlsAdvice =
    "check ssl.ca.location, the brokers' certificates and security.protocol";
constexpr const char* kReachAdvice = "check --brokers, security.protocol and the network";
constexpr const char* kTopicAdvice = "check the topic's name and that it exists";
constexpr const char* kMemberAdvice = "the group gave the partitions to others";
constexpr const char* kReportAdvice = "this should not happen: please report it";
constexpr const char* kRejectAdvice = "the brokers will never take this record";
constexpr const char* kTokenAdvice = "check the delegation token";

constexpr Row kTable[] = {
    // librdkafka's own (negative) codes
    {RD_KAFKA_RESP_ERR__BEGIN, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__BAD_MSG, Action::kStop, "the topic holds data that cannot be read"},
    {RD_KAFKA_RESP_ERR__BAD_COMPRESSION, Action::kStop, "the topic holds data that cannot be read"},
    {RD_KAFKA_RESP_ERR__DESTROY, Action::kFail, "the client is being closed"},
    {RD_KAFKA_RESP_ERR__FAIL, Action::kRetry, kReachAdvice},
    {RD_KAFKA_RESP_ERR__TRANSPORT, Action::kRetry, kReachAdvice},
    {RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, Action::kFail, "check memory, threads and open files"},
    {RD_KAFKA_RESP_ERR__RESOLVE, Action::kRetry, "check --brokers and the name server"},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, Action::kAbort, kReachAdvice},
    {RD_KAFKA_RESP_ERR__PARTITION_EOF, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, Action::kFix, "the topic has fewer partitions"},
    {RD_KAFKA_RESP_ERR__FS, Action::kFail, ""},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, Action::kFix, kTopicAdvice},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, Action::kRetry, kReachAdvice},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, Action::kRetry, kReachAdvice},
    {RD_KAFKA_RESP_ERR__QUEUE_FULL, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__ISR_INSUFF, Action::kRetry, "wait for the replicas"},
    {RD_KAFKA_RESP_ERR__NODE_UPDATE, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__SSL, Action::kConnect, kTlsAdvice},
    {RD_KAFKA_RESP_ERR__WAIT_COORD, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR__IN_PROGRESS, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__EXISTING_SUBSCRIPTION, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__CONFLICT, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__STATE, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PROTOCOL, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, Action::kFix, "this librdkafka cannot do it"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, Action::kConnect, kAuthAdvice},
    {RD_KAFKA_RESP_ERR__NO_OFFSET, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__OUTDATED, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, Action::kRetry, kReachAdvice},
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, Action::kFix, "Kafka 2.5 or newer is needed"},
    {RD_KAFKA_RESP_ERR__WAIT_CACHE, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__INTR, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__KEY_SERIALIZATION, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__VALUE_SERIALIZATION, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__KEY_DESERIALIZATION, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__PARTIAL, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__READ_ONLY, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__NOENT, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__UNDERFLOW, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__INVALID_TYPE, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR__RETRY, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR__FATAL, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR__INCONSISTENT, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, Action::kAbort, kMemberAdvice},
    {RD_KAFKA_RESP_ERR__UNKNOWN_BROKER, Action::kRetry, kReachAdvice},
    {RD_KAFKA_RESP_ERR__NOT_CONFIGURED, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR__FENCED, Action::kFenced, "give every process its own --instance"},
    {RD_KAFKA_RESP_ERR__APPLICATION, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, Action::kAbort, kMemberAdvice},
    {RD_KAFKA_RESP_ERR__NOOP, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, Action::kStop,
     "records were deleted before they were read, or the topic was made anew"},
    {-139 /* _LOG_TRUNCATION */, Action::kStop, "the log lost records that were read before"},
    {-138 /* _INVALID_DIFFERENT_RECORD */, Action::kAbort, ""},
    {-137 /* _DESTROY_BROKER */, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR__END, Action::kFail, kReportAdvice},
    // the brokers' codes
    {RD_KAFKA_RESP_ERR_UNKNOWN, Action::kRetry, "see the brokers' logs"},
    {RD_KAFKA_RESP_ERR_NO_ERROR, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, Action::kStop,
     "records were deleted before they were read, or the topic was made anew"},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, Action::kRetry, "a record was damaged on its way"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, Action::kRetry, kTopicAdvice},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, Action::kRejectRecord, kRejectAdvice},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Action::kRejectRecord,
     "larger than the topic's max.message.bytes"},
    {RD_KAFKA_RESP_ERR_STALE_CTRL_EPOCH, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, Action::kFail,
     "raise offset.metadata.max.bytes of the brokers to 4096 or more"},
    {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, Action::kFix, "not a legal topic name"},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, Action::kRejectRecord,
     "larger than the topic's segment.bytes"},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, Action::kRetry,
     "bring brokers back until min.insync.replicas is met"},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, Action::kRetry,
     "bring brokers back until min.insync.replicas is met"},
    {RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, Action::kAbort, kMemberAdvice},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, Action::kFix,
     "other members of the group use another partition.assignment.strategy, or are no consumers"},
    {RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, Action::kFix, "check --group"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, Action::kAbort, kMemberAdvice},
    {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, Action::kFix,
     "outside of the brokers' group.min/max.session.timeout.ms"},
    {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, Action::kAbort, kMemberAdvice},
    {RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE, Action::kFail, ""},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Action::kConnect, ""},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, Action::kConnect, ""},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, Action::kConnect, ""},
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, Action::kRejectRecord,
     "outside of the topic's message.timestamp.before/after.max.ms"},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, Action::kConnect, kAuthAdvice},
    {RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, Action::kConnect, kAuthAdvice},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, Action::kFix, "Kafka 2.5 or newer is needed"},
    {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, Action::kFix, "check --replication"},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR_NOT_CONTROLLER, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_INVALID_REQUEST, Action::kFail, kReportAdvice},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, Action::kFix,
     "the topic's message format is older than 0.11"},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, Action::kRejectRecord, "a policy of the brokers forbids"},
    {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, Action::kFenced,
     "give every process its own --instance"},
    {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, Action::kFix,
     "transaction.timeout.ms is above the brokers' transaction.max.timeout.ms"},
    {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, Action::kConnect, ""},
    {RD_KAFKA_RESP_ERR_SECURITY_DISABLED, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, Action::kRetry, "see the brokers' logs"},
    {RD_KAFKA_RESP_ERR_LOG_DIR_NOT_FOUND, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, Action::kConnect, kAuthAdvice},
    {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, Action::kAbort, ""},
    {RD_KAFKA_RESP_ERR_REASSIGNMENT_IN_PROGRESS, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTH_DISABLED, Action::kConnect, kTokenAdvice},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_NOT_FOUND, Action::kConnect, kTokenAdvice},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_OWNER_MISMATCH, Action::kConnect, kTokenAdvice},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, Action::kConnect, kTokenAdvice},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED, Action::kConnect, kTokenAdvice},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED, Action::kConnect, kTokenAdvice},
    {RD_KAFKA_RESP_ERR_INVALID_PRINCIPAL_TYPE, Action::kConnect, kAuthAdvice},
    {RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, Action::kFix, "stop the group's members first"},
    {RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, Action::kFix, "check --group"},
    {RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND, Action::kRetry, "check the brokers' listeners"},
    {RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, Action::kFix,
     "choose another -X compression.type"},
    {RD_KAFKA_RESP_ERR_STALE_BROKER_EPOCH, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED, Action::kFix,
     "the group has as many members as the brokers allow (group.max.size)"},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, Action::kStop,
     "another process uses the same --instance: give each its own"},
    {RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_NO_REASSIGNMENT_IN_PROGRESS, Action::kRetry, ""},
    {RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC, Action::kFix, "stop the group's members first"},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, Action::kRejectRecord,
     "for one, a topic with cleanup.policy=compact takes no record without a key"},
    {RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, Action::kRetry,
     "a transaction with offsets of this group is still open"},
    {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, Action::kRetry, "a quota of the brokers holds"},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, Action::kFenced, "give every process its own --instance"},
    {RD_KAFKA_RESP_ERR_RESOURCE_NOT_FOUND, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR_DUPLICATE_RESOURCE, Action::kFix, ""},
    {RD_KAFKA_RESP_ERR_UNACCEPTABLE_CREDENTIAL, Action::kConnect, kAuthAdvice},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_VOTER_SET, Action::kFail, ""},
    {RD_KAFKA_RESP_ERR_INVALID_UPDATE_VERSION, Action::kFail, ""},
    {RD_KAFKA_RESP_ERR_FEATURE_UPDATE_FAILED, Action::kFail, ""},
    {RD_KAFKA_RESP_ERR_PRINCIPAL_DESERIALIZATION_FAILURE, Action::kConnect, kAuthAdvice},
    // codes of later librdkafka versions
    {98 /* SNAPSHOT_NOT_FOUND */, Action::kRetry, ""},
    {99 /* POSITION_OUT_OF_RANGE */, Action::kRetry, ""},
    {100 /* UNKNOWN_TOPIC_ID */, Action::kRetry, kTopicAdvice},
    {103 /* INCONSISTENT_TOPIC_ID */, Action::kRetry, kTopicAdvice},
    {110 /* FENCED_MEMBER_EPOCH */, Action::kAbort, kMemberAdvice},
    {111 /* UNRELEASED_INSTANCE_ID */, Action::kRetry, ""},
    {112 /* UNSUPPORTED_ASSIGNOR */, Action::kFix, ""},
    {113 /* STALE_MEMBER_EPOCH */, Action::kAbort, kMemberAdvice},
    {114 /* MISMATCHED_ENDPOINT_TYPE */, Action::kFix, "check --brokers"},
    {115 /* UNSUPPORTED_ENDPOINT_TYPE */, Action::kFix, "check --brokers"},
    {116 /* UNKNOWN_CONTROLLER_ID */, Action::kRetry, ""},
    {117 /* UNKNOWN_SUBSCRIPTION_ID */, Action::kRetry, ""},
    {118 /* TELEMETRY_TOO_LARGE */, Action::kRetry, ""},
    {119 /* INVALID_REGISTRATION */, Action::kFail, kReportAdvice},
    {120 /* TRANSACTION_ABORTABLE */, Action::kAbort, ""},
    {121 /* INVALID_RECORD_STATE */, Action::kFail, kReportAdvice},
    {122 /* SHARE_SESSION_NOT_FOUND */, Action::kFail, kReportAdvice},
    {123 /* INVALID_SHARE_SESSION_EPOCH */, Action::kFail, kReportAdvice},
    {124 /* FENCED_STATE_EPOCH */, Action::kFail, kReportAdvice},
    {125 /* INVALID_VOTER_KEY */, Action::kFail, kReportAdvice},
    {126 /* DUPLICATE_VOTER */, Action::kFail, kReportAdvice},
    {127 /* VOTER_NOT_FOUND */, Action::kFail, kReportAdvice},
    {128 /* INVALID_REGULAR_EXPRESSION */, Action::kFix, ""},
    {129 /* REBOOTSTRAP_REQUIRED */, Action::kRetry, ""},
    {130 /* STREAMS_INVALID_TOPOLOGY */, Action::kFail, kReportAdvice},
    {131 /* STREAMS_INVALID_TOPOLOGY_EPOCH */, Action::kFail, kReportAdvice},
    {132 /* STREAMS_TOPOLOGY_FENCED */, Action::kFail, kReportAdvice},
    {133 /* SHARE_SESSION_LIMIT_REACHED */, Action::kFail, kReportAdvice},
};

const Row* Find(rd_kafka_resp_err_t code) {
  const auto* row = std::find_if(std::begin(kTable), std::end(kTable),
                                 [code](const Row& candidate) { return candidate.code == code; });
  return row == std::end(kTable) ? nullptr : row;
}

// Which right is missing; empty when `code` is about something else. The names are in `what`.
std::string MissingRight(rd_kafka_resp_err_t code, const Attempt& attempt) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return std::string(attempt.operation.empty() ? "Describe or Read" : attempt.operation) +
             " on the topic";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "Read on the group";
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return "Write on the transactional id";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "Create on the cluster";
    default:
      return {};
  }
}

// What a transactional call's error means, once the table alone would say "try again": the call
// itself is over, only the transaction can be repeated.
Action AfterFailedTransaction(rd_kafka_resp_err_t code) {
  const Action action = ActionOf(code);
  return action == Action::kRetry || action == Action::kStop ? Action::kAbort : action;
}

}  // namespace

bool IsMapped(rd_kafka_resp_err_t code) { return Find(code) != nullptr; }

Action ActionOf(rd_kafka_resp_err_t code) {
  const Row* row = Find(code);
  return row == nullptr ? Action::kFail : row->action;
}

bool IsFencing(rd_kafka_resp_err_t code) { return ActionOf(code) == Action::kFenced; }

Error ToError(rd_kafka_resp_err_t code, const Attempt& attempt, std::string_view detail) {
  const Row* row = Find(code);
  std::string text = "cannot " + std::string(attempt.what);
  const Action action = row == nullptr ? Action::kFail : row->action;
  if (action == Action::kConnect && !attempt.principal.empty())
    text += " as " + std::string(attempt.principal);
  text += ": " + std::string(detail.empty() ? rd_kafka_err2str(code) : detail);
  text += std::string(" (") + rd_kafka_err2name(code) + ")";
  if (const std::string right = MissingRight(code, attempt); !right.empty()) {
    text += "; grant ";
    text += attempt.principal.empty() ? "this user" : attempt.principal;
    text += " the operation " + right + " with kafka-acls, see docs/operations.md#acls";
  }
  if (row != nullptr && row->advice[0] != '\0') text += std::string("; ") + row->advice;
  return {action, std::move(text)};
}

Error ToError(const rd_kafka_error_t& error, const Attempt& attempt) {
  const rd_kafka_resp_err_t code = rd_kafka_error_code(&error);
  Error result = ToError(code, attempt, rd_kafka_error_string(&error));
  const bool final =
      rd_kafka_error_is_fatal(&error) != 0 || rd_kafka_error_txn_requires_abort(&error) != 0;
  if (!final && rd_kafka_error_is_retriable(&error) != 0)
    result.action = Action::kRetry;
  else
    result.action = AfterFailedTransaction(code);
  return result;
}

}  // namespace semel::kafka
