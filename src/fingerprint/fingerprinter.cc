#include <algorithm>
#include <cstddef>
#include <utility>

#include "fingerprint/canonical_json.h"
#include "fingerprint/digest.h"
#include "fingerprint/encoding.h"
#include "fingerprint/json_scanner.h"
#include "fingerprint/key_part.h"
#include "semel/fingerprint.h"

namespace semel {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kEncodingHead = "SEMEL\x01"sv;

/// How a part of the encoding begins.
constexpr char kAbsent = 0x00;
constexpr char kBytes = 0x01;
constexpr char kNull = 0x02;
constexpr char kJson = 0x10;

constexpr std::string_view kRuleHead = "SEMEL-RULE\x01"sv;
constexpr std::string_view kSecretCheckText = "semel secret check 1"sv;

/// A part of the rule with what is needed to take it from a record.
struct CompiledPart {
  KeyPart part;
  PathTree::Node node = PathTree::kNone;  ///< of a json part
};

Outcome AppendBytes(const Bytes& bytes, std::string& out) {
  if (!bytes) {
    out.push_back(kNull);
    return Outcome::kMissing;
  }
  out.push_back(kBytes);
  AppendPrefixed(out, *bytes);
  return Outcome::kOk;
}

Outcome AppendLastHeader(const Record& record, std::string_view name, std::string& out) {
  const auto header = std::find_if(record.headers.rbegin(), record.headers.rend(),
                                   [name](const Header& h) { return h.name == name; });
  if (header == record.headers.rend()) {
    out.push_back(kAbsent);
    return Outcome::kMissing;
  }
  return AppendBytes(header->value, out);
}

void AppendRulePart(const KeyPart& part, std::string& out) {
  switch (part.kind) {
    case KeyPart::Kind::kValue:
      out.push_back('v');
      return;
    case KeyPart::Kind::kKey:
      out.push_back('k');
      return;
    case KeyPart::Kind::kHeader:
      out.push_back('h');
      AppendPrefixed(out, part.header_name);
      return;
    case KeyPart::Kind::kJson:
      out.push_back('j');
      AppendVarint(out, part.path.size());
      for (const std::string& token : part.path) AppendPrefixed(out, token);
  }
}

std::string_view AsText(const Digest::Sum& sum) {
  return {reinterpret_cast<const char*>(sum.data()), sum.size()};
}

/// The bytes that RuleHash is the hash of; docs/formats/fingerprint_v1.md draws them.
Result<std::string> DescribeRule(const KeyRule& rule, const std::vector<CompiledPart>& parts) {
  std::string text(kRuleHead);
  AppendVarint(text, static_cast<std::uint64_t>(rule.bits));
  AppendPrefixed(text, rule.name_space);
  AppendVarint(text, parts.size());
  for (const CompiledPart& part : parts) AppendRulePart(part.part, text);
  if (rule.secret.empty()) {
    text.push_back(kAbsent);
    return text;
  }
  SEMEL_TRY_ASSIGN(Digest keyed, Digest::Open(rule.secret));
  text.push_back(kBytes);
  AppendPrefixed(text, AsText(keyed.Compute(kSecretCheckText)));
  return text;
}

}  // namespace

std::string ToHex(const Fingerprint& fingerprint, int bits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t size = std::min(static_cast<std::size_t>(bits) / 8, fingerprint.bytes.size());
  std::string hex(2 * size, '0');
  for (std::size_t i = 0; i < size; ++i) {
    hex[2 * i] = kDigits[fingerprint.bytes[i] >> 4];
    hex[2 * i + 1] = kDigits[fingerprint.bytes[i] & 0x0f];
  }
  return hex;
}

bool LooksLikeSchemaRegistryFraming(std::string_view value) {
  constexpr std::size_t kFrameSize = 5;  // a zero byte and the number of a schema
  return value.size() >= kFrameSize && value.front() == '\0';
}

struct Fingerprinter::Impl {
  std::vector<CompiledPart> parts;
  bool reads_json;
  int bits;
  std::string head;  ///< what every encoding after this rule begins with
  std::array<std::uint8_t, 16> rule_hash;
  JsonScanner scanner;
  Digest digest;
  JsonCanonicalizer canonicalizer;
  std::string encoding;

  Outcome AppendPart(const CompiledPart& part, const Record& record);
  Outcome AppendJson(PathTree::Node node, const Bytes& value);
  Fingerprint Hash();
};

Outcome Fingerprinter::Impl::AppendPart(const CompiledPart& part, const Record& record) {
  switch (part.part.kind) {
    case KeyPart::Kind::kValue:
      return AppendBytes(record.value, encoding);
    case KeyPart::Kind::kKey:
      return AppendBytes(record.key, encoding);
    case KeyPart::Kind::kHeader:
      return AppendLastHeader(record, part.part.header_name, encoding);
    case KeyPart::Kind::kJson:
      return AppendJson(part.node, record.value);
  }
  return Outcome::kInvalid;
}

Outcome Fingerprinter::Impl::AppendJson(PathTree::Node node, const Bytes& value) {
  if (!value) {
    encoding.push_back(kNull);
    return Outcome::kMissing;
  }
  const std::string_view found = scanner.Found(node);
  if (found.empty()) {
    encoding.push_back(kAbsent);
    return Outcome::kMissing;
  }
  encoding.push_back(kJson);
  if (!canonicalizer.Append(found, encoding)) return Outcome::kInvalid;
  return found.front() == 'n' ? Outcome::kMissing : Outcome::kOk;
}

Fingerprint Fingerprinter::Impl::Hash() {
  const Digest::Sum sum = digest.Compute(encoding);
  Fingerprint fingerprint;
  std::copy_n(sum.begin(), bits / 8, fingerprint.bytes.begin());
  return fingerprint;
}

Result<Fingerprinter> Fingerprinter::Open(const KeyRule& rule) {
  if (rule.parts.empty()) return Error{Action::kFix, "a key rule needs at least one part"};
  if (rule.bits != 128 && rule.bits != 256) {
    return Error{Action::kFix,
                 "fingerprint bits must be 128 or 256, not " + std::to_string(rule.bits)};
  }
  std::vector<CompiledPart> parts;
  PathTree tree;
  bool reads_json = false;
  for (const std::string& text : rule.parts) {
    SEMEL_TRY_ASSIGN(KeyPart part, ParseKeyPart(text));
    const bool is_json = part.kind == KeyPart::Kind::kJson;
    const PathTree::Node node = is_json ? tree.Add(part.path) : PathTree::kNone;
    parts.push_back({std::move(part), node});
    reads_json = reads_json || is_json;
  }
  std::string head(kEncodingHead);
  AppendPrefixed(head, rule.name_space);
  AppendVarint(head, parts.size());

  SEMEL_TRY_ASSIGN(const std::string description, DescribeRule(rule, parts));
  SEMEL_TRY_ASSIGN(Digest plain, Digest::Open({}));
  const Digest::Sum rule_sum = plain.Compute(description);
  std::array<std::uint8_t, 16> rule_hash{};
  std::copy_n(rule_sum.begin(), rule_hash.size(), rule_hash.begin());

  SEMEL_TRY_ASSIGN(Digest digest, Digest::Open(rule.secret));
  return Fingerprinter(std::unique_ptr<Impl>(new Impl{std::move(parts),
                                                      reads_json,
                                                      rule.bits,
                                                      std::move(head),
                                                      rule_hash,
                                                      JsonScanner(std::move(tree)),
                                                      std::move(digest),
                                                      JsonCanonicalizer(),
                                                      {}}));
}

Fingerprinter::Fingerprinter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Fingerprinter::Fingerprinter(Fingerprinter&&) noexcept = default;
Fingerprinter& Fingerprinter::operator=(Fingerprinter&&) noexcept = default;
Fingerprinter::~Fingerprinter() = default;

Identity Fingerprinter::Identify(const Record& record) {
  Impl& impl = *impl_;
  Identity invalid{Outcome::kInvalid, {}};
  if (impl.reads_json && record.value && !impl.scanner.Scan(*record.value)) return invalid;

  Outcome outcome = Outcome::kOk;
  impl.encoding.assign(impl.head);
  for (const CompiledPart& part : impl.parts) {
    const Outcome of_part = impl.AppendPart(part, record);
    // Not at the first missing part: invalid wins over missing.
    if (of_part == Outcome::kInvalid) return invalid;
    if (of_part == Outcome::kMissing) outcome = Outcome::kMissing;
  }
  return {outcome, impl.Hash()};
}

std::array<std::uint8_t, 16> Fingerprinter::RuleHash() const { return impl_->rule_hash; }

int Fingerprinter::bits() const { return impl_->bits; }

}  // namespace semel
