# find_package(bibun): the target bibun::bibun, and bibun_add_function for exported Python functions.
#
# cmake -Dbibun_DIR=$(python -c "import bibun; print(bibun.cpp.cmake_dir())") finds this file.
get_filename_component(_bibun_root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

if(NOT TARGET bibun::bibun)
  add_library(bibun::bibun INTERFACE IMPORTED)
  set_target_properties(bibun::bibun PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${_bibun_root}/include"
    INTERFACE_COMPILE_FEATURES cxx_std_17)
  find_package(Eigen3 QUIET NO_MODULE)
  if(TARGET Eigen3::Eigen)
    set_property(TARGET bibun::bibun APPEND PROPERTY INTERFACE_LINK_LIBRARIES Eigen3::Eigen)
  endif()
endif()

# bibun_add_function(target FILE model.py FUNCTION loss ARGUMENTS "x=float64[3,3]" "w=float64[3,2]"
#                    [WRT w] [KINDS value value_and_grad] [BATCH x] [DONATE w]
#                    [MATH vector] [INTERFACE eigen] [DEPENDS helper.py])
# A target with the headers of a Python function, which are made again when one of the files changes.
function(bibun_add_function target)
  cmake_parse_arguments(own "" "FILE;FUNCTION;MATH;INTERFACE" "ARGUMENTS;WRT;KINDS;BATCH;DONATE;DEPENDS" ${ARGN})
  # The Python in which bibun is installed; Python3_EXECUTABLE names another one.
  get_filename_component(prefix "${_bibun_root}/../../../../.." ABSOLUTE)
  if(NOT Python3_EXECUTABLE AND EXISTS "${prefix}/bin/python3" AND _bibun_root MATCHES "/_cpp$")
    set(Python3_EXECUTABLE "${prefix}/bin/python3")
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  get_filename_component(file "${own_FILE}" ABSOLUTE)
  if(NOT own_KINDS)
    set(own_KINDS value value_and_grad)
  endif()
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}")
  set(command "${Python3_EXECUTABLE}" -m bibun.cli export "${file}:${own_FUNCTION}"
    ${own_ARGUMENTS} --functions ${own_KINDS} --to "${folder}" --name "${own_FUNCTION}")
  foreach(option WRT BATCH DONATE MATH INTERFACE)
    if(own_${option})
      string(TOLOWER "${option}" name)
      list(APPEND command --${name} ${own_${option}})
    endif()
  endforeach()
  add_custom_command(OUTPUT "${folder}/README.md" COMMAND ${command}
    DEPENDS "${file}" ${own_DEPENDS} VERBATIM)
  add_custom_target(${target}_headers DEPENDS "${folder}/README.md")
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_headers)
  target_include_directories(${target} INTERFACE "${folder}")
  target_compile_features(${target} INTERFACE cxx_std_17)
endfunction()

set(bibun_FOUND TRUE)
