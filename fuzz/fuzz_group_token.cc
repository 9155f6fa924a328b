// Input: group metadata as librdkafka writes them. What librdkafka takes, we take; and what it
// writes of a generation, group and member is read as these.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "check.h"
#include "kafka/group_token.h"
#include "kafka/rdkafka_handles.h"

namespace semel::kafka {
namespace {

using fuzz::Check;

std::string Serialized(const rd_kafka_consumer_group_metadata_t* metadata) {
  void* buffer = nullptr;
  std::size_t size = 0;
  const ErrorPtr error(rd_kafka_consumer_group_metadata_write(metadata, &buffer, &size));
  Check(error == nullptr, "librdkafka does not write it");
  std::string serialized(static_cast<const char*>(buffer), size);
  rd_kafka_mem_free(nullptr, buffer);
  return serialized;
}

void CheckParsed(const std::string& input) {
  rd_kafka_consumer_group_metadata_t* read = nullptr;
  const ErrorPtr error(rd_kafka_consumer_group_metadata_read(&read, input.data(), input.size()));
  const GroupMetadataPtr metadata(read);
  const auto token = ParseGroupToken(input);
  if (metadata == nullptr) return;
  Check(token.has_value(), "librdkafka takes it");
  Check(token->serialized == input, "the token is another one");
  const auto again = ParseGroupToken(Serialized(metadata.get()));
  Check(again && again->generation == token->generation && again->member_id == token->member_id,
        "librdkafka reads another generation or member");
}

// The input as a generation, a group and a member.
void CheckWritten(std::string_view input) {
  std::int32_t generation = 0;
  if (input.size() < sizeof generation) return;
  std::memcpy(&generation, input.data(), sizeof generation);
  input.remove_prefix(sizeof generation);
  const std::string group(input.substr(0, input.find('\0')));
  input.remove_prefix(std::min(input.size(), group.size() + 1));
  const std::string member(input.substr(0, input.find('\0')));
  const GroupMetadataPtr metadata(rd_kafka_consumer_group_metadata_new_with_genid(
      group.c_str(), generation, member.c_str(), nullptr));
  const auto token = ParseGroupToken(Serialized(metadata.get()));
  Check(token && token->generation == generation && token->member_id == member,
        "generation or member are others");
}

}  // namespace
}  // namespace semel::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  semel::kafka::CheckParsed(input);
  semel::kafka::CheckWritten(input);
  return 0;
}
