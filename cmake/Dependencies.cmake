# Every outside library, its minimum version and the Debian 12 package it comes from, in one place.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka>=2.0.2)   # librdkafka-dev
find_package(OpenSSL 3.0 REQUIRED)                                   # libssl-dev
find_package(ZLIB 1.2 REQUIRED)                                         # zlib1g-dev
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd>=1.4)        # libzstd-dev
find_package(simdjson 3.0 REQUIRED)                                  # libsimdjson-dev
find_package(nlohmann_json 3.11 REQUIRED)                            # nlohmann-json3-dev
find_package(CLI11 2.1 REQUIRED)                                     # libcli11-dev
find_package(spdlog 1.10 REQUIRED)                                   # libspdlog-dev, libfmt-dev
find_package(yaml-cpp 0.7 REQUIRED)                                  # libyaml-cpp-dev
find_package(prometheus-cpp REQUIRED COMPONENTS core)            # prometheus-cpp-dev
find_package(Boost 1.74 REQUIRED)                                    # libboost-dev (Asio and Beast are header-only)
if(NOT SEMEL_SANITIZE)
  find_package(Boost 1.74 REQUIRED COMPONENTS context)                # libboost-context-dev, for the simulation
endif()
find_package(PostgreSQL 15 REQUIRED)                                 # libpq-dev
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis>=0.14)       # libhiredis-dev
set_target_properties(PkgConfig::HIREDIS PROPERTIES INTERFACE_COMPILE_OPTIONS "")  # a macro that precompiled headers lack
find_package(GTest 1.12 REQUIRED)                                    # libgtest-dev, libgmock-dev
