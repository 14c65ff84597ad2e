# sealwire_folder(NAME [LINK lib...] [PRIVATE lib...] [EXCLUDE pattern...] [ONLY pattern])
#
# Makes the static library `sealwire_NAME` of every .cc file in the calling folder. LINK names what
# its headers need, PRIVATE what only its sources need (the C library it is the only door to).
# Includes are written from the root: #include "dns/name.h".
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(sealwire_options INTERFACE)
target_include_directories(sealwire_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(sealwire_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align
  -Woverloaded-virtual -Wnull-dereference -Wimplicit-fallthrough -Werror
  -fstack-protector-strong -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these falsely through inlined std::variant, std::optional and std::span.
  target_compile_options(sealwire_options INTERFACE
    -Wno-null-dereference -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds
    -Wno-restrict -Wno-stringop-overread -Wno-dangling-pointer)
endif()
if(SEALWIRE_SANITIZE)
  target_compile_options(sealwire_options INTERFACE -fsanitize=${SEALWIRE_SANITIZE}
    -fno-sanitize-recover=all)
  target_link_options(sealwire_options INTERFACE -fsanitize=${SEALWIRE_SANITIZE})
endif()
if(SEALWIRE_FUZZ)
  # libFuzzer finds its way only through code that reports its edges: the folders, not just the targets.
  target_compile_options(sealwire_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(sealwire_folder name)
  cmake_parse_arguments(F "" "" "LINK;PRIVATE;EXCLUDE;ONLY" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(pattern ${F_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX ${pattern})
  endforeach()
  if(F_ONLY)
    list(FILTER sources INCLUDE REGEX ${F_ONLY})
  endif()
  add_library(sealwire_${name} STATIC ${sources})
  set_target_properties(sealwire_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(sealwire_${name} PUBLIC sealwire_options ${F_LINK} PRIVATE ${F_PRIVATE})
endfunction()

# sealwire_tests(FOLDER [LINK lib...]): tests/FOLDER/*_test.cc as one GoogleTest program, run test
# case by test case under the label FOLDER; suites named Slow… under `slow` instead.
function(sealwire_tests folder)
  cmake_parse_arguments(T "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${folder}_test ${sources})
  target_link_libraries(${folder}_test PRIVATE sealwire_${folder} ${T_LINK}
    GTest::gmock GTest::gtest_main)
  target_compile_definitions(${folder}_test PRIVATE
    SEALWIRE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SEALWIRE_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  set_target_properties(${folder}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  gtest_discover_tests(${folder}_test DISCOVERY_TIMEOUT 60 TEST_FILTER -Slow*
    PROPERTIES LABELS ${folder} TIMEOUT 300)
  gtest_discover_tests(${folder}_test DISCOVERY_TIMEOUT 60 TEST_FILTER Slow*
    TEST_LIST ${folder}_slow_tests PROPERTIES LABELS slow TIMEOUT 900)
endfunction()

# sealwire_fuzz(FOLDER): tests/FOLDER/fuzz/*_fuzz.cc, each one libFuzzer program of the file's name.
function(sealwire_fuzz folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/fuzz/*_fuzz.cc)
  foreach(source ${sources})
    get_filename_component(target ${source} NAME_WE)
    add_executable(${target} ${source})
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${target} PRIVATE sealwire_${folder})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  endforeach()
endfunction()
