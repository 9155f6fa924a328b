#include "ingest/answer.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace semel::ingest {
namespace {

void AppendNumber(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end.ptr);
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

Answer Refused(const Refusal& refusal) { return Refused(refusal.status, refusal.reason); }

Answer Refused(int status, std::string_view reason) {
  Answer answer;
  answer.status = status;
  answer.body = "{\"status\":\"error\",\"reason\":" + Quoted(reason) + "}\n";
  if (status == 503) answer.retry_after = std::chrono::seconds(1);
  return answer;
}

std::string Quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

const char* Phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 207:
      return "Multi-Status";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

void Write(const Answer& answer, const AnswerFrame& frame, std::string& out) {
  out.assign("HTTP/1.1 ");
  AppendNumber(out, static_cast<std::size_t>(answer.status));
  out.append(" ").append(Phrase(answer.status)).append("\r\n");
  AppendField(out, "Date", frame.date);
  if (answer.status != 204) {
    AppendField(out, "Content-Type", "application/json");
    out.append("Content-Length: ");
    AppendNumber(out, answer.body.size());
    out.append("\r\n");
  }
  AppendField(out, "Cache-Control", "no-store");
  if (!answer.allow.empty()) AppendField(out, "Allow", answer.allow);
  if (answer.status == 401)
    AppendField(out, "WWW-Authenticate", "Bearer realm=\"semel\", Basic realm=\"semel\"");
  if (answer.status == 415) AppendField(out, "Accept-Encoding", "gzip, zstd");
  if (answer.retry_after.count() > 0) {
    out.append("Retry-After: ");
    AppendNumber(out, static_cast<std::size_t>(answer.retry_after.count()));
    out.append("\r\n");
  }
  if (frame.vary_origin) AppendField(out, "Vary", "Origin");
  if (!frame.allowed_origin.empty()) {
    AppendField(out, "Access-Control-Allow-Origin", frame.allowed_origin);
    AppendField(out, "Access-Control-Expose-Headers", "Retry-After");
    if (answer.preflight) {
      AppendField(out, "Access-Control-Allow-Methods", answer.allow);
      AppendField(out, "Access-Control-Allow-Headers",
                  "Authorization, Content-Type, Content-Encoding");
      AppendField(out, "Access-Control-Max-Age", "86400");
    }
  }
  if (!frame.keep_alive) AppendField(out, "Connection", "close");
  out.append("\r\n");
  if (!frame.head_only) out.append(answer.body);
}

}  // namespace semel::ingest
