#include "ingest/decompressor.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

namespace semel::ingest {
namespace {

constexpr std::size_t kStep = std::size_t{64} << 10U;  // what comes out at a time
constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr int kZstdWindowLog = 23;  // 8 MiB, as RFC 8878 asks of every decoder

enum class Step : std::uint8_t { kMore, kFrameEnd, kBroken };

/// Where a stream reads and writes.
struct Position {
  std::string_view in;
  char* out;
  std::size_t out_size;
};

}  // namespace

class Decompressor::Gzip {
 public:
  Gzip() { ready_ = inflateInit2(&stream_, kGzipOnly) == Z_OK; }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() { inflateEnd(&stream_); }

  bool Begin() { return ready_ && inflateReset(&stream_) == Z_OK; }

  Step Advance(Position& at) {
    // zlib's interface has no const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(at.in.data()));
    stream_.avail_in = static_cast<uInt>(at.in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(at.out);
    stream_.avail_out = static_cast<uInt>(at.out_size);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    at.in = at.in.substr(at.in.size() - stream_.avail_in);
    at.out_size -= stream_.avail_out;
    if (code == Z_OK || code == Z_BUF_ERROR) return Step::kMore;
    return code == Z_STREAM_END ? Step::kFrameEnd : Step::kBroken;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

class Decompressor::Zstd {
 public:
  Zstd() : context_(ZSTD_createDCtx()) {
    if (context_ != nullptr) ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kZstdWindowLog);
  }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  ~Zstd() { ZSTD_freeDCtx(context_); }

  bool Begin() {
    return context_ != nullptr &&
           ZSTD_isError(ZSTD_DCtx_reset(context_, ZSTD_reset_session_only)) == 0;
  }

  Step Advance(Position& at) {
    ZSTD_inBuffer in{at.in.data(), at.in.size(), 0};
    ZSTD_outBuffer out{at.out, at.out_size, 0};
    const std::size_t code = ZSTD_decompressStream(context_, &out, &in);
    at.in = at.in.substr(in.pos);
    at.out_size = out.pos;
    if (ZSTD_isError(code) != 0) return Step::kBroken;
    return code == 0 ? Step::kFrameEnd : Step::kMore;
  }

 private:
  ZSTD_DCtx* context_;
};

Decompressor::Decompressor(const Limits& limits) : limits_(limits) {}
Decompressor::~Decompressor() = default;

std::optional<Refusal> Decompressor::Decompress(ContentEncoding encoding,
                                                std::string_view compressed, std::string& out,
                                                ByteShare& share) {
  if (encoding == ContentEncoding::kGzip) {
    if (!gzip_) gzip_ = std::make_unique<Gzip>();
    return Run(*gzip_, compressed, out, share);
  }
  if (!zstd_) zstd_ = std::make_unique<Zstd>();
  return Run(*zstd_, compressed, out, share);
}

template <typename Stream>
std::optional<Refusal> Decompressor::Run(Stream& stream, std::string_view compressed,
                                         std::string& out, ByteShare& share) const {
  const Refusal broken{400, "the body is not what its Content-Encoding says, or not whole"};
  out.clear();
  if (!stream.Begin()) return Refusal{503, "no memory to decompress with"};
  std::string_view in = compressed;
  std::size_t size = 0;  // of `out`, which is larger: to make room costs, and frames may be empty
  while (true) {
    if (out.size() < size + kStep) out.resize(size + kStep);
    Position at{in, out.data() + size, kStep};
    const Step step = stream.Advance(at);
    const bool moved = at.in.size() < in.size() || at.out_size > 0;
    in = at.in;
    size += at.out_size;
    if (step == Step::kBroken || (!moved && step == Step::kMore)) return broken;
    const std::size_t read = compressed.size() - in.size();
    if (auto refused = Grow(read, size, compressed.size() + out.capacity(), share)) return refused;
    if (step == Step::kMore) continue;
    if (in.empty()) break;
    if (!stream.Begin()) return broken;  // another member, or frame, follows
  }
  out.resize(size);
  return std::nullopt;
}

std::optional<Refusal> Decompressor::Grow(std::size_t read, std::size_t size, std::size_t held,
                                          ByteShare& share) const {
  if (size > limits_.decompressed_bytes)
    return Refusal{413, "the decompressed body is larger than " +
                            std::to_string(limits_.decompressed_bytes) + " bytes"};
  if (size > std::max(kStep, limits_.compression_ratio * read))
    return Refusal{413, "the body grows more than " + std::to_string(limits_.compression_ratio) +
                            " times when it is decompressed"};
  if (!share.GrowTo(held)) return Refusal{503, "too many requests at once"};
  return std::nullopt;
}

}  // namespace semel::ingest
