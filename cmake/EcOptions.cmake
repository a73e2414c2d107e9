# Compiler and linker settings, carried by the interface target ec_options that every module links privately.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(EC_CCACHE ccache)
if(EC_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The hash must not depend on where the checkout lies, or every clone builds cold.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${EC_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

add_library(ec_options INTERFACE)
# clang blames us for what libstdc++'s stable_sort uses (get_temporary_buffer); deprecated uses of ours are g++'s to find.
target_compile_options(ec_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -fno-strict-aliasing
  $<$<COMPILE_LANGUAGE:CXX>:-Wconversion>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict -Wno-stringop-overflow -Wno-dangling-pointer -Wno-missing-field-initializers>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:Clang>>:-Wthread-safety -Wno-deprecated-declarations -Wno-missing-designated-field-initializers -Wno-missing-field-initializers>
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(EC_WERROR)
  target_compile_options(ec_options INTERFACE -Werror)
endif()
target_compile_definitions(ec_options INTERFACE EC_VERSION="${PROJECT_VERSION}")

if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT EC_SANITIZE)
  target_compile_options(ec_options INTERFACE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,-O1)
  add_compile_options(-ffunction-sections -fdata-sections)
endif()

# A program that people wait for starts in half the time when the loader has no C++ library to find, map and relocate
# (1.4 ms instead of 3.0 ms here), so release builds carry them. Day-to-day builds link faster without.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT EC_SANITIZE)
  set(EC_SELF_CONTAINED ON)
  set(Boost_USE_STATIC_LIBS ON)
endif()
# ec_prefer_archives(): later look-ups in this folder take lib*.a over lib*.so where there is one.
macro(ec_prefer_archives)
  if(EC_SELF_CONTAINED)
    list(PREPEND CMAKE_FIND_LIBRARY_SUFFIXES .a)
  endif()
endmacro()

if(EC_SANITIZE)
  add_compile_options(-fsanitize=${EC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${EC_SANITIZE})
endif()
if(EC_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
if(EC_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined)
  add_link_options(-fsanitize=address,undefined)
endif()
find_program(EC_MOLD mold)
if(EC_MOLD AND CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_link_options(-fuse-ld=mold)
endif()
