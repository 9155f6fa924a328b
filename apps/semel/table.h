// Rows of text under each other, for people to read.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace semel::app {

/// Each column as wide as its widest cell; two spaces between them.
void PrintTable(const std::vector<std::vector<std::string>>& rows, std::ostream& out);

}  // namespace semel::app
