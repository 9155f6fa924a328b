// What is sent back.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "ingest/refusal.h"

namespace semel::ingest {

struct Answer {
  int status = 200;
  std::string body{};                   ///< JSON
  std::chrono::seconds retry_after{0};  ///< 0: not said
  std::string allow{};                  ///< of 405 and OPTIONS: the methods
  bool preflight = false;               ///< says what a browser may send
};

/// {"status":"error","reason":"..."}; 503 asks to come again in a second.
Answer Refused(const Refusal& refusal);
Answer Refused(int status, std::string_view reason);

/// `text` as a JSON string, quotes included; what is not UTF-8 is replaced.
std::string Quoted(std::string_view text);

/// The phrase of a status that this server uses.
const char* Phrase(int status);

struct AnswerFrame {
  bool keep_alive = true;
  bool head_only = false;             ///< HEAD: everything but the body
  std::string_view allowed_origin{};  ///< empty: no CORS fields
  bool vary_origin = false;           ///< CORS is on: caches are to tell origins apart
  std::string_view date{};
};

/// The whole answer as bytes; replaces `out`.
void Write(const Answer& answer, const AnswerFrame& frame, std::string& out);

}  // namespace semel::ingest
