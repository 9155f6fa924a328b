#include "ingest/transport.h"

#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "base/core_dumps.h"

namespace semel::ingest {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(tcp::socket socket) : socket_(std::move(socket)) {}

  void Handshake(Done done) override { done({}); }
  void Read(net::mutable_buffer buffer, Moved done) override {
    socket_.async_read_some(buffer, std::move(done));
  }
  void Write(net::const_buffer buffer, Moved done) override {
    net::async_write(socket_, buffer, std::move(done));
  }
  void EndWriting(Done done) override {
    error_code error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
    done(error);
  }
  void Close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(tcp::socket socket, net::ssl::context& context)
      : stream_(std::move(socket), context) {}

  void Handshake(Done done) override {
    stream_.async_handshake(net::ssl::stream_base::server, std::move(done));
  }
  void Read(net::mutable_buffer buffer, Moved done) override {
    if (ended_) return stream_.next_layer().async_read_some(buffer, std::move(done));
    stream_.async_read_some(buffer, std::move(done));
  }
  void Write(net::const_buffer buffer, Moved done) override {
    net::async_write(stream_, buffer, std::move(done));
  }
  // Fails where the client still sends. What it sends is then dropped as it comes.
  void EndWriting(Done done) override {
    stream_.async_shutdown([this, done = std::move(done)](error_code /*either way*/) {
      error_code error;
      stream_.next_layer().shutdown(tcp::socket::shutdown_send, error);
      ended_ = true;
      done(error);
    });
  }
  void Close() override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  net::ssl::stream<tcp::socket> stream_;
  bool ended_ = false;
};

Error Bad(const std::string& flag, const std::string& file, const error_code& error) {
  return {Action::kFix, flag + " " + file + ": " + error.message()};
}

}  // namespace

Result<std::shared_ptr<net::ssl::context>> OpenTls(const TlsFiles& files) {
  auto context = std::make_shared<net::ssl::context>(net::ssl::context::tls_server);
  error_code error;
  context->set_options(net::ssl::context::default_workarounds | net::ssl::context::no_sslv2 |
                           net::ssl::context::no_sslv3 | net::ssl::context::no_tlsv1 |
                           net::ssl::context::no_tlsv1_1,
                       error);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
  context->use_certificate_chain_file(files.certificate, error);
  if (error) return Bad("--tls-certificate", files.certificate, error);
  EndCoreDumps();
  context->use_private_key_file(files.key, net::ssl::context::pem, error);
  if (error) return Bad("--tls-key", files.key, error);
  if (files.client_ca.empty()) return context;
  context->load_verify_file(files.client_ca, error);
  if (error) return Bad("--tls-client-ca", files.client_ca, error);
  // Without it OpenSSL ends the handshake of a client that resumes a session.
  const std::string_view id = "semel";
  SSL_CTX_set_session_id_context(context->native_handle(),
                                 reinterpret_cast<const unsigned char*>(id.data()),
                                 static_cast<unsigned>(id.size()));
  context->set_verify_mode(net::ssl::verify_peer | net::ssl::verify_fail_if_no_peer_cert);
  return context;
}

std::unique_ptr<Transport> MakeTransport(tcp::socket socket, const LiveTls::Context& tls) {
  if (tls == nullptr) return std::make_unique<PlainTransport>(std::move(socket));
  return std::make_unique<TlsTransport>(std::move(socket), *tls);
}

}  // namespace semel::ingest
