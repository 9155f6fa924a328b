#include "message_format.h"

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace semel::app {
namespace {

using Json = nlohmann::ordered_json;

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(bytes.size() - i, 3);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8U | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      text += j <= count ? kDigits[group >> (18 - 6 * j) & 63U] : '=';
  }
  return text;
}

// The JSON text of the bytes. nlohmann throws where they are not UTF-8.
Json ToJson(const Bytes& bytes) {
  if (!bytes) return nullptr;
  Json text = std::string(*bytes);
  try {
    static_cast<void>(text.dump());
  } catch (const Json::type_error&) {
    return {{"base64", Base64(*bytes)}};
  }
  return text;
}

std::string HeadersOf(const Message& message) {
  std::string text;
  for (const Header& header : message.headers) {
    if (!text.empty()) text += ',';
    text.append(header.name).append("=").append(header.value.value_or("NULL"));
  }
  return text;
}

std::string LengthOf(const Bytes& bytes) { return bytes ? std::to_string(bytes->size()) : "-1"; }

void AppendField(char field, const Message& message, std::string& out) {
  switch (field) {
    case 't':
      out.append(message.topic);
      break;
    case 'p':
      out.append(std::to_string(message.partition));
      break;
    case 'o':
      out.append(std::to_string(message.offset));
      break;
    case 'k':
      out.append(message.key.value_or(""));
      break;
    case 's':
      out.append(message.value.value_or(""));
      break;
    case 'h':
      out.append(HeadersOf(message));
      break;
    case 'T':
      out.append(std::to_string(message.timestamp_ms));
      break;
    case 'K':
      out.append(LengthOf(message.key));
      break;
    case 'S':
      out.append(LengthOf(message.value));
      break;
    default:
      break;
  }
}

struct Piece {
  std::string text;  // before the field
  char field = 0;    // 0: none
};

Error Wrong(std::string_view what) {
  return {Action::kFix, "--template: " + std::string(what) +
                            " is not known; there are %t %p %o %k %s %h %T %K %S %% and \\n \\t "
                            "\\r \\\\ \\xNN"};
}

std::optional<char> HexByte(std::string_view digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  unsigned value = 0;
  for (const char digit : digits) {
    const std::size_t found = kHex.find(static_cast<char>(std::tolower(digit)));
    if (found == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(found);
  }
  if (digits.size() != 2) return std::nullopt;
  return static_cast<char>(value);
}

// Takes an escape, without its backslash, from the front of `rest`.
Result<char> TakeEscape(std::string_view& rest) {
  constexpr std::string_view kNames = "ntr\\";
  constexpr std::string_view kBytes = "\n\t\r\\";
  const std::string_view whole = rest.substr(0, rest.starts_with('x') ? 3 : 1);
  rest.remove_prefix(whole.size());
  if (whole.starts_with('x')) {
    if (const auto byte = HexByte(whole.substr(1))) return *byte;
  } else if (const std::size_t at = whole.empty() ? std::string_view::npos : kNames.find(whole);
             at != std::string_view::npos) {
    return kBytes[at];
  }
  return Wrong(std::string(1, '\\').append(whole));
}

Result<std::vector<Piece>> ParseTemplate(std::string_view rest) {
  std::vector<Piece> pieces(1);
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '\\') {
      SEMEL_TRY_ASSIGN(const char byte, TakeEscape(rest));
      pieces.back().text += byte;
    } else if (c != '%' || rest.starts_with('%')) {
      pieces.back().text += c;
      if (c == '%') rest.remove_prefix(1);
    } else if (!rest.empty() &&
               std::string_view("tpokshTKS").find(rest.front()) != std::string_view::npos) {
      pieces.back().field = rest.front();
      pieces.emplace_back();
      rest.remove_prefix(1);
    } else {
      return Wrong(std::string(1, '%').append(rest.substr(0, 1)));
    }
  }
  return pieces;
}

}  // namespace

MessageFormat TextFormat(std::optional<std::string> key_delimiter) {
  return [delimiter = std::move(key_delimiter)](const Message& message, std::string& out) {
    if (delimiter) out.append(message.key.value_or("")).append(*delimiter);
    out.append(message.value.value_or("")).append("\n");
  };
}

MessageFormat JsonFormat() {
  return [](const Message& message, std::string& out) {
    Json headers = Json::array();
    for (const Header& header : message.headers)
      headers.push_back({{"name", ToJson(header.name)}, {"value", ToJson(header.value)}});
    const Json line = {{"topic", std::string(message.topic)},
                       {"partition", message.partition},
                       {"offset", message.offset},
                       {"timestamp", message.timestamp_ms},
                       {"key", ToJson(message.key)},
                       {"value", ToJson(message.value)},
                       {"headers", std::move(headers)}};
    out.append(line.dump()).append("\n");
  };
}

Result<MessageFormat> TemplateFormat(const std::string& text) {
  SEMEL_TRY_ASSIGN(auto pieces, ParseTemplate(text));
  return MessageFormat([pieces = std::move(pieces)](const Message& message, std::string& out) {
    for (const Piece& piece : pieces) {
      out.append(piece.text);
      AppendField(piece.field, message, out);
    }
  });
}

}  // namespace semel::app
