#include "client/topic_handles.h"

namespace semel {

rd_kafka_topic_t* TopicHandles::Of(std::string_view name) {
  const Handles::value_type* last = last_.load(std::memory_order_acquire);
  if (last != nullptr && last->first == name) return last->second.get();
  const std::lock_guard lock(mutex_);
  auto found = handles_.find(name);
  if (found == handles_.end()) {
    std::string owned(name);
    kafka::TopicPtr handle(rd_kafka_topic_new(producer_, owned.c_str(), nullptr));
    if (handle == nullptr) return nullptr;
    found = handles_.emplace(std::move(owned), std::move(handle)).first;
  }
  last_.store(&*found, std::memory_order_release);
  return found->second.get();
}

}  // namespace semel
