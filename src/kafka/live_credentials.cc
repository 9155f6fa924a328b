#include "kafka/live_credentials.h"

#include <utility>

namespace semel::kafka {

LiveCredentials::Subscription LiveCredentials::Listen(Listener listener) const {
  const std::lock_guard lock(cell_->mutex);
  if (cell_->newer) listener(*cell_->newer);
  return {cell_, cell_->listeners.insert(cell_->listeners.end(), std::move(listener))};
}

void LiveCredentials::Set(const Credentials& credentials) const {
  const std::lock_guard lock(cell_->mutex);
  cell_->newer = credentials;
  for (const Listener& listener : cell_->listeners) listener(credentials);
}

std::optional<Credentials> LiveCredentials::Newer() const {
  const std::lock_guard lock(cell_->mutex);
  return cell_->newer;
}

void LiveCredentials::Subscription::End() {
  if (cell_ == nullptr) return;
  const std::shared_ptr<Cell> cell = std::move(cell_);  // goes after the lock
  const std::lock_guard lock(cell->mutex);
  cell->listeners.erase(at_);
}

}  // namespace semel::kafka
