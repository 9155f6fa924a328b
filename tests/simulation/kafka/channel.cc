#include "channel.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace semel::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kBackoffMin{100};
constexpr milliseconds kBackoffMax{1000};

struct Ill {
  bool cut = false;     // the client loses the connection
  bool lost = false;    // the request never arrives
  bool silent = false;  // the answer never arrives
  Duration delay{};     // of the request; those behind it wait too
  Duration adrift{};    // the request arrives after that, whatever became of its connection
};

Duration Between(prove::Random& random, Duration low, Duration high) {
  const auto width = static_cast<std::uint64_t>((high - low).count());
  return low + Duration(static_cast<Duration::rep>(random.Below(width + 1)));
}

Ill Ask(FaultPlan& faults, const std::string& site) {
  auto fault = faults.Ask(
      site,
      {{"delay", 0.01}, {"request_lost", 0.004}, {"answer_lost", 0.004}, {"request_held", 0.004}});
  Ill ill;
  if (!fault) return ill;
  if (fault->kind == "delay") {
    // Mostly short; now and then longer than any time-out.
    const bool long_one = fault->details.Below(5) == 0;
    ill.delay = Between(fault->details, milliseconds(20), milliseconds(long_one ? 15'000 : 1'500));
    return ill;
  }
  ill.cut = true;
  if (fault->kind == "request_lost") {
    ill.lost = true;
  } else if (fault->kind == "answer_lost") {
    ill.silent = true;
  } else {
    ill.adrift = Between(fault->details, milliseconds(5), milliseconds(8'000));
  }
  return ill;
}

}  // namespace

Channel::Channel(NetworkParts parts, Process& process, std::string name)
    : parts_(parts), process_(process), name_(std::move(name)), random_(parts.faults.Draw(name_)) {}

Channel::~Channel() {
  if (wire_) wire_->open = false;
}

void Channel::SetBroker(BrokerId broker) {
  if (broker == broker_) return;
  broker_ = broker;
  if (wire_) Break(wire_);
  backoff_ = {};
  not_before_ = {};
  if (!pending_.empty()) Connect();
}

void Channel::Send(Request request) {
  if (!process_.alive()) return;
  const std::uint64_t id = next_++;
  Pending& pending =
      pending_.emplace(id, Pending{std::move(request), parts_.scheduler.Now(), nullptr})
          .first->second;
  pending.deadline += pending.request.timeout;
  WatchDeadlines();
  if (wire_)
    Transmit(id, pending);
  else
    Connect();
}

void Channel::Connect() {
  if (connecting_ || broker_ == kNoBroker) return;
  connecting_ = true;
  const Time now = parts_.scheduler.Now();
  const Time begins = std::max(now, not_before_);
  const Time done = begins + microseconds(200 + random_.Below(800));
  parts_.scheduler.At(done, process_, [weak = weak_from_this(), begins] {
    const auto self = weak.lock();
    if (!self) return;
    self->connecting_ = false;
    if (self->pending_.empty()) return;
    // The wait counts from one attempt to the next (rd_kafka_broker_update_reconnect_backoff), not
    // from a request: those that give up before it is over find a connection in the end.
    self->backoff_ = std::clamp<Duration>(self->backoff_ * 2, kBackoffMin, kBackoffMax);
    self->not_before_ = begins + self->backoff_;
    if (!self->parts_.brokers.Up(self->broker_)) return self->Connect();
    self->wire_ = std::make_shared<Wire>();
    self->wire_->broker = self->broker_;
    self->wire_->channel = self;
    self->parts_.brokers.Opened(self->wire_);
    self->Connected();
  });
}

void Channel::Connected() {
  for (auto& [id, pending] : pending_) {
    if (!pending.wire) Transmit(id, pending);
  }
}

void Channel::Transmit(std::uint64_t id, Pending& pending) {
  std::string& site = sites_[pending.request.api];
  if (site.empty()) site = name_ + "." + pending.request.api;
  const Ill ill = Ask(parts_.faults, site);
  const std::shared_ptr<Wire> wire = pending.wire = wire_;
  if (when_sent) when_sent(pending.request.api);
  Scheduler& scheduler = parts_.scheduler;
  const Time arrives =
      std::max(wire->last_up, scheduler.Now() + microseconds(100 + random_.Below(700)) + ill.delay);
  if (ill.cut) {
    const Time cut = arrives + Between(random_, microseconds(500), milliseconds(100));
    scheduler.At(cut, [wire] { Sever(wire); });
    // What comes behind it over this connection is lost as well.
    wire->last_up = cut + milliseconds(1);
  } else {
    wire->last_up = arrives;
  }
  if (ill.lost) return;
  Brokers* const brokers = &parts_.brokers;
  const auto& serve = pending.request.serve;
  if (ill.adrift > Duration::zero()) {
    scheduler.At(arrives + ill.adrift, [brokers, serve, broker = wire->broker] {
      if (!brokers->Up(broker)) return;
      brokers->WhenRunning(broker, [serve, broker] { serve(broker, [](const auto&) {}); });
    });
    return;
  }
  const bool silent = ill.silent;
  auto work = [wire, id, serve, &scheduler, silent, weak = weak_from_this()] {
    serve(wire->broker, [wire, id, &scheduler, silent, weak](std::function<void()> deliver) {
      wire->busy = false;
      if (!wire->waiting.empty()) {
        wire->busy = true;
        scheduler.After(Duration::zero(), [wire] {
          if (wire->waiting.empty()) return;
          auto next = std::move(wire->waiting.front());
          wire->waiting.pop_front();
          next();
        });
      }
      const auto self = weak.lock();
      if (!self || !wire->open || silent) return;
      const Time there =
          std::max(wire->last_down, scheduler.Now() + microseconds(100 + self->random_.Below(700)));
      wire->last_down = there;
      scheduler.At(there, self->process_, [wire, id, weak, deliver = std::move(deliver)] {
        if (const auto receiver = weak.lock()) receiver->Answered(wire, id, deliver);
      });
    });
  };
  scheduler.At(arrives, [brokers, wire, work = std::move(work)] {
    if (wire->severed || !brokers->Up(wire->broker)) return;
    brokers->WhenRunning(wire->broker, [wire, work] {
      if (wire->busy) {
        wire->waiting.push_back(work);
        return;
      }
      wire->busy = true;
      work();
    });
  });
}

void Channel::Answered(const std::shared_ptr<Wire>& wire, std::uint64_t id,
                       const std::function<void()>& deliver) {
  if (!wire->open) return;
  const auto node = pending_.extract(id);
  if (node.empty()) return;
  backoff_ = {};
  not_before_ = {};
  if (when_answered) when_answered(node.mapped().request.api);
  const auto self = shared_from_this();
  deliver();
}

void Channel::Sever(const std::shared_ptr<Wire>& wire) {
  wire->severed = true;
  wire->waiting.clear();
  if (const auto channel = wire->channel.lock()) channel->Break(wire);
}

void Channel::Break(const std::shared_ptr<Wire>& wire) {
  if (!wire->open) return;
  wire->open = false;
  if (wire_ == wire) wire_.reset();
  if (!process_.alive()) return;
  // A paused client hears of it later.
  parts_.scheduler.At(parts_.scheduler.Now(), process_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->FailUnanswered();
  });
}

/// Those that were sent over a connection that ended; the others wait for the next one.
void Channel::FailUnanswered() {
  const auto self = shared_from_this();
  std::vector<std::function<void(ErrorCode)>> calls;
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto each = next++;
    if (!each->second.wire || each->second.wire->open) continue;
    calls.push_back(std::move(each->second.request.failed));
    pending_.erase(each);
  }
  if (!pending_.empty()) Connect();
  for (const auto& call : calls) call(RD_KAFKA_RESP_ERR__TRANSPORT);
}

void Channel::WatchDeadlines() {
  Time first = Time::max();
  for (const auto& [id, pending] : pending_) first = std::min(first, pending.deadline);
  if (first >= watched_until_) return;
  watched_until_ = first;
  parts_.scheduler.At(first, process_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->CheckDeadlines();
  });
}

/// A request that is not answered in time ends its connection, as in librdkafka.
void Channel::CheckDeadlines() {
  const auto self = shared_from_this();
  watched_until_ = Time::max();
  const Time now = parts_.scheduler.Now();
  std::vector<std::function<void(ErrorCode)>> calls;
  bool sent = false;
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto each = next++;
    if (each->second.deadline > now) continue;
    sent |= each->second.wire != nullptr;
    calls.push_back(std::move(each->second.request.failed));
    pending_.erase(each);
  }
  if (sent && wire_) Break(wire_);
  if (!pending_.empty()) WatchDeadlines();
  for (const auto& call : calls) call(RD_KAFKA_RESP_ERR__TIMED_OUT);
}

}  // namespace semel::simulation
