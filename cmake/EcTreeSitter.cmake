# ec_treesitter: the tree-sitter runtime and the grammars as one static library: Python, JavaScript and TypeScript, which
# are repaired and read, and C/C++ (one grammar), Go, Java and Rust, which are only read.
# The sources come from the npm packages pinned by version and integrity in third_party/package-lock.json; they are
# installed at configure time when they are missing or older than the lock file. Install scripts never run.
set(third_party ${PROJECT_SOURCE_DIR}/third_party)
set(modules ${third_party}/node_modules)
set(installed ${modules}/.package-lock.json)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${third_party}/package-lock.json)

if(NOT EXISTS ${installed} OR ${third_party}/package-lock.json IS_NEWER_THAN ${installed})
  find_program(EC_NPM npm)
  if(NOT EC_NPM)
    message(FATAL_ERROR "npm is needed to install the sources of tree-sitter (apt-get install npm)")
  endif()
  message(STATUS "Installing tree-sitter and its grammars (npm ci in third_party)")
  execute_process(COMMAND ${EC_NPM} ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund
    WORKING_DIRECTORY ${third_party} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(failed)
    message(FATAL_ERROR "npm ci in third_party failed (${failed}):\n${output}")
  endif()
  file(TOUCH_NOCREATE ${installed})
endif()

set(runtime ${modules}/tree-sitter/vendor/tree-sitter/lib)
set(python ${modules}/tree-sitter-python/src)
set(javascript ${modules}/tree-sitter-javascript/src)
set(typescript ${modules}/tree-sitter-typescript/typescript/src)
set(tsx ${modules}/tree-sitter-typescript/tsx/src)
set(cpp ${modules}/tree-sitter-cpp/src)
set(go ${modules}/tree-sitter-go/src)
set(java ${modules}/tree-sitter-java/src)
set(rust ${modules}/tree-sitter-rust/src)

add_library(ec_treesitter STATIC
  ${runtime}/src/lib.c
  ${python}/parser.c ${python}/scanner.c
  ${javascript}/parser.c ${javascript}/scanner.c
  ${typescript}/parser.c ${typescript}/scanner.c
  ${tsx}/parser.c ${tsx}/scanner.c
  ${cpp}/parser.c ${cpp}/scanner.c
  ${go}/parser.c
  ${java}/parser.c
  ${rust}/parser.c ${rust}/scanner.c)
# Every grammar brings its own tree_sitter/parser.h beside its sources, found there by the quoted include.
set_source_files_properties(${runtime}/src/lib.c PROPERTIES
  INCLUDE_DIRECTORIES "${runtime}/src;${runtime}/src/wasm" COMPILE_DEFINITIONS "_DEFAULT_SOURCE;_POSIX_C_SOURCE=200112L")
# The scanner that the two TypeScript grammars share looks for it on the include path instead.
set_source_files_properties(${typescript}/scanner.c PROPERTIES INCLUDE_DIRECTORIES ${typescript})
set_source_files_properties(${tsx}/scanner.c PROPERTIES INCLUDE_DIRECTORIES ${tsx})
target_include_directories(ec_treesitter SYSTEM PUBLIC ${runtime}/include)
# Generated tables of several megabytes: instrumenting them for sanitizers or coverage costs minutes and finds nothing
# of ours.
target_compile_options(ec_treesitter PRIVATE -w -O1 -g0)
if(EC_SANITIZE OR EC_FUZZ)
  target_compile_options(ec_treesitter PRIVATE -fno-sanitize=all)
endif()
