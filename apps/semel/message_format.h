// Messages as text, for `semel consume`.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "semel/message.h"
#include "semel/result.h"

namespace semel::app {

/// Appends a message to `out`.
using MessageFormat = std::function<void(const Message&, std::string& out)>;

/// The value and a newline; with a delimiter, key and delimiter before it. Null is empty.
MessageFormat TextFormat(std::optional<std::string> key_delimiter);

/// One JSON object a line. Key and values are strings; {"base64": "..."} where they are not UTF-8;
/// null for null.
MessageFormat JsonFormat();

/// As kcat -f has it: %t topic, %p partition, %o offset, %k key, %s value, %h headers (a=b,c=d), %T
/// timestamp, %K and %S lengths of key and value (-1 for null), %% itself; \n \t \r \\ \xNN.
/// Errors: kFix, naming what is not known.
Result<MessageFormat> TemplateFormat(const std::string& text);

}  // namespace semel::app
