// One client: its requests one after the other, each with its deadlines.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ingest/byte_budget.h"
#include "ingest/event_request.h"
#include "ingest/request_reader.h"
#include "ingest/routes.h"
#include "ingest/transport.h"
#include "ingest/worker.h"

namespace semel::ingest {

/// Lives as long as an operation of it is pending, or Kafka has its events. Threads: its worker's.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Time = Worker::SteadyClock::time_point;

  Connection(Worker& worker, std::unique_ptr<Transport> transport, Welcome welcome);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  void Begin();
  /// Its events were answered.
  void Advance();
  void CheckDeadline(Time now);
  void CloseIfIdle();
  /// Its worker has ended, and nobody will answer its events.
  void LetGo() { kept_.reset(); }

 private:
  enum class Phase : std::uint8_t {
    kHandshake,
    kIdle,  ///< no byte of a request is there
    kHead,
    kBody,
    kEvents,  ///< Kafka has them
    kWriting,
    kEnding,  ///< reads what still comes, so that the client gets to read the last answer
    kClosed,
  };

  void Enter(Phase phase);
  void Read();
  void OnRead(boost::system::error_code error, std::size_t size);
  void Go();
  void BeginRequest();
  bool ReadHead();
  bool ReadBody();
  void StartEvents();
  void Continue100();
  void Respond(Answer answer);
  void Refuse(const Refusal& refusal);
  void OnWritten(boost::system::error_code error);
  void NextRequest();
  void End();
  void Close();

  Worker& worker_;
  std::unique_ptr<Transport> transport_;
  const Welcome welcome_;
  Phase phase_ = Phase::kHandshake;
  Time since_;                         ///< of the phase
  std::optional<Time> request_began_;  ///< its head was read
  std::size_t body_read_ = 0;          ///< bytes of the body so far

  std::unique_ptr<char[]> buffer_;
  std::size_t filled_ = 0;
  std::size_t scanned_ = 0;  ///< by FindHeadEnd
  bool reading_ = false;

  RequestHead head_;
  std::optional<RequestReader> reader_;
  std::string body_;
  ByteShare share_;
  Route route_{};
  EventRequest events_;
  std::shared_ptr<Connection> kept_;  ///< itself, while Kafka has its events
  bool close_after_ = false;
  bool continuing_ = false;  ///< "100 Continue" is being written
  bool counted_ = false;     ///< in Counters::in_flight
  std::string out_;
};

}  // namespace semel::ingest
