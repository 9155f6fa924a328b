#include "base/named_logger.h"

#include <gmock/gmock.h>

#include <vector>

namespace semel {
namespace {

using testing::ElementsAre;

class Fields final : public Logger {
 public:
  void Write(LogLevel /*level*/, std::string_view message,
             std::initializer_list<LogField> fields) override {
    all.emplace_back(message);
    for (const LogField& field : fields) all.push_back(std::string(field.name) + "=" + field.value);
  }
  std::vector<std::string> all;
};

TEST(NamedLogger, PutsTheNameBeforeTheOtherFields) {
  Fields log;
  NamedLogger named(log, "once");
  named.Info("started");
  named.Info("assigned", {{"topic", "orders"}, {"partition", "1"}});
  EXPECT_THAT(log.all, ElementsAre("started", "pipeline=once", "assigned", "pipeline=once",
                                   "topic=orders", "partition=1"));
}

}  // namespace
}  // namespace semel
