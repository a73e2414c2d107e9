# ec_module(<name> SOURCES a.cpp … DEPS core json … LINK external::lib … TESTS tests/x_test.cpp …)
#
# One folder under src/ is one static library ec::<name> with public headers in include/ec/<name>/. DEPS are public
# (their headers may appear in ours), LINK is private. TESTS become one GoogleTest program named ec_<name>_test.
function(ec_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LINK;TESTS;TEST_LINK" ${ARGN})
  set(target ec_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(ec::${name} ALIAS ${target})
  target_include_directories(${target} PUBLIC include PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE ec_options ${ARG_LINK})
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${target} PUBLIC ec::${dep})
  endforeach()
  if(EC_TESTS AND ARG_TESTS)
    ec_test(${target}_test SOURCES ${ARG_TESTS} LINK ec::${name} ${ARG_TEST_LINK})
    target_include_directories(${target}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
endfunction()

# ec_test(<program> SOURCES … LINK … ENV VAR=value …): a GoogleTest program registered with ctest as one entry.
# One entry a program, not one a case: starting a process for every case costs more than the cases.
function(ec_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;ENV;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ec_options ${ARG_LINK} GTest::gmock_main GTest::gtest)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 900)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
    ENVIRONMENT "EC_BIN_DIR=${PROJECT_BINARY_DIR}/bin;EC_SOURCE_DIR=${PROJECT_SOURCE_DIR};${ARG_ENV}")
endfunction()
