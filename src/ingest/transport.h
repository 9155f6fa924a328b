// The bytes of a connection, plain or in TLS.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "semel/result.h"

namespace boost::asio::ssl {
class context;
}

namespace semel::ingest {

/// One operation of each kind at a time. Threads: its executor's.
class Transport {
 public:
  using Done = std::function<void(boost::system::error_code)>;
  using Moved = std::function<void(boost::system::error_code, std::size_t)>;

  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  virtual void Handshake(Done done) = 0;
  virtual void Read(boost::asio::mutable_buffer buffer, Moved done) = 0;
  /// All of it.
  virtual void Write(boost::asio::const_buffer buffer, Moved done) = 0;
  /// Says that nothing more is written.
  virtual void EndWriting(Done done) = 0;
  /// Ends every operation.
  virtual void Close() = 0;
};

struct TlsFiles {
  std::string certificate{};  ///< PEM, with the chain; empty: no TLS
  std::string key{};          ///< PEM
  std::string client_ca{};    ///< PEM; empty: clients need no certificate
};

/// What new connections are encrypted with. Copies share it: what one of them sets, all get.
/// Threads: any, at once.
class LiveTls {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  /// Null: plain.
  Context Get() const {
    const std::lock_guard lock(cell_->mutex);
    return cell_->context;
  }
  void Set(Context context) const {
    const std::lock_guard lock(cell_->mutex);
    cell_->context.swap(context);
  }

 private:
  struct Cell {
    std::mutex mutex;
    Context context;
  };
  std::shared_ptr<Cell> cell_ = std::make_shared<Cell>();
};

/// TLS 1.2 and above. Errors: kFix, naming the file.
Result<std::shared_ptr<boost::asio::ssl::context>> OpenTls(const TlsFiles& files);

/// `tls` null: plain.
std::unique_ptr<Transport> MakeTransport(boost::asio::ip::tcp::socket socket,
                                         const LiveTls::Context& tls);

}  // namespace semel::ingest
