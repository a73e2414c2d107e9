# ec_embed(<target> <namespace> file …): makes each file a constexpr std::string_view in the generated header
# <ec_embedded/target.hpp>, named after the file with every other character turned into '_'.
function(ec_embed target namespace)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded/ec_embedded/${target}.hpp)
  set(inputs)
  foreach(file IN LISTS ARGN)
    list(APPEND inputs ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  string(REPLACE ";" "|" joined "${inputs}")
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DNAMESPACE=${namespace} "-DINPUTS=${joined}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  add_custom_target(${target}_embedded DEPENDS ${out})
  add_dependencies(${target} ${target}_embedded)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/embedded)
endfunction()
