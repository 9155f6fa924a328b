#include "ingest/connection.h"

#include <cstring>
#include <utility>

namespace semel::ingest {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds kWriteTime{10'000};
constexpr milliseconds kEndTime{1'000};
constexpr std::size_t kKeptBytes = std::size_t{16} << 10U;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(Worker& worker, std::unique_ptr<Transport> transport, Welcome welcome)
    : worker_(worker),
      transport_(std::move(transport)),
      welcome_(welcome),
      buffer_(std::make_unique<char[]>(worker.service().limits.header_bytes)),
      share_(worker.service().budget),
      events_(worker.service(), [this] { worker_.Ready(*this); }) {
  worker_.Add(*this);
}

Connection::~Connection() {
  if (counted_) worker_.counters().in_flight.fetch_sub(1, std::memory_order_relaxed);
  Counters& counters = worker_.counters();
  (welcome_ == Welcome::kServed ? counters.connections : counters.turning_away)
      .fetch_sub(1, std::memory_order_relaxed);
  worker_.Remove(*this);
}

void Connection::Enter(Phase phase) {
  phase_ = phase;
  since_ = Worker::SteadyClock::now();
}

void Connection::Begin() {
  if (welcome_ == Welcome::kTurnedAway) {
    close_after_ = true;
    return Refuse({503, "too many connections"});
  }
  Enter(Phase::kHandshake);
  transport_->Handshake([self = shared_from_this()](error_code error) {
    if (error) return self->Close();
    self->Enter(Phase::kIdle);
    self->Read();
  });
}

void Connection::Read() {
  if (std::exchange(reading_, true)) return;
  const std::size_t size = worker_.service().limits.header_bytes - filled_;
  transport_->Read(net::buffer(buffer_.get() + filled_, size),
                   [self = shared_from_this()](error_code error, std::size_t read) {
                     self->reading_ = false;
                     self->OnRead(error, read);
                   });
}

void Connection::OnRead(error_code error, std::size_t size) {
  if (error || phase_ == Phase::kClosed) return Close();
  if (phase_ == Phase::kEnding) return Read();
  // A deadline was passed while this was on its way: the answer to that is being written.
  if (phase_ == Phase::kWriting) return;
  filled_ += size;
  Go();
}

/// Does what can be done with the bytes that are there.
void Connection::Go() {
  if (phase_ == Phase::kIdle && filled_ > 0) BeginRequest();
  if (phase_ == Phase::kHead && !ReadHead()) return;
  if (phase_ == Phase::kBody && !ReadBody()) return;
  if (phase_ == Phase::kIdle || phase_ == Phase::kHead || phase_ == Phase::kBody) Read();
}

/// From its first byte on the end of the process waits for it.
void Connection::BeginRequest() {
  Enter(Phase::kHead);
  worker_.counters().in_flight.fetch_add(1, std::memory_order_relaxed);
  counted_ = true;
}

/// False: an answer is under way.
bool Connection::ReadHead() {
  const Limits& limits = worker_.service().limits;
  const HeadEnd end = FindHeadEnd({buffer_.get(), filled_}, scanned_);
  if (end.wrong == nullptr && end.size == 0 && filled_ < limits.header_bytes) return true;
  reader_.emplace(limits, head_, body_, share_);
  close_after_ = true;  // until the whole request was read
  if (end.wrong != nullptr)
    return Refuse({400, std::string("not a valid HTTP request: ") + end.wrong}), false;
  if (end.size == 0) return Refuse({431, "the header is too large"}), false;
  if (auto refused = reader_->ReadHead({buffer_.get(), end.size})) return Refuse(*refused), false;
  filled_ -= end.size;
  std::memmove(buffer_.get(), buffer_.get() + end.size, filled_);
  request_began_ = Worker::SteadyClock::now();
  auto answer = RouteHead(worker_.service(), head_, route_);
  if (answer || !head_.has_body()) {
    close_after_ = head_.has_body() || !head_.keep_alive;
    if (answer) return Respond(*std::move(answer)), false;
    return StartEvents(), false;
  }
  Enter(Phase::kBody);
  body_read_ = 0;
  if (head_.expects_continue && filled_ == 0) return Continue100(), false;
  return true;
}

void Connection::Continue100() {
  continuing_ = true;
  transport_->Write(net::buffer(kContinue.data(), kContinue.size()),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      self->continuing_ = false;
                      if (error) return self->Close();
                      if (self->phase_ == Phase::kBody) self->Read();
                    });
}

/// False: the request is whole, or an answer is under way.
bool Connection::ReadBody() {
  std::size_t used = 0;
  if (auto refused = reader_->ReadBody({buffer_.get(), filled_}, used))
    return Refuse(*refused), false;
  filled_ -= used;
  body_read_ = body_.size();  // what chunks say about themselves earns no time
  std::memmove(buffer_.get(), buffer_.get() + used, filled_);
  if (!reader_->done()) {
    if (filled_ < worker_.service().limits.header_bytes) return true;
    return Refuse({400, "a chunk's line, or the trailer, is too large"}), false;
  }
  close_after_ = !head_.keep_alive;
  worker_.counters().bytes.fetch_add(body_.size(), std::memory_order_relaxed);
  return StartEvents(), false;
}

void Connection::StartEvents() {
  Enter(Phase::kEvents);
  kept_ = shared_from_this();  // before anybody may call Advance
  auto answer = events_.Start(route_, head_, body_, share_, worker_.desk());
  if (!answer) return;
  kept_.reset();
  Respond(*std::move(answer));
}

void Connection::Advance() {
  auto answer = events_.Advance(worker_.desk());
  if (!answer) return;
  const auto self = std::exchange(kept_, nullptr);
  if (phase_ == Phase::kEvents) Respond(*std::move(answer));
}

void Connection::Refuse(const Refusal& refusal) { Respond(Refused(refusal)); }

void Connection::Respond(Answer answer) {
  Service& service = worker_.service();
  Counters& counters = worker_.counters();
  counters.requests[static_cast<std::size_t>(answer.status)].fetch_add(1,
                                                                       std::memory_order_relaxed);
  if (request_began_) counters.AddDuration(Worker::SteadyClock::now() - *request_began_);
  if (service.draining) close_after_ = true;
  AnswerFrame frame;
  frame.keep_alive = !close_after_;
  frame.head_only = head_.method == boost::beast::http::verb::head;
  frame.vary_origin = !service.cors_origins.empty();
  frame.allowed_origin = AllowedOrigin(service, head_.origin);
  frame.date = worker_.date();
  ingest::Write(answer, frame, out_);
  Enter(Phase::kWriting);
  transport_->Write(net::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    self->OnWritten(error);
  });
}

void Connection::OnWritten(error_code error) {
  if (error || phase_ == Phase::kClosed) return Close();
  if (std::exchange(counted_, false))
    worker_.counters().in_flight.fetch_sub(1, std::memory_order_relaxed);
  if (close_after_) return End();
  NextRequest();
}

void Connection::NextRequest() {
  reader_.reset();
  request_began_.reset();
  scanned_ = 0;
  if (body_.capacity() > kKeptBytes) std::string().swap(body_);
  if (out_.capacity() > kKeptBytes) std::string().swap(out_);
  events_.Shrink();
  share_.Reset();
  Enter(Phase::kIdle);
  if (filled_ == 0 && worker_.service().draining) return End();
  Go();
}

// Closed with bytes unread, a socket is reset, and the client may lose the answer.
void Connection::End() {
  Enter(Phase::kEnding);
  transport_->EndWriting([self = shared_from_this()](error_code error) {
    if (error) return self->Close();
    self->filled_ = 0;
    self->Read();
  });
}

void Connection::Close() {
  phase_ = Phase::kClosed;
  transport_->Close();
}

void Connection::CheckDeadline(Time now) {
  const Limits& limits = worker_.service().limits;
  const auto passed = now - since_;
  switch (phase_) {
    case Phase::kHandshake:
      if (passed > limits.header_time) Close();
      return;
    case Phase::kIdle:
      if (passed > limits.idle_time) End();
      return;
    case Phase::kHead:
      if (passed <= limits.header_time) return;
      reader_.emplace(limits, head_, body_, share_);  // forgets what the last request was like
      close_after_ = true;
      return Refuse({408, "the header did not come in time"});
    case Phase::kBody:
      if (passed <= limits.body_grace + std::chrono::seconds(body_read_ / limits.body_rate)) return;
      if (continuing_) return Close();  // it does not even read
      return Refuse({408, "the body comes too slowly"});
    case Phase::kWriting:
      if (passed > kWriteTime) Close();
      return;
    case Phase::kEnding:
      if (passed > kEndTime) Close();
      return;
    case Phase::kEvents:
    case Phase::kClosed:
      return;
  }
}

void Connection::CloseIfIdle() {
  if (phase_ == Phase::kIdle) End();
}

}  // namespace semel::ingest
