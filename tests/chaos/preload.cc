// Preloaded into a worker of the chaos test: network and disk go wrong when the nemesis says so, in
// a file that both have mapped (SEMEL_CHAOS_CONTROL).
//
// The clock is libfaketime's business, but for one call that it does not know.
//
// Connections are those that the process opened itself. Only librdkafka's way to use them is
// covered: sendmsg, send, recvmsg, recv on sockets that do not block. The disk is regular files.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

// control.py writes it.
struct Control {
  std::atomic<std::uint32_t> cuts;      // each increment cuts every connection
  std::atomic<std::uint32_t> hold_in;   // 1: nothing arrives
  std::atomic<std::uint32_t> hold_out;  // 1: nothing leaves
  std::atomic<std::uint32_t> disk_delay_ms;
  std::atomic<std::uint32_t> disk_full;  // 1: no byte can be written
};

Control& Mapped() {
  static Control none{};
  static Control* const mapped = [] {
    const char* const path = std::getenv("SEMEL_CHAOS_CONTROL");
    const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return &none;
    void* const at = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    return at == MAP_FAILED ? &none : static_cast<Control*>(at);
  }();
  return *mapped;
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

constexpr useconds_t kHoldUs = 20'000;  // how often a held call is tried again

// By descriptor: 0 is none of ours, else 1 + the cuts there had been when it was opened.
std::array<std::atomic<std::uint32_t>, 4096> opened_after;

std::atomic<std::uint32_t>* Connection(int descriptor) {
  if (descriptor < 0 || static_cast<std::size_t>(descriptor) >= opened_after.size()) return nullptr;
  auto& found = opened_after[static_cast<std::size_t>(descriptor)];
  return found == 0 ? nullptr : &found;
}

// True when the call must fail; errno says how.
bool Disturbed(int descriptor, const std::atomic<std::uint32_t>& hold) {
  std::atomic<std::uint32_t>* const connection = Connection(descriptor);
  if (connection == nullptr) return false;
  if (*connection != Mapped().cuts + 1) {
    ::shutdown(descriptor, SHUT_RDWR);
    errno = ECONNRESET;
    return true;
  }
  if (hold == 0) return false;
  ::usleep(kHoldUs);  // poll() says at once that there is something to do
  errno = EAGAIN;
  return true;
}

bool IsFile(int descriptor) {
  struct stat status {};
  return descriptor > STDERR_FILENO && ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

void Dawdle(int descriptor) {
  const std::uint32_t delay = Mapped().disk_delay_ms;
  if (delay != 0 && IsFile(descriptor)) ::usleep(delay * 1000);
}

constexpr long kNsPerSecond = 1'000'000'000;

// The kernel keeps the right time, and so must be told a deadline in it.
timespec InRightTime(const timespec& shifted) {
  timespec told{};
  timespec right{};
  ::clock_gettime(CLOCK_REALTIME, &told);
  ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &right);
  timespec found{.tv_sec = shifted.tv_sec - told.tv_sec + right.tv_sec,
                 .tv_nsec = shifted.tv_nsec - told.tv_nsec + right.tv_nsec};
  for (; found.tv_nsec < 0; found.tv_nsec += kNsPerSecond) --found.tv_sec;
  for (; found.tv_nsec >= kNsPerSecond; found.tv_nsec -= kNsPerSecond) ++found.tv_sec;
  return found;
}

}  // namespace

extern "C" {

// librdkafka waits with it: without this, a clock that is behind ends each wait at once.
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* deadline) {
  static auto* const next = Next<decltype(cnd_timedwait)>("cnd_timedwait");
  const timespec right = InRightTime(*deadline);
  return next(condition, mutex, &right);
}

int connect(int descriptor, const sockaddr* address, socklen_t size) {
  static auto* const next = Next<decltype(connect)>("connect");
  const bool internet = address->sa_family == AF_INET || address->sa_family == AF_INET6;
  if (internet && descriptor >= 0 && static_cast<std::size_t>(descriptor) < opened_after.size())
    opened_after[static_cast<std::size_t>(descriptor)] = Mapped().cuts + 1;
  return next(descriptor, address, size);
}

int close(int descriptor) {
  static auto* const next = Next<decltype(close)>("close");
  if (auto* const connection = Connection(descriptor)) *connection = 0;
  return next(descriptor);
}

ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
  static auto* const next = Next<decltype(sendmsg)>("sendmsg");
  return Disturbed(descriptor, Mapped().hold_out) ? -1 : next(descriptor, message, flags);
}

ssize_t send(int descriptor, const void* bytes, size_t size, int flags) {
  static auto* const next = Next<decltype(send)>("send");
  return Disturbed(descriptor, Mapped().hold_out) ? -1 : next(descriptor, bytes, size, flags);
}

ssize_t recvmsg(int descriptor, msghdr* message, int flags) {
  static auto* const next = Next<decltype(recvmsg)>("recvmsg");
  return Disturbed(descriptor, Mapped().hold_in) ? -1 : next(descriptor, message, flags);
}

ssize_t recv(int descriptor, void* bytes, size_t size, int flags) {
  static auto* const next = Next<decltype(recv)>("recv");
  return Disturbed(descriptor, Mapped().hold_in) ? -1 : next(descriptor, bytes, size, flags);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static auto* const next = Next<decltype(write)>("write");
  if (Mapped().disk_full != 0 && IsFile(descriptor)) {
    errno = ENOSPC;
    return -1;
  }
  Dawdle(descriptor);
  return next(descriptor, bytes, size);
}

int fsync(int descriptor) {
  static auto* const next = Next<decltype(fsync)>("fsync");
  Dawdle(descriptor);
  return next(descriptor);
}

}  // extern "C"
