# shellcheck shell=bash disable=SC2034,SC2154  # the sets are read by name; $build comes from ./dev
# What each subcommand needs, and how it gets there. Sourced by ./dev.
#
# A line is a Debian package and how to look for it elsewhere: a command, a pkg-config module or a header.

readonly packages_kafka='
  maven                    command mvn
  procps                   command ps
  util-linux               command flock'

readonly packages_build='
  g++                      command g++
  cmake                    command cmake
  ninja-build              command ninja
  ccache                   command ccache
  pkg-config               command pkg-config
  librdkafka-dev           module rdkafka
  libsimdjson-dev          header simdjson.h
  nlohmann-json3-dev       header nlohmann/json.hpp
  libssl-dev               module libcrypto
  libboost-dev             header boost/version.hpp
  libboost-context-dev     header boost/context/fiber.hpp
  libcli11-dev             header CLI/CLI.hpp
  libspdlog-dev            module spdlog
  libfmt-dev               module fmt
  libyaml-cpp-dev          module yaml-cpp
  prometheus-cpp-dev       header prometheus/registry.h
  libpq-dev                module libpq
  libhiredis-dev           module hiredis
  libgtest-dev             module gtest
  libgmock-dev             module gmock
  zlib1g-dev               module zlib
  libzstd-dev              module libzstd
  liblz4-dev               module liblz4'

readonly packages_npm='
  npm                      command npm'

readonly packages_bench='
  libbenchmark-dev         module benchmark
  librocksdb-dev           header rocksdb/db.h'

readonly packages_serve_bench='
  python3-fastapi          python fastapi
  python3-uvicorn          python uvicorn
  python3-uvloop           python uvloop
  python3-httptools        python httptools
  python3-redis            python redis
  python3-confluent-kafka  python confluent_kafka
  redis-server             command redis-server'

readonly packages_clang='
  clang-16                 command clang++-16
  libclang-rt-16-dev       command clang++-16'

readonly packages_format='
  clang-format-16          command clang-format-16'

readonly packages_lint='
  clang-tidy-16            command run-clang-tidy-16'

readonly packages_unit='
  redis-server             command redis-server'

readonly packages_integration='
  python3-pytest           python pytest
  python3-pytest-xdist     python xdist
  python3-pytest-timeout   python pytest_timeout
  python3-confluent-kafka  python confluent_kafka
  python3-selenium         python selenium
  python3-yaml             python yaml
  chromium                 command chromium
  chromium-driver          command chromedriver
  postgresql               command psql
  openssl                  command openssl
  curl                     command curl
  redis-server             command redis-server
  redis-tools              command redis-cli
  zsh                      command zsh
  groff-base               command groff'

readonly packages_chaos='
  python3-pytest           python pytest
  python3-confluent-kafka  python confluent_kafka
  faketime                 command faketime'

readonly packages_full_demo='
  postgresql               command psql
  redis-server             command redis-server
  redis-tools              command redis-cli
  curl                     command curl'

readonly packages_secured='
  openssl                  command openssl
  python3-pip              python pip'

is_debian_12() {
  [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian && $VERSION_ID == 12 ]])
}

# is_found KIND NAME
is_found() {
  case $1 in
    command) command -v "$2" >/dev/null ;;
    module) pkg-config --exists "$2" 2>/dev/null ;;
    header) echo "#include <$2>" | c++ -std=c++20 -x c++ -fsyntax-only - 2>/dev/null ;;
    python) /usr/bin/python3 -c "import $2" 2>/dev/null ;;
  esac
}

java_is_new_enough() {
  local version
  version=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.specification.version = //p') || return 1
  [[ $version =~ ^[0-9]+$ ]] && ((version >= 17))
}

# missing_packages LINES: prints the packages that are not there.
missing_packages() {
  local lines=$1 package kind name installed=''
  if is_debian_12; then
    installed=$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p')
  fi
  while read -r package kind name; do
    [[ -n $package ]] || continue
    if [[ -n $installed ]]; then
      grep -qxF -- "$package" <<<"$installed" || echo "$package"
    else
      is_found "$kind" "$name" || echo "$package"
    fi
  done <<<"$lines"
}

# require SET...: makes sure that the named sets of packages are there.
require() {
  local set lines='' missing
  for set in "$@"; do
    set=packages_$set
    lines+=${!set}$'\n'
  done
  mapfile -t missing < <(missing_packages "$lines")
  if [[ " $* " == *' kafka '* ]] && ! java_is_new_enough; then missing+=(openjdk-17-jre-headless); fi
  ((${#missing[@]})) || return 0

  is_debian_12 || fail "these are missing (names as in Debian 12), please install them: ${missing[*]}"
  local root_shell=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "these packages are missing, and there is no sudo to install them: ${missing[*]}"
    root_shell=(sudo)
  fi
  say "installing ${missing[*]}"
  {
    "${root_shell[@]}" apt-get update -q
    "${root_shell[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
  } >"$build/apt.log" 2>&1 || fail "apt-get did not succeed; see $build/apt.log"
}
