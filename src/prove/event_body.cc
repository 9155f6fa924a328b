#include "prove/event_body.h"

#include <array>
#include <ctime>

#include "prove/digest.h"
#include "prove/random.h"
#include "prove/view_event_fields.h"

namespace semel::prove {
namespace {

constexpr std::array<std::string_view, 16> kWords = {
    "play",  "pause", "resume", "web",      "android_tv", "ios",    "standard",  "moscow",
    "utc_3", "ru",    "drama",  "h264_avc", "1080p",      "mobile", "variant_b", "organic"};

constexpr std::string_view kTitles =
    "tarkovsky-mirror-stalker-solaris-nostalghia-sacrifice-andrei-rublev-ivans-childhood";

void AppendQuoted(std::string& out, std::string_view text) {
  // Only text of our own comes here: nothing in it needs an escape.
  out.push_back('"');
  out.append(text);
  out.push_back('"');
}

void AppendDate(std::string& out, std::int64_t time_ms) {
  const auto seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  AppendQuoted(out, {text.data(), size});
}

void AppendText(std::string& out, Random& random) {
  const std::size_t begin = random.Below(kTitles.size() / 2);
  AppendQuoted(out, kTitles.substr(begin, 12 + random.Below(24)));
}

void AppendValue(std::string& out, FieldKind kind, std::int64_t time_ms, Random& random) {
  switch (kind) {
    case FieldKind::kUuid:
      return AppendQuoted(out, UuidFrom(random.Next()));
    case FieldKind::kNumber:
      out += std::to_string(random.Below(100'000));
      return;
    case FieldKind::kMillis:
      out += std::to_string(time_ms - static_cast<std::int64_t>(random.Below(100'000)));
      return;
    case FieldKind::kFlag:
      out += random.Below(2) == 0 ? "false" : "true";
      return;
    case FieldKind::kWord:
      return AppendQuoted(out, kWords[random.Below(kWords.size())]);
    case FieldKind::kText:
      return AppendText(out, random);
    case FieldKind::kUrl:
      return AppendQuoted(out, "https://video.example/watch/" + UuidFrom(random.Next()) +
                                   "?from=shelf&item=" + std::to_string(random.Below(100)));
    case FieldKind::kDate:
      return AppendDate(out, time_ms);
  }
}

void AppendViewEvent(std::string& out, const EventBody& body, Random& random) {
  for (const Field& field : kViewEventFields) {
    AppendQuoted(out, field.name);
    out.push_back(':');
    AppendValue(out, field.kind, body.time_ms, random);
    out.push_back(',');
  }
}

void AppendSmall(std::string& out, const EventBody& body, Random& random) {
  out += R"("event_datetime":)";
  AppendDate(out, body.time_ms);
  out += R"(,"userId":)";
  AppendQuoted(out, UuidFrom(random.Next()));
  out += R"(,"sid":)";
  AppendQuoted(out, ToHex(random.Next()));
  out += R"(,"event_name":)";
  AppendQuoted(out, kWords[random.Below(kWords.size())]);
  out += R"(,"amount":)" + std::to_string(random.Below(1'000'000)) + ',';
}

}  // namespace

std::string UuidFrom(std::uint64_t seed) {
  std::string text = ToHex(Mix(seed)) + ToHex(Mix(~seed));
  text[12] = '4';  // version and variant, as RFC 9562 has them
  text[16] = '8';
  for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

std::string ToJson(const EventBody& body) {
  Random random(body.seed);
  std::string out;
  out.reserve(body.shape == Shape::kViewEvent ? 4608 : 256);
  out.push_back('{');
  if (body.id_member != IdMember::kAbsent) {
    out += R"("event_id":)";
    if (body.id_member == IdMember::kNull) {
      out += "null";
    } else {
      AppendQuoted(out, body.event_id);
    }
    out.push_back(',');
  }
  if (body.shape == Shape::kViewEvent) {
    AppendViewEvent(out, body, random);
  } else {
    AppendSmall(out, body, random);
  }
  out.back() = '}';
  return out;
}

}  // namespace semel::prove
