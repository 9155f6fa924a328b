// A TCP address to listen on.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "semel/result.h"

namespace semel::metrics {

/// Errors: kFix, where `address` is not written as OpenListener takes it. Asks nobody.
Result<void> CheckAddress(const std::string& address);

/// `address`: HOST:PORT, [IPV6]:PORT or :PORT (all interfaces); port 0 takes a free one.
/// Errors: kFix, when the address cannot be read, resolved or bound.
Result<boost::asio::ip::tcp::acceptor> OpenListener(boost::asio::io_context& io,
                                                    const std::string& address);

}  // namespace semel::metrics
