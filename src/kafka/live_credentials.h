// User and password of SASL that may be replaced while clients are connected with them.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace semel::kafka {

struct Credentials {
  std::string username;
  std::string password;
};

/// Copies share them: what is set at one of them, all clients get that were made from any.
/// Threads: any, at once.
class LiveCredentials {
 public:
  /// Called for each change, on the thread that makes it; for one that was before, at once.
  using Listener = std::function<void(const Credentials&)>;

  /// Once it is gone its listener is not called, and is in no call.
  class Subscription;

  LiveCredentials() : cell_(std::make_shared<Cell>()) {}

  [[nodiscard]] Subscription Listen(Listener listener) const;
  void Set(const Credentials& credentials) const;

  /// None while those that the properties named are good.
  std::optional<Credentials> Newer() const;

 private:
  struct Cell {
    std::mutex mutex;
    std::optional<Credentials> newer;
    std::list<Listener> listeners;
  };
  std::shared_ptr<Cell> cell_;
};

class LiveCredentials::Subscription {
 public:
  Subscription() = default;
  Subscription(std::shared_ptr<Cell> cell, std::list<Listener>::iterator at)
      : cell_(std::move(cell)), at_(at) {}
  Subscription(Subscription&& other) noexcept : cell_(std::move(other.cell_)), at_(other.at_) {}
  Subscription& operator=(Subscription&& other) noexcept {
    std::swap(cell_, other.cell_);
    std::swap(at_, other.at_);
    return *this;
  }
  ~Subscription() { End(); }

  void End();

 private:
  std::shared_ptr<Cell> cell_;
  std::list<Listener>::iterator at_;
};

}  // namespace semel::kafka
