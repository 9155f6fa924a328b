// Input: a JSON path, LF, a document. Both implementations must say the same of it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "reference_fingerprint.h"
#include "semel/fingerprint.h"

namespace semel {
namespace {

std::string Identify(const KeyRule& rule, const std::string& value) {
  Result<Fingerprinter> fingerprinter = Fingerprinter::Open(rule);
  if (!fingerprinter) return "bad rule";
  Record record;
  record.value = value;
  const Identity identity = fingerprinter->Identify(record);
  if (identity.outcome == Outcome::kInvalid) return "invalid -";
  const std::string outcome = identity.outcome == Outcome::kOk ? "ok " : "missing ";
  return outcome + ToHex(identity.fingerprint, rule.bits);
}

void Check(const std::vector<std::string>& parts, const std::string& document) {
  const std::string ours = Identify({.parts = parts}, document);
  const std::string expected = reference::Fingerprint({.parts = parts}, {.value = document});
  if (ours == expected) return;
  std::cerr << "rule:";
  for (const std::string& part : parts) std::cerr << ' ' << part;
  std::cerr << "\nexpected: " << expected << "\ncame:     " << ours << '\n';
  std::abort();
}

}  // namespace
}  // namespace semel

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = input.find('\n');
  if (line_end == std::string::npos) return 0;
  const std::string path = "json:" + input.substr(0, line_end);
  const std::string document = input.substr(line_end + 1);
  semel::Check({path}, document);
  semel::Check({"json:/a", path, "json:/a/b/0"}, document);
  semel::Check({"json:"}, document);
  return 0;
}
