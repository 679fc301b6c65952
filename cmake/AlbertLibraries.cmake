# The libraries that albert's libraries are linked with, as imported targets. The build includes
# this file, and so does the installed albertConfig.cmake. What is not there is listed in
# ALBERT_MISSING, with the Debian package that has it.
set(ALBERT_MISSING "")

# albert_library_target(NAMESPACE::NAME header library package): a target for a library that has no
# CMake module, or whose own asks for more than we use: Debian's dnnl-config.cmake wants OpenCL's
# development files.
macro(albert_library_target target header library package)
  if(NOT TARGET ${target})
    find_path(ALBERT_${library}_INCLUDE_DIR ${header})
    find_library(ALBERT_${library}_LIBRARY ${library})
    mark_as_advanced(ALBERT_${library}_INCLUDE_DIR ALBERT_${library}_LIBRARY)
    if(ALBERT_${library}_INCLUDE_DIR AND ALBERT_${library}_LIBRARY)
      add_library(${target} UNKNOWN IMPORTED)
      set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${ALBERT_${library}_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${ALBERT_${library}_INCLUDE_DIR})
    else()
      list(APPEND ALBERT_MISSING "${header} and lib${library} (Debian: ${package})")
    endif()
  endif()
endmacro()

# albert_package(package name [version]): find_package(), which says no more than what is missing.
macro(albert_package package name)
  find_package(${name} ${ARGN} QUIET)
  if(NOT ${name}_FOUND)
    string(REPLACE ";" " " albert_wanted "${name};${ARGN}")
    string(STRIP "${albert_wanted}" albert_wanted)
    list(APPEND ALBERT_MISSING "${albert_wanted} (Debian: ${package})")
  endif()
endmacro()

albert_library_target(OneDNN::dnnl dnnl.hpp dnnl libdnnl-dev)
albert_library_target(sentencepiece::sentencepiece sentencepiece_processor.h sentencepiece
  libsentencepiece-dev)
albert_library_target(sentencepiece::train sentencepiece_trainer.h sentencepiece_train
  libsentencepiece-dev)
albert_library_target(utf8proc::utf8proc utf8proc.h utf8proc libutf8proc-dev)
albert_library_target(xxHash::xxhash xxhash.h xxhash libxxhash-dev)
albert_library_target(zstd::libzstd zstd.h zstd libzstd-dev)
albert_library_target(snappy::snappy snappy.h snappy libsnappy-dev)
albert_library_target(httplib::httplib httplib.h cpp-httplib libcpp-httplib-dev)
# Its classes have other members for each of these definitions: they must be those of the library.
if(TARGET httplib::httplib)
  cmake_path(GET ALBERT_cpp-httplib_LIBRARY PARENT_PATH albert_httplib_folder)
  file(STRINGS ${albert_httplib_folder}/pkgconfig/cpp-httplib.pc albert_httplib_flags
    REGEX "^Cflags")
  string(REGEX MATCHALL "CPPHTTPLIB_[A-Z_]+" albert_httplib_flags "${albert_httplib_flags}")
  set_target_properties(httplib::httplib PROPERTIES INTERFACE_COMPILE_DEFINITIONS
    "${albert_httplib_flags}")
endif()
albert_package(zlib1g-dev ZLIB)
albert_package(liblzma-dev LibLZMA)
albert_package(g++ Threads)
# oneDNN runs on it, and is told to use one thread.
albert_package("g++, or libomp-dev for clang" OpenMP COMPONENTS CXX)
