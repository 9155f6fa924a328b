// Bodies in gzip and zstd, with a bound on what comes out.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/byte_budget.h"
#include "ingest/limits.h"
#include "ingest/refusal.h"
#include "ingest/request_reader.h"

namespace semel::ingest {

/// Keeps its memory from one body to the next. Threads: one caller at a time per object.
class Decompressor {
 public:
  explicit Decompressor(const Limits& limits);
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  ~Decompressor();

  /// Replaces `out`, which at no moment is larger than the limits allow (and a step of 64 KiB); its
  /// memory is taken of `share`. Refuses: 400 what is no such format, or not whole; 413 what is too
  /// large, or grows too much; 503 when there is no memory left.
  std::optional<Refusal> Decompress(ContentEncoding encoding, std::string_view compressed,
                                    std::string& out, ByteShare& share);

 private:
  class Gzip;
  class Zstd;
  template <typename Stream>
  std::optional<Refusal> Run(Stream& stream, std::string_view compressed, std::string& out,
                             ByteShare& share) const;
  std::optional<Refusal> Grow(std::size_t read, std::size_t size, std::size_t held,
                              ByteShare& share) const;

  const Limits& limits_;
  std::unique_ptr<Gzip> gzip_;
  std::unique_ptr<Zstd> zstd_;
};

}  // namespace semel::ingest
