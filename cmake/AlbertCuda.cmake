# The CUDA kernels: by nvcc for a GPU, or by the host compiler for the emulator.
include(CheckLanguage)

# At file scope, as enable_language() wants it: ALBERT_NVCC says whether CUDA is compiled for GPUs.
set(ALBERT_NVCC OFF)
if(ALBERT_CUDA MATCHES "^(AUTO|ON)$")
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(ALBERT_NVCC ON)
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 90)  # its code, and PTX for what is newer
    endif()
    enable_language(CUDA)
    find_package(CUDAToolkit REQUIRED)
  elseif(ALBERT_CUDA STREQUAL "ON")
    message(FATAL_ERROR
      "albert: ALBERT_CUDA=ON, but no CUDA compiler was found: put nvcc on PATH, set "
      "CMAKE_CUDA_COMPILER, or use ALBERT_CUDA=OFF")
  else()
    message(STATUS "albert: no nvcc, so no CUDA (ALBERT_CUDA=AUTO)")
  endif()
endif()

function(albert_cuda_kernels)
  if(ALBERT_CUDA STREQUAL "EMULATED")
    albert_cuda_emulated(${ARGN})
  elseif(ALBERT_NVCC)
    albert_cuda_by_nvcc(${ARGN})
  else()
    target_sources(albert_kernels PRIVATE cuda/runtime/none.cpp)
  endif()
endfunction()

# For tests: Device::kCuda is the emulator, in this build only.
function(albert_cuda_emulated)
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    message(FATAL_ERROR
      "albert: the emulator switches stacks in x86-64 assembly: use ALBERT_CUDA=OFF here")
  endif()
  set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CXX)
  target_sources(albert_kernels PRIVATE ${ARGN}
    emulator/backend.cpp emulator/device_memory.cpp emulator/emulator.cpp emulator/fake_cublas.cpp
    emulator/fake_cudnn.cpp emulator/fiber.cpp)
  target_compile_definitions(albert_kernels PUBLIC ALBERT_CUDA_EMULATED PRIVATE ALBERT_WITH_CUDA)
endfunction()

# CUDA's runtime is linked in, its other libraries are opened when a GPU is used: the programs start
# on any machine.
function(albert_cuda_by_nvcc)
  add_library(albert_kernels_cuda OBJECT ${ARGN})
  set_target_properties(albert_kernels_cuda PROPERTIES CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON
    POSITION_INDEPENDENT_CODE ON)
  target_include_directories(albert_kernels_cuda PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(albert_kernels_cuda PRIVATE --expt-relaxed-constexpr)
  # A fifth of the size, unpacked when first used. Drivers of before CUDA 12.4 cannot: CUDA 13 runs
  # on none of them.
  if(CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 13.0)
    target_compile_options(albert_kernels_cuda PRIVATE --compress-mode=size)
  endif()
  target_sources(albert_kernels PRIVATE $<TARGET_OBJECTS:albert_kernels_cuda> 
    cuda/cublas/lt_check.cpp cuda/runtime/backend.cpp cuda/runtime/gpus.cpp
    cuda/runtime/pinned_results.cpp cuda/runtime/pinned_staging.cpp)
  target_compile_definitions(albert_kernels PRIVATE ALBERT_WITH_CUDA
    ALBERT_CUDA_OLDEST_CODE=${ALBERT_CUDA_OLDEST_CODE})
  target_link_libraries(albert_kernels PRIVATE CUDA::cudart_static)
  albert_cudnn()
endfunction()

# --attention cudnn, where the headers of cuDNN and of its frontend are: scripts/setup gets the
# latter.
function(albert_cudnn)
  find_path(ALBERT_CUDNN_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  find_path(ALBERT_CUDNN_FRONTEND_INCLUDE_DIR cudnn_frontend.h HINTS
    ${PROJECT_SOURCE_DIR}/build/cudnn-frontend/include)
  if(NOT ALBERT_CUDNN_INCLUDE_DIR OR NOT ALBERT_CUDNN_FRONTEND_INCLUDE_DIR)
    message(STATUS "albert: no headers of cuDNN and cudnn-frontend, so no --attention cudnn")
    target_sources(albert_kernels PRIVATE cuda/cudnn/none.cpp)
    return()
  endif()
  add_library(albert_kernels_cudnn OBJECT cuda/cudnn/graphs.cpp)
  albert_target(albert_kernels_cudnn)
  target_include_directories(albert_kernels_cudnn PRIVATE ${PROJECT_SOURCE_DIR})
  target_include_directories(albert_kernels_cudnn SYSTEM PRIVATE
    ${ALBERT_CUDNN_FRONTEND_INCLUDE_DIR} ${ALBERT_CUDNN_INCLUDE_DIR} ${CUDAToolkit_INCLUDE_DIRS})
  target_compile_definitions(albert_kernels_cudnn PRIVATE NV_CUDNN_FRONTEND_USE_DYNAMIC_LOADING
    CUDNN_FRONTEND_SKIP_JSON_LIB)
  albert_small(albert_kernels_cudnn)
  target_sources(albert_kernels PRIVATE $<TARGET_OBJECTS:albert_kernels_cudnn>)
endfunction()

# The least of "80-real;90a;100" is 80.
function(albert_oldest_architecture result)
  set(oldest 999)
  foreach(architecture ${ARGN})
    string(REGEX MATCH "^[0-9]+" number "${architecture}")
    if(number AND number LESS oldest)
      set(oldest ${number})
    endif()
  endforeach()
  set(${result} ${oldest} PARENT_SCOPE)
endfunction()
albert_oldest_architecture(ALBERT_CUDA_OLDEST_CODE ${CMAKE_CUDA_ARCHITECTURES})
