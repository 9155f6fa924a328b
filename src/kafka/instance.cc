#include "kafka/instance.h"

#include <syslog.h>

#include <algorithm>
#include <array>
#include <future>
#include <mutex>
#include <thread>

namespace semel::kafka {

// Belongs to librdkafka's threads as well as to ours, and so lives until both are done.
struct Instance::Context {
  Parts parts;
  std::mutex logging;
  Logger* logger = nullptr;       // guarded by `logging`; null once the Instance is gone
  std::string refused_partition;  // guarded by `logging`
  // The rest is touched within polls only.
  std::string last_error;  // why the brokers cannot be reached
  rd_kafka_resp_err_t last_code = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::chrono::steady_clock::time_point last_time;
  std::optional<Error> broken;

  void Log(LogLevel level, std::string_view text, std::string_view facility) {
    const std::lock_guard lock(logging);
    if (facility == "ADDPARTS" && level >= LogLevel::kWarning)
      refused_partition = text.substr(std::min(text.find("Failed to"), text.size()));
    if (logger != nullptr)
      logger->Write(level, text, {{"client", parts.name}, {"facility", std::string(facility)}});
  }
};

namespace {

constexpr std::chrono::seconds kEndWithin{3};
constexpr std::chrono::seconds kFreshFor{60};  // librdkafka repeats itself after 30 s

// A broker that is away is librdkafka's "error" and its everyday business; a warning for us.
LogLevel LevelOf(int syslog_level, std::string_view facility) {
  if (facility == "CONFWARN") return LogLevel::kDebug;  // each client gets every -X
  if (facility == "GETPID") return LogLevel::kDebug;    // many a second while a transaction ends
  if (syslog_level <= LOG_CRIT) return LogLevel::kError;
  if (syslog_level <= LOG_WARNING) return LogLevel::kWarning;
  return syslog_level <= LOG_INFO ? LogLevel::kInfo : LogLevel::kDebug;
}

bool MeansUnreachable(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
         code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__WAIT_COORD;
}

}  // namespace

void Instance::Install(rd_kafka_conf_t* conf, Context* context, bool rebalances, bool deliveries) {
  rd_kafka_conf_set_opaque(conf, context);
  rd_kafka_conf_set_log_cb(
      conf, [](const rd_kafka_t* rk, int level, const char* facility, const char* text) {
        static_cast<Context*>(rd_kafka_opaque(rk))->Log(LevelOf(level, facility), text, facility);
      });
  rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t* rk, int code, const char* text, void* opaque) {
    auto* self = static_cast<Context*>(opaque);
    auto error = static_cast<rd_kafka_resp_err_t>(code);
    std::array<char, 512> fatal{};
    const bool dead = error == RD_KAFKA_RESP_ERR__FATAL;
    if (dead) error = rd_kafka_fatal_error(rk, fatal.data(), fatal.size());
    const std::string what = dead ? fatal.data() : text;
    // That all brokers are down follows from what each of them had; only that says why.
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || self->last_error.empty()) {
      self->last_error = what;
      self->last_code = error;
      self->last_time = SystemClock{}.Now();
    }
    if (dead || error == RD_KAFKA_RESP_ERR__AUTHENTICATION)
      self->broken =
          ToError(error, {"go on with the " + self->parts.name, self->parts.principal}, what);
    self->Log(LogLevel::kDebug, what, rd_kafka_err2name(error));
  });
  if (rebalances) {
    rd_kafka_conf_set_rebalance_cb(conf, [](rd_kafka_t* /*rk*/, rd_kafka_resp_err_t event,
                                            rd_kafka_topic_partition_list_t* list, void* opaque) {
      static_cast<Context*>(opaque)->parts.callbacks->OnRebalance(event, *list);
    });
  }
  if (deliveries) {
    rd_kafka_conf_set_dr_msg_cb(
        conf, [](rd_kafka_t* /*rk*/, const rd_kafka_message_t* message, void* opaque) {
          static_cast<Context*>(opaque)->parts.callbacks->OnDelivery(*message);
        });
  }
}

Result<std::unique_ptr<Instance>> Instance::Open(rd_kafka_type_t type, ConfPtr conf, Parts parts,
                                                 Logger& logger) {
  auto context = std::make_shared<Context>();
  context->parts = std::move(parts);
  context->logger = &logger;
  const bool called_back = context->parts.callbacks != nullptr;
  Install(conf.get(), context.get(), called_back && type == RD_KAFKA_CONSUMER,
          called_back && type == RD_KAFKA_PRODUCER);
  std::array<char, 512> text{};
  rd_kafka_t* rk = rd_kafka_new(type, conf.get(), text.data(), text.size());
  if (rk == nullptr)
    return Error{Action::kFix, "cannot open the " + context->parts.name + ": " + text.data()};
  static_cast<void>(conf.release());  // taken by rd_kafka_new
  std::unique_ptr<Instance> instance(new Instance(rk, std::move(context), logger));
  if (const auto& live = instance->context_->parts.credentials)
    instance->credentials_ = live->Listen(
        [self = instance.get()](const Credentials& newer) { self->SetCredentials(newer); });
  return instance;
}

void Instance::SetCredentials(const Credentials& credentials) const {
  const ErrorPtr error(rd_kafka_sasl_set_credentials(rk_, credentials.username.c_str(),
                                                     credentials.password.c_str()));
  if (error != nullptr)
    logger_.Error(
        "new SASL credentials are not taken",
        {{"client", context_->parts.name}, {"reason", rd_kafka_error_string(error.get())}});
}

// rd_kafka_destroy waits for threads that may be stuck in a name look-up or, in old versions, in a
// rebalance; ours must not wait with it.
Instance::~Instance() {
  credentials_.End();
  if (ends_) {
    End();
  } else {
    static_cast<void>(new std::shared_ptr<Context>(context_));  // its threads outlive us
  }
  const std::lock_guard lock(context_->logging);
  context_->logger = nullptr;
}

void Instance::End() {
  auto done = std::make_shared<std::promise<void>>();
  const std::future<void> ended = done->get_future();
  std::thread([rk = rk_, context = context_, done] {
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    done->set_value();
  }).detach();
  if (ended.wait_for(kEndWithin) == std::future_status::timeout)
    logger_.Warning("the Kafka client is slow to end; going on without waiting",
                    {{"client", context_->parts.name}});
}

Error Instance::Describe(rd_kafka_resp_err_t code, const std::string& what, std::string_view detail,
                         std::string_view operation) const {
  Error error = ToError(code, {what, context_->parts.principal, operation}, detail);
  if (!MeansUnreachable(code) || context_->last_error.empty()) return error;
  if (handshake_failed())  // its advice is the better one; what to do remains
    error.message =
        ToError(RD_KAFKA_RESP_ERR__SSL, {what, context_->parts.principal}, context_->last_error)
            .message;
  else
    error.message += "; last: " + context_->last_error;
  return error;
}

Error Instance::Describe(const rd_kafka_error_t& error, const std::string& what) const {
  Error result = ToError(error, {what, context_->parts.principal});
  if (MeansUnreachable(rd_kafka_error_code(&error)) && !context_->last_error.empty())
    result.message += "; last: " + context_->last_error;
  return result;
}

Result<void> Instance::Check(rd_kafka_resp_err_t code, const std::string& what) const {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return Describe(code, what);
}

Result<void> Instance::Check(rd_kafka_error_t* error, const std::string& what) const {
  const ErrorPtr owner(error);
  if (owner == nullptr) return {};
  return Describe(*owner, what);
}

const std::optional<Error>& Instance::broken() const { return context_->broken; }

std::string Instance::refused_partition() const {
  const std::lock_guard lock(context_->logging);
  return context_->refused_partition;
}

bool Instance::handshake_failed() const {
  return context_->last_code == RD_KAFKA_RESP_ERR__SSL &&
         SystemClock{}.Now() - context_->last_time < kFreshFor;
}

std::string Name(const std::string& topic, Partition partition) {
  return topic + " [" + std::to_string(partition) + "]";
}

}  // namespace semel::kafka
