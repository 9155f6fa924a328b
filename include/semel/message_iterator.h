// What a range-for over a consumer goes through.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "semel/message.h"

namespace semel {

/// Threads: the consumer's.
class MessageIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Message;
  using difference_type = std::ptrdiff_t;
  using pointer = const Message*;
  using reference = const Message&;
  /// Empty at the end.
  using NextFunction = std::function<std::optional<Message>()>;

  explicit MessageIterator(NextFunction next) : next_(std::move(next)) { ++*this; }
  const Message& operator*() const { return *message_; }
  const Message* operator->() const { return &*message_; }
  MessageIterator& operator++() {
    message_.reset();  // before the next one is fetched: its memory can go
    message_ = next_();
    return *this;
  }
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t /*end*/) const { return !message_.has_value(); }

 private:
  NextFunction next_;
  std::optional<Message> message_{};
};

}  // namespace semel
