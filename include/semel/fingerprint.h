// What identifies an event: one pure function of (key rule, record). docs/formats/fingerprint_v1.md
// says which bytes are hashed, so that any program in any language gets the same result.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "semel/record.h"
#include "semel/result.h"

namespace semel {

/// 16 significant bytes, or all 32 where the rule asks for 256 bits; the rest is zero.
struct Fingerprint {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Fingerprint&) const = default;
};

/// Lower-case hex of the first `bits` / 8 bytes. `bits`: 128 or 256.
std::string ToHex(const Fingerprint& fingerprint, int bits);

/// True: an invalid value is so because a Schema-Registry serializer put its five bytes (a zero and
/// the number of the schema) before the document. Ask it only of invalid values, to log why, once.
bool LooksLikeSchemaRegistryFraming(std::string_view value);

enum class Outcome : std::uint8_t {
  kOk,       ///< every part is there
  kMissing,  ///< a part is absent or null; it still has a fingerprint
  kInvalid,  ///< not one valid JSON text, or ambiguous; it has no fingerprint
};

struct Identity {
  Outcome outcome = Outcome::kOk;
  Fingerprint fingerprint;  ///< all zero when invalid
};

/// How to identify an event.
struct KeyRule {
  /// Parts in order: `value`, `key`, `header:NAME`, `json:PATH`.
  std::vector<std::string> parts{"value"};
  /// Keeps equal events of different tenants or environments apart.
  std::string name_space{};
  /// 128 or 256.
  int bits = 128;
  /// Key of HMAC-SHA-256, raw bytes; empty: plain SHA-256.
  std::string secret{};
};

/// Computes identities after one compiled rule.
/// Threads: one caller at a time per object (it keeps scratch memory); make one for each thread.
class Fingerprinter {
 public:
  /// Errors: kFix, naming the part that cannot be read.
  static Result<Fingerprinter> Open(const KeyRule& rule);

  Fingerprinter(Fingerprinter&&) noexcept;
  Fingerprinter& operator=(Fingerprinter&&) noexcept;
  Fingerprinter(const Fingerprinter&) = delete;
  Fingerprinter& operator=(const Fingerprinter&) = delete;
  ~Fingerprinter();

  /// Never fails: what cannot be read is Outcome::kInvalid. Once warmed up, no
  /// allocation but one small one inside OpenSSL 3.0 for each hash.
  Identity Identify(const Record& record);

  /// 16 bytes that differ whenever two rules can differ in any fingerprint: the parts, namespace,
  /// bits and a check value of the secret (never the secret). Stored in the changelog.
  std::array<std::uint8_t, 16> RuleHash() const;

  int bits() const;

 private:
  struct Impl;
  explicit Fingerprinter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel
