// A text that may be replaced while it is in use, as a secret is when it is read again.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace semel {

/// Copies share the text: what one of them sets, all get. Threads: any, at once.
class LiveText {
 public:
  LiveText(std::string text = {})  // NOLINT: stands where a text does
      : cell_(std::make_shared<Cell>(std::move(text))) {}
  LiveText(const char* text) : LiveText(std::string(text)) {}  // NOLINT: the same

  std::string Get() const {
    const std::lock_guard lock(cell_->mutex);
    return cell_->text;
  }

  /// True when it was another one.
  bool Set(std::string text) const {
    const std::lock_guard lock(cell_->mutex);
    std::swap(cell_->text, text);
    return cell_->text != text;
  }

  bool empty() const { return Get().empty(); }

 private:
  struct Cell {
    explicit Cell(std::string first) : text(std::move(first)) {}
    std::mutex mutex;
    std::string text;
  };
  std::shared_ptr<Cell> cell_;
};

}  // namespace semel
