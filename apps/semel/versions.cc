#include "versions.h"

#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <zlib.h>
#include <zstd.h>

#include "kafka/library_version.h"

namespace semel::app {
namespace {

// The same interface does not mean the same behaviour: docs/versions.md.
std::string Librdkafka() {
  const std::string linked = kafka::LibraryVersion();
  const std::string compiled = kafka::LibraryVersionOfBuild();
  return linked == compiled ? linked : linked + " (compiled with " + compiled + ")";
}

std::string Libpq() {
  return std::to_string(PQlibVersion() / 10000) + "." + std::to_string(PQlibVersion() % 10000);
}

}  // namespace

std::string Versions() {
  return "semel " SEMEL_VERSION "\nlibrdkafka " + Librdkafka() + "\nOpenSSL " +
         OpenSSL_version(OPENSSL_VERSION_STRING) + "\nlibpq " + Libpq() + "\nzlib " +
         zlibVersion() + "\nzstd " + ZSTD_versionString();
}

}  // namespace semel::app
