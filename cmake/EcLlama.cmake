# ec_llama: llama.cpp for the programs that run models, and for nothing else: `edgecoder` itself never links it.
#
#   EC_LLAMA=npm     (default) headers from the git bundle in node-llama-cpp, prebuilt libraries from
#                    @node-llama-cpp/<platform>, both pinned by version and integrity in third_party/llama
#   EC_LLAMA=source  the libraries built from that bundle (a platform without prebuilt ones)
#   EC_LLAMA=system  headers and libraries below EC_LLAMA_PREFIX (include/, lib/, and include/common/ for llama-common)
#   EC_LLAMA=off     no embedded models
#
# The libraries land in lib/llama beside bin/, where the programs look ($ORIGIN/../lib/llama). The kernels for this
# machine's CPU, and CUDA or Vulkan where their libggml-*.so lie in that folder, are picked when a model is loaded.
set(EC_LLAMA npm CACHE STRING "Where llama.cpp comes from: npm, source, system or off")
set_property(CACHE EC_LLAMA PROPERTY STRINGS npm source system off)
set(EC_LLAMA_DIR ${PROJECT_BINARY_DIR}/lib/llama)
set(llama_pinned ${PROJECT_SOURCE_DIR}/third_party/llama)
set(EC_LLAMA_UNPACKED ${PROJECT_BINARY_DIR}/llama CACHE INTERNAL "Where the files of the bundle lie")

# ec_llama_install(): the two packages, where they are missing or older than the lock file. Install scripts never run.
function(ec_llama_install)
  set(installed ${llama_pinned}/node_modules/.package-lock.json)
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${llama_pinned}/package-lock.json)
  if(NOT EXISTS ${installed} OR ${llama_pinned}/package-lock.json IS_NEWER_THAN ${installed})
    find_program(EC_NPM npm)
    if(NOT EC_NPM)
      message(FATAL_ERROR "npm is needed to install llama.cpp (apt-get install npm), or configure with -DEC_LLAMA=off")
    endif()
    message(STATUS "Installing llama.cpp (npm ci in third_party/llama)")
    execute_process(COMMAND ${EC_NPM} ci --ignore-scripts --no-audit --no-fund
      WORKING_DIRECTORY ${llama_pinned} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(failed)
      message(FATAL_ERROR "npm ci in third_party/llama failed (${failed}); -DEC_LLAMA=off does without:\n${output}")
    endif()
    file(TOUCH_NOCREATE ${installed})
  endif()
endfunction()

# ec_llama_unpack(<folder> path…): those paths of the bundle, once per state of the lock file.
function(ec_llama_unpack folder)
  find_package(Git REQUIRED)
  file(SHA256 ${llama_pinned}/package-lock.json lock)
  set(stamp "${lock} ${ARGN}")
  if(EXISTS ${folder}/.stamp)
    file(READ ${folder}/.stamp unpacked)
    if(unpacked STREQUAL stamp)
      return()
    endif()
  endif()
  file(REMOVE_RECURSE ${folder} ${folder}.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} clone --quiet --bare
      ${llama_pinned}/node_modules/node-llama-cpp/llama/gitRelease.bundle ${folder}.git COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${GIT_EXECUTABLE} --git-dir ${folder}.git archive --output ${folder}.tar HEAD ${ARGN}
    COMMAND_ERROR_IS_FATAL ANY)
  file(ARCHIVE_EXTRACT INPUT ${folder}.tar DESTINATION ${folder})
  file(REMOVE_RECURSE ${folder}.git ${folder}.tar)
  file(WRITE ${folder}/.stamp "${stamp}")
endfunction()

# ec_llama_from(<libraries> <include folder>…): makes the target out of libllama, libllama-common and libggml*.
function(ec_llama_from libraries)
  add_library(ec_llama INTERFACE)
  target_include_directories(ec_llama SYSTEM INTERFACE ${ARGN})
  # Not given to the linker as one group of names: each is found by its file, whatever version its name carries.
  foreach(name llama-common llama ggml ggml-base)
    file(GLOB found ${libraries}/lib${name}.so ${libraries}/lib${name}.v*.so ${libraries}/lib${name}.dylib)
    if(NOT found)
      message(FATAL_ERROR "there is no lib${name} in ${libraries}; configure with -DEC_LLAMA=off to do without")
    endif()
    list(GET found 0 file)
    target_link_libraries(ec_llama INTERFACE ${file})
  endforeach()
endfunction()

# ec_llama_program(<target>): the program finds the libraries beside itself, in the build folder as when installed.
function(ec_llama_program target)
  set_target_properties(${target} PROPERTIES BUILD_RPATH_USE_ORIGIN ON INSTALL_RPATH "$ORIGIN/../lib/llama")
endfunction()

if(EC_LLAMA STREQUAL "npm" OR EC_LLAMA STREQUAL "source")
  ec_llama_install()
  set(llama_headers include ggml/include ":(glob)common/**/*.h" tools/llama-bench LICENSE
      models/ggml-vocab-qwen2.gguf models/templates/Qwen-Qwen2.5-7B-Instruct.jinja)
endif()
if(EC_LLAMA STREQUAL "npm")
  ec_llama_unpack(${EC_LLAMA_UNPACKED} ${llama_headers})
  file(GLOB llama_prebuilt ${llama_pinned}/node_modules/@node-llama-cpp/*/bins/*/*.so)
  file(MAKE_DIRECTORY ${EC_LLAMA_DIR})
  foreach(library IN LISTS llama_prebuilt)
    get_filename_component(name ${library} NAME)
    if(NOT EXISTS ${EC_LLAMA_DIR}/${name})
      file(CREATE_LINK ${library} ${EC_LLAMA_DIR}/${name} SYMBOLIC)
    endif()
  endforeach()
elseif(EC_LLAMA STREQUAL "source")
  ec_llama_unpack(${EC_LLAMA_UNPACKED} CMakeLists.txt LICENSE cmake src include ggml common vendor
      models/ggml-vocab-qwen2.gguf models/templates/Qwen-Qwen2.5-7B-Instruct.jinja)
  if(NOT EXISTS ${EC_LLAMA_DIR}/.built)
    message(STATUS "Building llama.cpp from source (some minutes, once)")
    execute_process(COMMAND ${CMAKE_COMMAND} -S ${EC_LLAMA_UNPACKED} -B ${EC_LLAMA_UNPACKED}-build -DCMAKE_BUILD_TYPE=Release
        -DBUILD_SHARED_LIBS=ON -DLLAMA_BUILD_COMMON=ON -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF
        -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_CURL=OFF
        -DGGML_NATIVE=OFF -DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON -DGGML_OPENMP=OFF
        -DCMAKE_BUILD_RPATH=$ORIGIN -DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${EC_LLAMA_DIR}
        -DCMAKE_RUNTIME_OUTPUT_DIRECTORY=${EC_LLAMA_DIR} COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND ${CMAKE_COMMAND} --build ${EC_LLAMA_UNPACKED}-build --parallel 2 COMMAND_ERROR_IS_FATAL ANY)
    file(TOUCH ${EC_LLAMA_DIR}/.built)
  endif()
endif()

if(EC_LLAMA STREQUAL "system")
  set(EC_LLAMA_PREFIX /usr CACHE PATH "Where the system's llama.cpp is installed")
  set(EC_LLAMA_DIR ${EC_LLAMA_PREFIX}/lib)
  ec_llama_from(${EC_LLAMA_DIR} ${EC_LLAMA_PREFIX}/include ${EC_LLAMA_PREFIX}/include/common)
elseif(NOT EC_LLAMA STREQUAL "off")
  ec_llama_from(${EC_LLAMA_DIR} ${EC_LLAMA_UNPACKED}/include ${EC_LLAMA_UNPACKED}/ggml/include ${EC_LLAMA_UNPACKED}/common)
endif()
