#include "metrics/listener.h"

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <utility>

#include "base/number.h"

namespace semel::metrics {
namespace {

namespace net = boost::asio;
using net::ip::tcp;

Error Bad(const std::string& address, const std::string& why) {
  return {Action::kFix, "address '" + address + "' " + why};
}

std::string PortOf(const std::string& address) {
  const auto colon = address.rfind(':');
  return colon == std::string::npos ? "" : address.substr(colon + 1);
}

}  // namespace

Result<void> CheckAddress(const std::string& address) {
  // The resolver would take 70000 for 4464.
  if (!ParseNumber<std::uint16_t>(PortOf(address)))
    return Bad(address, "is not HOST:PORT or :PORT");
  return {};
}

Result<tcp::acceptor> OpenListener(net::io_context& io, const std::string& address) {
  SEMEL_TRY(CheckAddress(address));
  const std::string port = PortOf(address);
  std::string host = address.substr(0, address.size() - port.size() - 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);

  boost::system::error_code error;
  const auto found = tcp::resolver(io).resolve(
      host, port, tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return Bad(address, "cannot be resolved: " + error.message());
  const tcp::endpoint endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error) return Bad(address, "cannot be listened on: " + error.message());
  return acceptor;
}

}  // namespace semel::metrics
