# What every target of ours is compiled with, as one INTERFACE target; never global flags,
# except the sanitizers, which must reach everything that is linked.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)  # one compilation for the binary and both libraries

find_program(SEMEL_CCACHE ccache)
if(SEMEL_CCACHE)
  # What is precompiled differs in time and nothing else from one build to the next.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${SEMEL_CCACHE})
endif()

set(SEMEL_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=; empty for none")
if(SEMEL_SANITIZE)
  add_compile_options(-fsanitize=${SEMEL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SEMEL_SANITIZE})
endif()

add_library(semel_options INTERFACE)
target_compile_options(semel_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast -Werror
  -fstack-protector-strong -fno-semantic-interposition)
target_compile_options(semel_options INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
target_include_directories(semel_options INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)

# Parsed once and not in every file: see src/ and tests/unit/. The preset `dev` does without, so that an #include that a
# file forgot is missed somewhere.
set(semel_precompiled
  <algorithm> <array> <atomic> <chrono> <cstdint> <functional> <map> <memory> <mutex> <optional> <span> <string>
  <string_view> <thread> <utility> <vector>)
target_compile_options(semel_options INTERFACE $<IF:$<CXX_COMPILER_ID:Clang>,SHELL:-Xclang -fno-pch-timestamp,-fpch-preprocess>)
