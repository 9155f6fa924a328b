# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev
# Another librdkafka than the system's, for `./dev test --librdkafka newest`. Sourced by ./dev.
#
#   build/librdkafka-newest/{include,lib}    build/newest: the tree that is built with it

# From the sources in the npm package of Confluent's JavaScript client, whose version and digest are pinned. Without curl,
# which is for OIDC, and without Cyrus SASL, which is for Kerberos.
build_newest_librdkafka() {
  local pins=$root/tools/kafka/librdkafka_sources.txt home=$build/librdkafka-newest package digest archive
  cmp -s "$pins" "$home/librdkafka_sources.txt" && return
  command -v npm >/dev/null || require npm
  say 'fetching and building librdkafka'
  rm -rf "$home"
  mkdir -p "$home"
  read -r package digest < <(grep -v '^#' "$pins")
  archive=$(cd "$home" && npm pack --silent "$package") || fail "npm could not fetch $package"
  sha256sum --check --status <<<"$digest  $home/$archive" || fail "$package is not the one that was pinned"
  tar -xzf "$home/$archive" -C "$home" package/deps/librdkafka
  (
    cd "$home/package/deps/librdkafka"
    ./configure --prefix="$home" --disable-debug-symbols --enable-ssl --enable-zstd --enable-zlib --disable-curl --disable-gssapi
    make -C src -j "$jobs" lib
    make -C src install
  ) >"$home/build.log" 2>&1 || fail "librdkafka does not build; see $home/build.log"
  rm -r "$home/package" "${home:?}/$archive"
  cp "$pins" "$home"  # last: says that all of the above is there
}
