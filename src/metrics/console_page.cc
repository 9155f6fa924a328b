#include "metrics/console_page.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <string_view>

#include "console_html.h"

namespace semel::metrics {
namespace {

/// 'sha256-...' of what stands between <tag> and </tag>, as a policy names it.
std::string HashOf(std::string_view page, const std::string& tag) {
  const std::string open = "<" + tag + ">";
  const auto begin = page.find(open) + open.size();
  const std::string_view text = page.substr(begin, page.find("</" + tag + ">") - begin);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  std::array<unsigned char, 4 * (SHA256_DIGEST_LENGTH / 3 + 1) + 1> base64{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  const int size = EVP_EncodeBlock(base64.data(), digest.data(), SHA256_DIGEST_LENGTH);
  return "'sha256-" + std::string(base64.begin(), base64.begin() + size) + "'";
}

}  // namespace

HttpAnswer ConsolePage() {
  return {.content_type = "text/html; charset=utf-8",
          .body = std::string(kConsoleHtml),
          .content_security_policy =
              "default-src 'none'; script-src " + HashOf(kConsoleHtml, "script") + "; style-src " +
              HashOf(kConsoleHtml, "style") +
              "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
              "frame-ancestors 'none'"};
}

}  // namespace semel::metrics
