// Who may send events, and to which topics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/token_bucket.h"
#include "semel/result.h"

namespace semel::ingest {

struct ApiKey {
  std::string name;
  std::array<std::uint8_t, 32> sha256{};  ///< of the key itself, which is nowhere
  std::vector<std::string> topics;        ///< empty: all
  std::unique_ptr<TokenBucket> bucket;    ///< null: no limit

  bool Allows(std::string_view topic) const;
};

/// Copies share the keys. Threads: any, at once.
class ApiKeys {
 public:
  /// Lines `NAME SHA256-IN-HEX [TOPIC...]`, fields separated by blanks; # begins a comment line.
  /// `rate`: events a second for each key, 0: no limit. Errors: kFix, naming `file` and the line,
  /// never what stands there as a key.
  static Result<ApiKeys> Parse(std::string_view text, const std::string& file, double rate);

  /// Whose key an Authorization field holds, as `Bearer KEY` or as the user's name of `Basic`;
  /// null: nobody's. How long it takes does not depend on which bytes are right.
  std::shared_ptr<const ApiKey> Find(std::string_view authorization) const;

  /// Those of `other` take their place, here and in all copies.
  void Replace(const ApiKeys& other) const;

  std::size_t size() const { return list()->size(); }

 private:
  using List = std::vector<ApiKey>;
  struct Cell {
    std::mutex mutex;
    std::shared_ptr<const List> list;
  };
  explicit ApiKeys(List list);
  std::shared_ptr<const List> list() const;

  std::shared_ptr<Cell> cell_ = std::make_shared<Cell>();
};

}  // namespace semel::ingest
