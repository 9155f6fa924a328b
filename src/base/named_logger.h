// One of several that log to the same place.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace semel {

/// Passes everything on with `pipeline=name` before the other fields.
class NamedLogger final : public Logger {
 public:
  /// `log` outlives it.
  NamedLogger(Logger& log, std::string name) : log_(log), name_(std::move(name)) {}

  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override {
    WriteSized<0>(level, message, fields);
  }

 private:
  static constexpr std::size_t kFieldsMax = 16;  // the rest is left out; a line has at most 9

  /// An initializer_list has its size when it is compiled.
  template <std::size_t kSize>
  void WriteSized(LogLevel level, std::string_view message,
                  std::initializer_list<LogField> fields) {
    if constexpr (kSize < kFieldsMax)
      if (fields.size() > kSize) return WriteSized<kSize + 1>(level, message, fields);
    Pass(level, message, fields, std::make_index_sequence<kSize>());
  }

  template <std::size_t... kAt>
  void Pass(LogLevel level, std::string_view message, std::initializer_list<LogField> fields,
            std::index_sequence<kAt...> /*all*/) {
    log_.Write(level, message, {{"pipeline", name_}, fields.begin()[kAt]...});
  }

  Logger& log_;
  const std::string name_;
};

}  // namespace semel
