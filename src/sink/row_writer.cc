#include "sink/row_writer.h"

#include <utility>

#include "sink/place.h"

namespace semel::sink {
namespace {

constexpr std::size_t kStreamBytes = std::size_t{256} << 10U;
// Each takes some questions to the server, and nobody polls meanwhile.
constexpr std::size_t kRefusedMax = 500;

}  // namespace

bool RowWriter::Take(const Record& record) {
  if (const std::string* const why = encoder_.Append(record, open_.text); why != nullptr)
    return Refuse(record, *why);
  open_.rows.push_back({&record, open_.text.size()});
  return true;
}

void RowWriter::Keep(std::unique_ptr<kafka::Batch> batch,
                     std::chrono::steady_clock::time_point due) {
  open_.due = due;
  open_.bytes += batch->bytes();
  open_.batches.push_back(std::move(batch));
}

/// False: the policy is to fail.
bool RowWriter::Refuse(const Record& record, const std::string& reason) {
  if (parts_.on_invalid != OnInvalid::kFail) {
    open_.refused.push_back({&record, reason});
    return true;
  }
  failure_ = Error{Action::kStop, Place(parts_.topic, record) + ": " + reason +
                                      ". Everything before it is in the table; --on-invalid "
                                      "topic:NAME puts such records aside"};
  return false;
}

Result<void> RowWriter::Stream() {
  if (open_.Unsent().size() < kStreamBytes) return {};
  SEMEL_TRY(parts_.database.Put(open_.Unsent()));
  open_.sent = open_.text.size();
  return {};
}

Result<Tally> RowWriter::Write() {
  tally_ = {};
  refused_rows_ = 0;
  rows_before_failure_ = open_.rows.size();
  if (!open_.rows.empty()) {
    SEMEL_TRY(parts_.database.Put(open_.Unsent()));
    const auto written = parts_.database.End();
    if (written) {
      tally_.rows = *written;
    } else if (written.error().action == Action::kRejectRecord) {
      parts_.database.RollBack();
      SEMEL_TRY(Split(0, open_.rows.size(), written.error().message));
    } else {
      return written.error();
    }
  }
  tally_.invalid = open_.refused.size();
  tally_.duplicates = rows_before_failure_ - refused_rows_ - tally_.rows;
  return tally_;
}

Result<void> RowWriter::Try(std::size_t begin, std::size_t end) {
  const auto written = parts_.database.Try(open_.Lines(begin, end));
  if (!written && written.error().action == Action::kRejectRecord)
    return Split(begin, end, written.error().message);
  if (!written) return written.error();
  tally_.rows += *written;
  return {};
}

/// Some row in [begin, end) is refused: halves that are accepted are written, until the refused
/// ones stand alone. In order, so that under the policy to fail nothing behind the first is
/// written.
Result<void> RowWriter::Split(std::size_t begin, std::size_t end, const std::string& why) {
  if (end - begin == 1) {
    if (!Refuse(*open_.rows[begin].record, why)) {
      rows_before_failure_ = begin;
    } else if (++refused_rows_ > kRefusedMax) {
      return Error{Action::kRetry, "more than " + std::to_string(kRefusedMax) +
                                       " rows of one transaction are refused: " + why};
    }
    return {};
  }
  const std::size_t middle = begin + (end - begin) / 2;
  SEMEL_TRY(Try(begin, middle));
  if (rows_before_failure_ < open_.rows.size()) return {};
  return Try(middle, end);
}

Result<void> RowWriter::SendLetters() {
  if (open_.refused.empty()) return {};
  const Refused& first = open_.refused.front();
  parts_.log.Warning("no rows could be made of some records",
                     {{"topic", parts_.topic},
                      {"records", std::to_string(open_.refused.size())},
                      {"first_partition", std::to_string(first.record->partition)},
                      {"first_offset", std::to_string(first.record->offset)},
                      {"reason", first.reason}});
  if (parts_.letters == nullptr) return {};
  for (const Refused& refused : open_.refused)
    SEMEL_TRY(parts_.letters->Send(*refused.record, refused.reason));
  return parts_.letters->Flush();
}

void RowWriter::Clear() {
  open_.Clear();
  failure_.reset();
  rows_before_failure_ = 0;
}

}  // namespace semel::sink
