#include "seen_set/snapshot.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <utility>

#include "base/crc32c.h"
#include "base/little_endian.h"

namespace semel {
namespace {

constexpr std::string_view kMagic = "SEMELSNP";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kStartBytes = 8 + 4 + 4;  // magic, version, length of what follows
constexpr std::size_t kHeaderBytesMax = 2048;
constexpr std::size_t kBlockStartBytes = 4 + 8;  // count, base of the times
constexpr std::size_t kTrailerBytes = 4 + 8 + 8;
constexpr std::size_t kBlockEntriesMax = std::size_t{1} << 20U;
constexpr std::size_t kPieceBytes = std::size_t{1} << 20U;  // that are read at once
constexpr std::int64_t kBaseMax =
    std::numeric_limits<std::int64_t>::max() - std::numeric_limits<std::uint32_t>::max();

std::size_t FingerprintBytes(int bits) { return static_cast<std::size_t>(bits) / 8; }

std::size_t EntryBytes(int bits) { return FingerprintBytes(bits) + 4 + 8; }

void AppendText(const std::string& text, std::string& out) {
  AppendLittleEndian(static_cast<std::uint16_t>(text.size()), out);
  out.append(text);
}

void AppendCrc(std::string& out) { AppendLittleEndian(Crc32c(out), out); }

std::string PackHeader(const SnapshotHeader& header) {
  std::string body;
  AppendLittleEndian(header.epoch, body);
  body.append(reinterpret_cast<const char*>(header.rule.rule_hash.data()),
              header.rule.rule_hash.size());
  AppendLittleEndian(header.rule.window_ms, body);
  AppendLittleEndian(header.rule.bits, body);
  AppendLittleEndian(header.partition, body);
  for (const std::int64_t number : {header.log_next, header.log_last, header.log_last_append_ms,
                                    header.covered, header.stream_time_ms})
    AppendLittleEndian(number, body);
  AppendText(header.topic, body);
  AppendText(header.changelog, body);
  std::string bytes(kMagic);
  AppendLittleEndian(kVersion, bytes);
  AppendLittleEndian(static_cast<std::uint32_t>(body.size()), bytes);
  bytes += body;
  AppendCrc(bytes);
  return bytes;
}

bool TakeText(std::string_view& from, std::string& text) {
  std::uint16_t size = 0;
  if (!TakeLittleEndian(from, size) || from.size() < size) return false;
  text = from.substr(0, size);
  from.remove_prefix(size);
  return true;
}

bool UnpackHeader(std::string_view body, SnapshotHeader& header) {
  bool whole = TakeLittleEndian(body, header.epoch);
  whole = whole && body.size() >= header.rule.rule_hash.size();
  if (!whole) return false;
  std::memcpy(header.rule.rule_hash.data(), body.data(), header.rule.rule_hash.size());
  body.remove_prefix(header.rule.rule_hash.size());
  whole = TakeLittleEndian(body, header.rule.window_ms) &&
          TakeLittleEndian(body, header.rule.bits) && TakeLittleEndian(body, header.partition);
  for (std::int64_t* number : {&header.log_next, &header.log_last, &header.log_last_append_ms,
                               &header.covered, &header.stream_time_ms})
    whole = whole && TakeLittleEndian(body, *number);
  whole = whole && TakeText(body, header.topic) && TakeText(body, header.changelog);
  return whole && body.empty() && (header.rule.bits == 128 || header.rule.bits == 256);
}

void AppendEntry(const Sighting& entry, std::int64_t base_ms, std::size_t width, std::string& out) {
  assert(entry.time_ms >= base_ms && entry.time_ms - base_ms < std::int64_t{1} << 32U);
  out.append(reinterpret_cast<const char*>(entry.fingerprint.bytes.data()), width);
  AppendLittleEndian(static_cast<std::uint32_t>(entry.time_ms - base_ms), out);
  AppendLittleEndian(entry.offset, out);
}

}  // namespace

std::string PreviousSnapshot(const std::string& path) { return path + ".previous"; }

// ----------------------------------------------------------------------------------------- writing

Result<SnapshotWriter> SnapshotWriter::Begin(const std::string& path, const std::string& temporary,
                                             const SnapshotHeader& header, FileSystem& files) {
  SEMEL_TRY_ASSIGN(FileReplacement file, FileReplacement::Begin(path, temporary, files));
  SEMEL_TRY(file.Write(PackHeader(header)));
  return SnapshotWriter(std::move(file), path, header.rule.bits);
}

Result<void> SnapshotWriter::Add(std::span<const Sighting> entries) {
  while (!entries.empty()) {
    const auto block = entries.first(std::min(entries.size(), kBlockEntriesMax));
    entries = entries.subspan(block.size());
    const auto oldest = std::ranges::min_element(block, {}, &Sighting::time_ms);
    block_.clear();
    AppendLittleEndian(static_cast<std::uint32_t>(block.size()), block_);
    AppendLittleEndian(oldest->time_ms, block_);
    for (const Sighting& entry : block)
      AppendEntry(entry, oldest->time_ms, FingerprintBytes(bits_), block_);
    entries_ += block.size();
    SEMEL_TRY(WriteBlock());
  }
  return {};
}

Result<void> SnapshotWriter::WriteBlock() {
  AppendCrc(block_);
  return file_.Write(block_);
}

Result<void> SnapshotWriter::Publish(std::int64_t log_end) {
  block_.clear();
  AppendLittleEndian(std::uint32_t{0}, block_);
  AppendLittleEndian(entries_, block_);
  AppendLittleEndian(log_end, block_);
  SEMEL_TRY(WriteBlock());
  return file_.Publish(PreviousSnapshot(path_));
}

// ----------------------------------------------------------------------------------------- reading

Result<SnapshotReader> SnapshotReader::Open(const std::string& path, FileSystem& files) {
  SEMEL_TRY_ASSIGN(FileReader file, FileReader::Open(path, files));
  SnapshotReader reader(std::move(file), path);
  SEMEL_TRY(reader.ReadHeader());
  return reader;
}

Error SnapshotReader::Unfit(const std::string& what) const {
  return {Action::kFix, path_ + ": " + what};
}

/// Makes `block_` `size` bytes long; the first `keep` of them stay. A piece at a time, because a
/// damaged length may claim more than the file has.
Result<void> SnapshotReader::Fill(std::size_t size, std::size_t keep) {
  block_.resize(keep);
  while (block_.size() < size) {
    const std::size_t had = block_.size();
    block_.resize(std::min(size, had + kPieceBytes));
    SEMEL_TRY_ASSIGN(const std::size_t got, file_.Read(std::span(block_).subspan(had)));
    if (got < block_.size() - had) return Unfit("ends too early");
  }
  return {};
}

Result<void> SnapshotReader::CheckCrc() {
  const std::string_view bytes(block_.data(), block_.size() - kCrcBytes);
  std::string_view rest(block_.data() + bytes.size(), kCrcBytes);
  std::uint32_t crc = 0;
  TakeLittleEndian(rest, crc);
  if (crc != Crc32c(bytes)) return Unfit("checksum does not fit");
  return {};
}

Result<void> SnapshotReader::ReadHeader() {
  SEMEL_TRY(Fill(kStartBytes));
  std::string_view start(block_);
  if (!start.starts_with(kMagic)) return Unfit("is not a snapshot of semel");
  start.remove_prefix(kMagic.size());
  std::uint32_t version = 0;
  std::uint32_t size = 0;
  TakeLittleEndian(start, version);
  TakeLittleEndian(start, size);
  if (version != kVersion) return Unfit("has unknown version " + std::to_string(version));
  if (size > kHeaderBytesMax) return Unfit("has an impossible header");
  SEMEL_TRY(Fill(kStartBytes + size + kCrcBytes, kStartBytes));
  SEMEL_TRY(CheckCrc());
  if (!UnpackHeader(std::string_view(block_).substr(kStartBytes, size), header_))
    return Unfit("has an impossible header");
  return {};
}

Result<bool> SnapshotReader::Next(std::vector<Sighting>& entries) {
  entries.clear();
  SEMEL_TRY(Fill(4));
  std::string_view start(block_);
  std::uint32_t count = 0;
  TakeLittleEndian(start, count);
  if (count == 0) return ReadTrailer();
  if (count > kBlockEntriesMax) return Unfit("has an impossible block");
  SEMEL_TRY(Fill(kBlockStartBytes + count * EntryBytes(header_.rule.bits) + kCrcBytes, 4));
  SEMEL_TRY(CheckCrc());
  std::string_view bytes = std::string_view(block_).substr(4);
  std::int64_t base_ms = 0;
  TakeLittleEndian(bytes, base_ms);
  if (base_ms <= 0 || base_ms > kBaseMax) return Unfit("has an impossible time");
  const std::size_t width = FingerprintBytes(header_.rule.bits);
  entries.resize(count);
  for (Sighting& entry : entries) {
    std::memcpy(entry.fingerprint.bytes.data(), bytes.data(), width);
    bytes.remove_prefix(width);
    std::uint32_t after = 0;
    TakeLittleEndian(bytes, after);
    TakeLittleEndian(bytes, entry.offset);
    entry.time_ms = base_ms + after;
  }
  entries_ += count;
  return true;
}

Result<bool> SnapshotReader::ReadTrailer() {
  SEMEL_TRY(Fill(kTrailerBytes + kCrcBytes, 4));
  SEMEL_TRY(CheckCrc());
  std::string_view bytes = std::string_view(block_).substr(4);
  std::uint64_t entries = 0;
  TakeLittleEndian(bytes, entries);
  TakeLittleEndian(bytes, log_end_);
  if (entries != entries_) return Unfit("holds another number of entries than it says");
  char more = 0;
  SEMEL_TRY_ASSIGN(const std::size_t got, file_.Read({&more, 1}));
  if (got > 0) return Unfit("goes on behind its end");
  return false;
}

}  // namespace semel
