# ec_pytest(<name> file.py … LABELS … TIMEOUT seconds ENV VAR=value …): a pytest run registered with ctest as one entry.
# Its JUnit report lies where scripts/test counts cases. Debian's own python3 is asked first: it is the one that the
# scripts gave pytest to, whatever else comes first in PATH.
find_program(EC_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(EC_PYTHON python3)

function(ec_pytest name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABELS;ENV" ${ARGN})
  list(TRANSFORM ARG_UNPARSED_ARGUMENTS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE files)
  add_test(NAME ${name}
    COMMAND ${EC_PYTHON} -B -m pytest -q -p no:cacheprovider --rootdir=${CMAKE_CURRENT_SOURCE_DIR}
            --junitxml=${PROJECT_BINARY_DIR}/test-results/${name}.xml ${files}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 900)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
    ENVIRONMENT "EC_BIN_DIR=${PROJECT_BINARY_DIR}/bin;EC_SOURCE_DIR=${PROJECT_SOURCE_DIR};PYTHONDONTWRITEBYTECODE=1;${ARG_ENV}")
endfunction()
