#include "seen_set/changelog.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <concepts>
#include <cstring>
#include <limits>

#include "base/crc32c.h"

namespace semel {
namespace {

static_assert(std::endian::native == std::endian::little, "the CRC is copied as it lies in memory");

constexpr char kMagic = 'S';
constexpr char kVersion = 1;
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kVarintBytesMax = 10;

constexpr unsigned kContinues = 1;
constexpr unsigned kRewinds = 2;
constexpr unsigned kSkips = 4;

// Magic, version, flags, width, rule hash, eight numbers and the length of the id, each at its
// longest: a little too much, so that the size of a header is known before its numbers are.
constexpr std::size_t kHeaderBytesMax = 4 + 16 + 9 * kVarintBytesMax;

std::size_t FingerprintBytes(int bits) { return static_cast<std::size_t>(bits) / 8; }

std::uint64_t ZigZag(std::uint64_t delta) {
  return (delta << 1U) ^ (0 - (delta >> 63U));  // small numbers of either sign become small
}

std::uint64_t UnZigZag(std::uint64_t value) { return (value >> 1U) ^ (0 - (value & 1U)); }

std::uint64_t Unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// ---------------------------------------------------------------------------------------- packing

void AppendVarint(std::uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

void AppendBytes(const std::uint8_t* bytes, std::size_t size, std::string& out) {
  out.append(reinterpret_cast<const char*>(bytes), size);
}

char Flags(const ChangelogRecord& record) {
  return static_cast<char>((record.continues ? kContinues : 0) | (record.rewinds ? kRewinds : 0) |
                           (record.skips ? kSkips : 0));
}

// All of `record` but its entries.
void AppendHeader(const ChangelogRecord& record, std::size_t entries, std::string& out) {
  assert(record.rule.bits == 128 || record.rule.bits == 256);
  assert(record.begin >= 0 && record.begin <= record.end && record.partition >= 0);
  assert(record.stream_time_ms >= 0 && record.previous_append_ms >= 0);
  out.push_back(kMagic);
  out.push_back(kVersion);
  out.push_back(Flags(record));
  out.push_back(static_cast<char>(FingerprintBytes(record.rule.bits)));
  AppendVarint(record.epoch, out);
  AppendBytes(record.rule.rule_hash.data(), record.rule.rule_hash.size(), out);
  AppendVarint(Unsigned(record.rule.window_ms), out);
  AppendVarint(record.transactional_id.size(), out);
  out.append(record.transactional_id);
  AppendVarint(static_cast<std::uint64_t>(record.partition), out);
  AppendVarint(Unsigned(record.begin), out);
  AppendVarint(Unsigned(record.end - record.begin), out);
  AppendVarint(Unsigned(record.stream_time_ms), out);
  AppendVarint(Unsigned(record.previous_append_ms), out);
  AppendVarint(entries, out);
}

// Packs entries from the front of `entries` until `bytes_max` is reached, at least one of them;
// `first` is what its offset and time are told against. Returns how many.
std::size_t AppendEntries(std::span<const Sighting> entries, const ChangelogRecord& header,
                          std::size_t bytes_max, std::string& out) {
  const std::size_t width = FingerprintBytes(header.rule.bits);
  std::int64_t next_offset = header.begin;
  std::int64_t previous_ms = header.stream_time_ms;
  std::size_t packed = 0;
  for (const Sighting& entry : entries) {
    assert(entry.offset >= next_offset && entry.offset < header.end);
    assert(entry.time_ms > 0 && entry.time_ms <= header.stream_time_ms);
    if (packed > 0 && out.size() + width + 2 * kVarintBytesMax > bytes_max) break;
    AppendBytes(entry.fingerprint.bytes.data(), width, out);
    AppendVarint(Unsigned(entry.offset - next_offset), out);
    AppendVarint(ZigZag(Unsigned(entry.time_ms) - Unsigned(previous_ms)), out);
    next_offset = entry.offset + 1;
    previous_ms = entry.time_ms;
    ++packed;
  }
  return packed;
}

void AppendCrc(std::string& out) {
  const std::uint32_t crc = Crc32c(out);
  std::array<char, kCrcBytes> bytes{};
  std::memcpy(bytes.data(), &crc, bytes.size());
  out.append(bytes.data(), bytes.size());
}

// -------------------------------------------------------------------------------------- unpacking

Error Misfit(const std::string& what) { return {Action::kStop, "changelog record: " + what}; }

// Takes values off the front of bytes that may be anything.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  // Only the shortest form of a number is one: equal records are equal bytes.
  bool Varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; at_ != end_ && shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at_++);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte >= 0x80) continue;
      return (byte != 0 || shift == 0) && (shift < 63 || byte == 1);
    }
    return false;
  }

  template <std::integral Int>
  Result<void> Number(const char* name, Int& number) {
    std::uint64_t value = 0;
    if (!Varint(value)) return Misfit(std::string(name) + " is cut off or not a canonical varint");
    if (value > static_cast<std::uint64_t>(std::numeric_limits<Int>::max()))
      return Misfit(std::string(name) + " is too large: " + std::to_string(value));
    number = static_cast<Int>(value);
    return {};
  }

  // Null where fewer than `size` are left.
  const char* Take(std::size_t size) {
    if (left() < size) return nullptr;
    const char* taken = at_;
    at_ += size;
    return taken;
  }

 private:
  const char* at_;
  const char* end_;
};

// Checks magic, version and CRC; what is returned lies between them.
Result<std::string_view> OpenEnvelope(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != kMagic)
    return Misfit("it does not start with the magic byte");
  if (bytes[1] != kVersion)
    return Misfit("version " + std::to_string(static_cast<unsigned char>(bytes[1])) +
                  " is unknown to this program, which knows version 1");
  if (bytes.size() < 2 + kCrcBytes) return Misfit("it is cut off");
  std::uint32_t stored = 0;
  std::memcpy(&stored, bytes.data() + bytes.size() - kCrcBytes, kCrcBytes);
  bytes.remove_suffix(kCrcBytes);
  if (Crc32c(bytes) != stored) return Misfit("CRC-32C differs: the bytes were altered or cut off");
  bytes.remove_prefix(2);
  return bytes;
}

Result<void> ReadFlagsAndWidth(Reader& reader, ChangelogRecord& record) {
  const char* bytes = reader.Take(2);
  if (bytes == nullptr) return Misfit("flags are cut off");
  const auto flags = static_cast<unsigned char>(bytes[0]);
  // At most one of them: only the first record of a transaction can rewind or skip.
  if (flags > kSkips || std::popcount(flags) > 1)
    return Misfit("flags " + std::to_string(flags) + " do not go together");
  if (bytes[1] != 16 && bytes[1] != 32)
    return Misfit("fingerprints of " + std::to_string(static_cast<unsigned char>(bytes[1])) +
                  " bytes are unknown, 16 and 32 are known");
  record.continues = (flags & kContinues) != 0;
  record.rewinds = (flags & kRewinds) != 0;
  record.skips = (flags & kSkips) != 0;
  record.rule.bits = bytes[1] * 8;
  return {};
}

Result<void> ReadRange(Reader& reader, ChangelogRecord& record) {
  std::int64_t length = 0;
  SEMEL_TRY(reader.Number("first offset", record.begin));
  SEMEL_TRY(reader.Number("offset count", length));
  if (length > std::numeric_limits<std::int64_t>::max() - record.begin)
    return Misfit("offset range is too long");
  record.end = record.begin + length;
  return {};
}

Result<void> ReadHeader(Reader& reader, ChangelogRecord& record) {
  SEMEL_TRY(ReadFlagsAndWidth(reader, record));
  SEMEL_TRY(reader.Number("epoch", record.epoch));
  const char* hash = reader.Take(record.rule.rule_hash.size());
  if (hash == nullptr) return Misfit("rule hash is cut off");
  std::memcpy(record.rule.rule_hash.data(), hash, record.rule.rule_hash.size());
  SEMEL_TRY(reader.Number("window", record.rule.window_ms));
  std::size_t id_bytes = 0;
  SEMEL_TRY(reader.Number("length of the transactional id", id_bytes));
  const char* id = reader.Take(id_bytes);
  if (id == nullptr) return Misfit("transactional id is cut off");
  record.transactional_id.assign(id, id_bytes);
  SEMEL_TRY(reader.Number("partition", record.partition));
  SEMEL_TRY(ReadRange(reader, record));
  SEMEL_TRY(reader.Number("stream time", record.stream_time_ms));
  return reader.Number("previous append time", record.previous_append_ms);
}

Error BadEntry(std::size_t index, const char* what) {
  return Misfit("entry " + std::to_string(index) + ": " + what);
}

// Reads `record.entries.size()` of them. The width is a constant of the loop: restore is bound by
// it.
template <std::size_t kWidth>
Result<void> ReadEntries(Reader& reader, ChangelogRecord& record) {
  std::uint64_t next_offset = Unsigned(record.begin);
  std::uint64_t time_ms = Unsigned(record.stream_time_ms);
  for (std::size_t i = 0; i < record.entries.size(); ++i) {
    const char* bytes = reader.Take(kWidth);
    std::uint64_t gap = 0;
    std::uint64_t delta = 0;
    if (bytes == nullptr || !reader.Varint(gap) || !reader.Varint(delta))
      return BadEntry(i, "cut off or not a canonical varint");
    if (next_offset >= Unsigned(record.end) || gap >= Unsigned(record.end) - next_offset)
      return BadEntry(i, "offset is not in the record's range");
    time_ms += UnZigZag(delta);
    if (time_ms == 0 || time_ms > Unsigned(record.stream_time_ms))
      return BadEntry(i, "time is not between 1 and the stream time");
    Sighting& entry = record.entries[i];
    entry = Sighting{.fingerprint = {},
                     .time_ms = static_cast<std::int64_t>(time_ms),
                     .offset = static_cast<std::int64_t>(next_offset + gap)};
    std::memcpy(entry.fingerprint.bytes.data(), bytes, kWidth);
    next_offset += gap + 1;
  }
  return {};
}

Result<void> ReadBody(Reader& reader, ChangelogRecord& record) {
  SEMEL_TRY(ReadHeader(reader, record));
  std::size_t count = 0;
  SEMEL_TRY(reader.Number("entry count", count));
  const std::size_t width = FingerprintBytes(record.rule.bits);
  if (count > reader.left() / (width + 2))
    return Misfit("entry count " + std::to_string(count) + " does not fit into the " +
                  std::to_string(reader.left()) + " bytes left");
  record.entries.resize(count);
  SEMEL_TRY(width == 16 ? ReadEntries<16>(reader, record) : ReadEntries<32>(reader, record));
  if (reader.left() > 0)
    return Misfit(std::to_string(reader.left()) + " bytes after the last entry");
  return {};
}

}  // namespace

void PackChangelog(const ChangelogRecord& whole, std::span<const Sighting> entries,
                   std::vector<std::string>& out, std::size_t bytes_max) {
  const std::size_t around = kHeaderBytesMax + whole.transactional_id.size() + kCrcBytes;
  const std::size_t body_max = bytes_max - std::min(bytes_max, around);
  ChangelogRecord part = whole;
  std::string body;
  do {
    body.clear();
    const std::size_t packed = AppendEntries(entries, part, body_max, body);
    entries = entries.subspan(packed);
    part.end = entries.empty() ? whole.end : entries.front().offset;
    std::string& bytes = out.emplace_back();
    bytes.reserve(around + body.size());
    AppendHeader(part, packed, bytes);
    bytes += body;
    AppendCrc(bytes);
    part.begin = part.end;
    part.end = whole.end;
    part.continues = true;
    part.rewinds = part.skips = false;
  } while (!entries.empty());
}

Result<void> UnpackChangelog(std::string_view bytes, ChangelogRecord& record) {
  SEMEL_TRY_ASSIGN(const std::string_view body, OpenEnvelope(bytes));
  Reader reader(body);
  return ReadBody(reader, record);
}

}  // namespace semel
