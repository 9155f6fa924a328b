#include "identify.h"

#include <gtest/gtest.h>

#include "semel/record.h"

namespace semel::testing {
namespace {

Bytes View(const std::optional<std::string>& bytes) { return bytes ? Bytes(*bytes) : std::nullopt; }

}  // namespace

std::string Identify(const reference::Rule& rule, const reference::Event& event) {
  KeyRule key_rule;
  key_rule.parts = rule.parts;
  key_rule.name_space = rule.name_space;
  key_rule.secret = rule.secret;
  key_rule.bits = rule.bits;
  Result<Fingerprinter> fingerprinter = Fingerprinter::Open(key_rule);
  if (!fingerprinter) return "bad rule";

  std::vector<Header> headers;
  for (const auto& [name, value] : event.headers) headers.push_back({name, View(value)});
  Record record;
  record.key = View(event.key);
  record.value = View(event.value);
  record.headers = headers;
  const Identity identity = fingerprinter->Identify(record);
  if (identity.outcome == Outcome::kInvalid) {
    EXPECT_EQ(identity.fingerprint, Fingerprint{});
    return "invalid -";
  }
  const std::string outcome = identity.outcome == Outcome::kOk ? "ok " : "missing ";
  return outcome + ToHex(identity.fingerprint, rule.bits);
}

std::string Identify(const std::vector<std::string>& parts, const std::string& value) {
  return Identify(reference::Rule{.parts = parts}, reference::Event{.value = value});
}

std::string OutcomeOf(const std::vector<std::string>& parts, const std::string& value) {
  const std::string ours = Identify(parts, value);
  EXPECT_EQ(ours, reference::Fingerprint({.parts = parts}, {.value = value})) << Readable(value);
  return ours == "bad rule" ? ours : ours.substr(0, ours.find(' '));
}

std::string Readable(const std::string& bytes) {
  return ::testing::PrintToString(bytes.size() > 300 ? bytes.substr(0, 300) + "..." : bytes);
}

}  // namespace semel::testing
