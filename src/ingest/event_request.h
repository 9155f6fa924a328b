// The events of one request: read, asked for, sent, answered.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/answer.h"
#include "ingest/body_split.h"
#include "ingest/counters.h"
#include "ingest/decompressor.h"
#include "ingest/event_batch.h"
#include "ingest/event_reader.h"
#include "ingest/routes.h"
#include "ingest/service.h"

namespace semel::ingest {

/// What the requests of one thread use one after the other.
struct Desk {
  std::vector<EventReader> readers;  ///< one for each endpoint
  Decompressor decompressor;
  Counters& counters;
  Split split{};
};

/// One at a time; used again for the next request of the same connection.
class EventRequest {
 public:
  /// `on_ready` is called on any thread when Advance is due.
  EventRequest(Service& service, std::function<void()> on_ready);

  /// Returns the answer when nothing has to be waited for. `body` stays until the answer.
  std::optional<Answer> Start(const Route& route, const RequestHead& head, std::string_view body,
                              ByteShare& share, Desk& desk);

  /// Goes on, on the thread that started it. Returns the answer when it is there.
  std::optional<Answer> Advance(Desk& desk);

  /// Gives memory back that is more than a small request needs.
  void Shrink();

 private:
  enum class Stage : std::uint8_t { kAsking, kSending };

  std::optional<Answer> Read(const RequestHead& head, std::string_view body, ByteShare& share,
                             Desk& desk);
  void Judge(EventReader& reader, const Split& split);
  std::optional<Answer> Ask(Desk& desk);
  void Asked();
  std::optional<Answer> Send(Desk& desk);
  void SendOne(std::size_t index, int bits);
  Answer Finish(Counters& counters);
  void Remember();
  Answer SingleAnswer() const;
  Answer BatchAnswer() const;

  struct Rejection {
    std::size_t event;
    std::string reason;
    bool too_large = false;
  };

  Service& service_;
  const std::function<void()> on_ready_;
  Route route_{};
  Stage stage_ = Stage::kAsking;
  bool is_batch_ = false;
  EventBatch batch_;
  std::string decompressed_;
  std::atomic<bool> asked_ = false;  ///< by whichever of Ask and its answer comes first
  std::unique_ptr<bool[]> known_;    ///< by fingerprint
  std::size_t known_size_ = 0;
  std::vector<Rejection> rejections_;
  std::array<std::size_t, 4> counts_{};  ///< by EventResult
};

}  // namespace semel::ingest
