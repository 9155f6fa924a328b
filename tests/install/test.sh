#!/usr/bin/env bash
# Installs a build and uses it from an outside project: by find_package and pkg-config, shared and static, GCC and Clang.
# Usage: test.sh BUILD_DIR
set -euo pipefail
build=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$build" --prefix "$scratch/usr" >/dev/null
libraries=$(dirname "$(find "$scratch/usr" -name libsemel.so)")
export LD_LIBRARY_PATH=$libraries
expected=

# used PROGRAM: runs, and says the same as all others.
used() {
  local said
  said=$("$1")
  : "${expected:=$said}"
  [[ $said == "$expected" ]] || { echo "$1 says $said, not $expected" >&2; exit 1; }
  echo "  ${1#"$scratch"/}: $said"
}

for compiler in g++ clang++-16; do
  cmake -S "$here" -B "$scratch/$compiler" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$scratch/usr" >/dev/null
  cmake --build "$scratch/$compiler" >/dev/null
  used "$scratch/$compiler/shared"
  used "$scratch/$compiler/static"
done

export PKG_CONFIG_PATH=$libraries/pkgconfig
# shellcheck disable=SC2046  # flags are words
g++ -std=c++20 "$here/main.cc" -o "$scratch/by_pkg_config" $(pkg-config --cflags --libs semel)
used "$scratch/by_pkg_config"
# What a program sees are std types: no header of ours names another library's.
if grep -rnE '#include <(librdkafka|nlohmann|simdjson|openssl|boost)' "$scratch/usr/include/semel"; then exit 1; fi
