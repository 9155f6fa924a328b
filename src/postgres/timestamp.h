// Times as PostgreSQL reads them in every setting of DateStyle and TimeZone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace semel::postgres {

/// Appends a date, or a date and time, of ISO 8601 (RFC 3339): 2026-11-23T12:28:33.123+03:00. A
/// time without a zone is UTC; what is finer than a microsecond is cut off.
/// False: it is none of them, or there is no such day; `out` is then as it was.
bool AppendTimestamp(std::string_view text, std::string& out);

/// The same for milliseconds since the epoch, in the years 1 to 9999.
bool AppendTimestamp(std::int64_t milliseconds, std::string& out);

}  // namespace semel::postgres
