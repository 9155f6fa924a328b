// One HTTP/1.1 request. Boost.Beast reads it; what Beast lets pass and should not is refused here.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/byte_budget.h"
#include "ingest/limits.h"
#include "ingest/refusal.h"

namespace semel::ingest {

/// Where the head of a request ends.
struct HeadEnd {
  std::size_t size = 0;         ///< 0: more bytes are needed
  const char* wrong = nullptr;  ///< a line ends or begins as none may
};

/// Looks for the empty line that ends a head. `scanned`: bytes that earlier calls looked at, 0 for
/// a new head. A bare LF or CR, and a line that goes on in the next one (obs-fold), are what two
/// readers of one request disagree about: they end it as soon as they are seen.
HeadEnd FindHeadEnd(std::string_view bytes, std::size_t& scanned);

enum class ContentType : std::uint8_t { kUnsaid, kJson, kNdjson, kOther };
enum class ContentEncoding : std::uint8_t { kNone, kGzip, kZstd, kOther };

/// What of a head matters here.
struct RequestHead {
  boost::beast::http::verb method = boost::beast::http::verb::unknown;
  std::string path;  ///< without the query
  std::string authorization;
  std::string origin;
  std::optional<std::uint64_t> content_length;
  ContentType content_type = ContentType::kUnsaid;
  ContentEncoding content_encoding = ContentEncoding::kNone;
  bool chunked = false;
  bool keep_alive = false;
  bool expects_continue = false;
  bool http_1_0 = false;

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

/// Reads one request; make another for the next.
class RequestReader : private boost::beast::http::basic_parser<true> {
 public:
  /// Both outlive it. `body` is where the body goes; its memory is taken of `share`.
  RequestReader(const Limits& limits, RequestHead& head, std::string& body, ByteShare& share);

  /// `head`: as long as FindHeadEnd said.
  std::optional<Refusal> ReadHead(std::string_view head);

  /// Reads on, and sets how many bytes were used. Needs more while it is not done.
  std::optional<Refusal> ReadBody(std::string_view bytes, std::size_t& used);

  bool done() const { return is_done(); }

 private:
  using Verb = boost::beast::http::verb;
  using Field = boost::beast::http::field;
  using ErrorCode = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(Verb verb, View method, View target, int version, ErrorCode& error) override;
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_field_impl(Field field, View name, View value, ErrorCode& error) override;
  void on_header_impl(ErrorCode& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& error) override;
  std::size_t on_body_impl(View bytes, ErrorCode& error) override;
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remain, View bytes, ErrorCode& error) override;
  void on_finish_impl(ErrorCode&) override {}

  void TakeField(Field field, std::string_view value);
  void Refuse(int status, std::string reason);
  std::optional<Refusal> Outcome(const ErrorCode& error);

  const Limits& limits_;
  RequestHead& head_;
  std::string& body_;
  ByteShare& share_;
  std::size_t fields_ = 0;
  int hosts_ = 0;
  int lengths_ = 0;
  int encodings_ = 0;
  bool in_trailer_ = false;
  std::optional<Refusal> refusal_;
};

}  // namespace semel::ingest
