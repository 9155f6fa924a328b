// JSON values as they are hashed: one text for each value, whatever way it was written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace semel {

/// Threads: one caller at a time per object (it keeps scratch memory).
class JsonCanonicalizer {
 public:
  /// Appends the canonical bytes of `value`: one JSON value that JsonScanner found. False: it holds
  /// an object with a name twice, a lone surrogate or a number out of range; `out` is then
  /// undefined. Cost: one pass, and a copy of each object whose names are not in order.
  bool Append(std::string_view value, std::string& out);

 private:
  /// A member in the output: its name with the length before it, then its value.
  struct Member {
    std::size_t begin;
    std::size_t name;  ///< where the name itself begins
    std::size_t name_size;
    std::size_t end;
  };

  // All read at `p_`; false as Append.
  bool AppendValue();
  bool AppendString();
  bool AppendNumber();
  bool AppendArray();
  bool AppendObject();
  bool AppendMember();
  bool SortMembers(std::size_t first_member);
  void SkipSpace();
  bool TakeIf(char c);
  std::optional<std::string_view> TakeString();

  const char* p_ = nullptr;
  const char* end_ = nullptr;
  std::string* out_ = nullptr;
  std::vector<Member> members_;  ///< of all objects that are open, the innermost at the end
  std::string decoded_;
  std::string sorted_;
};

}  // namespace semel
