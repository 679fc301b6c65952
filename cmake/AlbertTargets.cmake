# albert_warnings: what every target of ours compiles with.
add_library(albert_warnings INTERFACE)
target_compile_options(albert_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow
  -Wno-unknown-pragmas)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # It says so of every simd loop that sanitizer builds leave scalar.
  target_compile_options(albert_warnings INTERFACE -Wno-pass-failed)
endif()
# Warnings stop the build under the compilers that our own checks run under alone: a newer one,
# which has warnings that nobody here has seen, must not stop a user.
if(ALBERT_WERROR AND "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}" MATCHES
  "^(GNU 12|Clang 14)\\.")
  target_compile_options(albert_warnings INTERFACE -Werror)
endif()
# Objects say nothing of where the tree lies, so that two clones give the same ones and share a
# compiler cache.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>)
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
    CCACHE_NOHASHDIR=1 ${CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
if(ALBERT_SANITIZE)
  add_compile_options(-fsanitize=${ALBERT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ALBERT_SANITIZE})
endif()

# albert_target(name): the settings shared by libraries, programs and tests.
function(albert_target name)
  target_compile_features(${name} PUBLIC cxx_std_20)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden
                                           VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE
                                           ON)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:albert_warnings>)
endfunction()

# albert_small(name): what is never hot, in optimised builds: a third smaller, and compiled faster.
function(albert_small name)
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo,Release>:-Os>)
endfunction()

# albert_library(name SOURCES ... HEADERS ... DEPENDS ...): one folder, one static library
# albert::name.
function(albert_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;DEPENDS" ${ARGN})
  add_library(albert_${name} STATIC ${arg_SOURCES})
  add_library(albert::${name} ALIAS albert_${name})
  albert_target(albert_${name})
  set_target_properties(albert_${name} PROPERTIES EXPORT_NAME ${name})
  target_sources(albert_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES
    ${arg_HEADERS})
  # Headers answer to <albert/..> alone, here as where they are installed.
  target_include_directories(albert_${name} INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(albert_${name} PUBLIC ${arg_DEPENDS})
  install(TARGETS albert_${name} EXPORT albertTargets FILE_SET HEADERS DESTINATION
    ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()
