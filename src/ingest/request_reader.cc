#include "ingest/request_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <utility>

namespace semel::ingest {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t kFirstBody = 4096;  // before the first byte of a body

std::string_view AsView(beast::string_view text) { return {text.data(), text.size()}; }

bool Equals(std::string_view a, std::string_view b) {
  return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

ContentType ToContentType(std::string_view value) {
  const std::size_t semicolon = value.find(';');
  const std::string_view type = Trim(value.substr(0, semicolon));
  if (semicolon != std::string_view::npos) {
    const std::string_view parameter = Trim(value.substr(semicolon + 1));
    const std::size_t equals = parameter.find('=');
    std::string_view set = equals == std::string_view::npos ? "" : parameter.substr(equals + 1);
    if (set.size() > 1 && set.front() == '"') set = set.substr(1, set.size() - 2);
    if (Equals(parameter.substr(0, equals), "charset") && !Equals(set, "utf-8"))
      return ContentType::kOther;
  }
  if (Equals(type, "application/json")) return ContentType::kJson;
  for (const char* name : {"application/x-ndjson", "application/ndjson", "application/jsonl"})
    if (Equals(type, name)) return ContentType::kNdjson;
  return ContentType::kOther;
}

ContentEncoding ToContentEncoding(std::string_view value) {
  if (Equals(value, "identity")) return ContentEncoding::kNone;
  if (Equals(value, "gzip") || Equals(value, "x-gzip")) return ContentEncoding::kGzip;
  return Equals(value, "zstd") ? ContentEncoding::kZstd : ContentEncoding::kOther;
}

}  // namespace

HeadEnd FindHeadEnd(std::string_view bytes, std::size_t& scanned) {
  const auto at = [&](std::size_t i) { return i < bytes.size() ? bytes[i] : '\0'; };
  while (scanned < bytes.size()) {
    const std::string_view rest = bytes.substr(scanned);
    const std::size_t end = scanned + std::min(rest.find('\n'), rest.size());
    const std::size_t cr = scanned + std::min(rest.find('\r'), rest.size());
    if (cr < end && cr + 1 < bytes.size() && at(cr + 1) != '\n') return {0, "a bare CR"};
    if (end == bytes.size()) {
      if (cr >= bytes.size()) scanned = bytes.size();  // a CR at the end is looked at again
      return {};
    }
    if (end == 0 || bytes[end - 1] != '\r') return {0, "a bare LF"};
    if (end >= 3 && bytes.substr(end - 3, 4) == "\r\n\r\n") return {end + 1, nullptr};
    if (at(end + 1) == ' ' || at(end + 1) == '\t') return {0, "a folded line"};
    // What follows the line's end has to be looked at with it.
    if (end + 1 == bytes.size()) {
      scanned = end - 1;
      return {};
    }
    scanned = end + 1;
  }
  return {};
}

RequestReader::RequestReader(const Limits& limits, RequestHead& head, std::string& body,
                             ByteShare& share)
    : limits_(limits), head_(head), body_(body), share_(share) {
  header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  body_limit(limits.body_bytes);
  eager(true);
  head_.method = Verb::unknown;
  head_.path.clear();
  head_.authorization.clear();
  head_.origin.clear();
  head_.content_length.reset();
  head_.content_type = ContentType::kUnsaid;
  head_.content_encoding = ContentEncoding::kNone;
  head_.chunked = head_.keep_alive = head_.expects_continue = head_.http_1_0 = false;
  body_.clear();
}

std::optional<Refusal> RequestReader::ReadHead(std::string_view head) {
  ErrorCode error;
  put(boost::asio::buffer(head.data(), head.size()), error);
  if (!error || error == http::error::need_more) {
    if (is_header_done()) return std::nullopt;
    error = http::error::bad_field;
  }
  return Outcome(error);
}

std::optional<Refusal> RequestReader::ReadBody(std::string_view bytes, std::size_t& used) {
  ErrorCode error;
  used = put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (!error || error == http::error::need_more) return std::nullopt;
  return Outcome(error);
}

std::optional<Refusal> RequestReader::Outcome(const ErrorCode& error) {
  if (refusal_) return std::move(refusal_);
  if (error == http::error::header_limit) return Refusal{431, "the header is too large"};
  if (error == http::error::body_limit)
    return Refusal{413, "the body is larger than " + std::to_string(limits_.body_bytes) + " bytes"};
  if (error == http::error::bad_version) return Refusal{505, "only HTTP/1.1 is spoken here"};
  return Refusal{400, "not a valid HTTP request: " + error.message()};
}

void RequestReader::Refuse(int status, std::string reason) {
  if (!refusal_) refusal_ = Refusal{status, std::move(reason)};
}

void RequestReader::on_request_impl(Verb verb, beast::string_view /*method*/,
                                    beast::string_view target, int version, ErrorCode& /*error*/) {
  head_.method = verb;
  const std::string_view path = AsView(target);
  head_.path.assign(path.substr(0, path.find('?')));
  head_.http_1_0 = version == 10;
}

void RequestReader::on_field_impl(Field field, beast::string_view /*name*/,
                                  beast::string_view value, ErrorCode& error) {
  if (++fields_ > limits_.header_fields)
    Refuse(431, "more than " + std::to_string(limits_.header_fields) + " header fields");
  if (!in_trailer_) TakeField(field, AsView(value));  // a trailer cannot change what was decided
  if (refusal_) error = http::error::bad_field;
}

void RequestReader::TakeField(Field field, std::string_view value) {
  switch (field) {
    case Field::host:
      if (++hosts_ > 1) Refuse(400, "more than one Host");
      return;
    case Field::content_length:
      // Beast takes lists of equal numbers.
      if (++lengths_ > 1 || value.find(',') != std::string_view::npos)
        Refuse(400, "more than one Content-Length");
      return;
    case Field::transfer_encoding:
      // Beast ignores codings that it does not know, and with them where the body ends.
      if (!Equals(value, "chunked")) Refuse(400, "Transfer-Encoding: only chunked");
      if (head_.http_1_0) Refuse(400, "Transfer-Encoding in HTTP/1.0");
      head_.chunked = true;
      return;
    case Field::content_type:
      head_.content_type = ToContentType(value);
      return;
    case Field::content_encoding:
      head_.content_encoding =
          ++encodings_ > 1 ? ContentEncoding::kOther : ToContentEncoding(value);
      return;
    case Field::authorization:
      if (!head_.authorization.empty()) Refuse(400, "more than one Authorization");
      head_.authorization.assign(value);
      return;
    case Field::origin:
      head_.origin.assign(value);
      return;
    case Field::expect:
      if (!Equals(value, "100-continue")) Refuse(417, "Expect: only 100-continue");
      head_.expects_continue = !head_.http_1_0;
      return;
    default:
      return;
  }
}

void RequestReader::on_header_impl(ErrorCode& error) {
  in_trailer_ = true;
  head_.keep_alive = keep_alive() && !head_.http_1_0;
  if (const auto length = content_length(); length) head_.content_length = *length;
  if (hosts_ == 0 && !head_.http_1_0) {
    Refuse(400, "no Host");
    error = http::error::bad_field;
  }
}

void RequestReader::on_body_init_impl(const boost::optional<std::uint64_t>& length,
                                      ErrorCode& error) {
  // A length is only said. Memory is taken for what comes.
  const std::size_t size =
      static_cast<std::size_t>(std::min<std::uint64_t>(length.value_or(kFirstBody), kFirstBody));
  if (share_.GrowTo(size)) return body_.reserve(size);
  Refuse(503, "too many requests at once");
  error = http::error::bad_alloc;
}

std::size_t RequestReader::on_body_impl(beast::string_view bytes, ErrorCode& error) {
  const std::size_t size = body_.size() + bytes.size();
  if (size > body_.capacity()) {
    const std::size_t wanted = std::min(std::max(size, 2 * body_.capacity()), limits_.body_bytes);
    if (!share_.GrowTo(wanted)) {
      Refuse(503, "too many requests at once");
      error = http::error::bad_alloc;
      return 0;
    }
    body_.reserve(wanted);
  }
  body_.append(bytes.data(), bytes.size());
  return bytes.size();
}

std::size_t RequestReader::on_chunk_body_impl(std::uint64_t /*remain*/, beast::string_view bytes,
                                              ErrorCode& error) {
  return on_body_impl(bytes, error);
}

}  // namespace semel::ingest
