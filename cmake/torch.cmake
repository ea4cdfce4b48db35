# LibTorch: TORCH_LIBRARIES, TORCH_INCLUDE_DIRS, Torch_VERSION.
#
# find_package(Torch) finds Debian's, or a PyTorch wheel's with
# -DCMAKE_PREFIX_PATH=$(python3 -c 'import torch; print(torch.utils.cmake_prefix_path)'). For a wheel
# with CUDA that wants a CUDA toolkit; RANVIER_TORCH, the wheel's folder, does not: nothing here
# includes CUDA's headers.
set(RANVIER_TORCH "" CACHE PATH "Folder `torch` of a PyTorch wheel; empty: find_package(Torch)")

if(RANVIER_TORCH)
    set(TORCH_INCLUDE_DIRS ${RANVIER_TORCH}/include ${RANVIER_TORCH}/include/torch/csrc/api/include)
    set(Torch_VERSION unknown)
    if(EXISTS ${RANVIER_TORCH}/version.py)
        file(STRINGS ${RANVIER_TORCH}/version.py line REGEX "^__version__")
        string(REGEX REPLACE ".*['\"](.*)['\"].*" "\\1" Torch_VERSION "${line}")
    endif()
    set(TORCH_LIBRARIES)
    foreach(name c10 torch_cpu torch c10_cuda torch_cuda)
        set(file ${RANVIER_TORCH}/lib/lib${name}.so)
        if(EXISTS ${file})
            # Nothing refers to the CUDA libraries by name; they register themselves.
            list(APPEND TORCH_LIBRARIES "-Wl,--no-as-needed,${file}")
        elseif(NOT name MATCHES cuda)
            message(FATAL_ERROR "RANVIER_TORCH: there is no ${file}")
        endif()
    endforeach()
    list(APPEND TORCH_LIBRARIES "-Wl,-rpath,${RANVIER_TORCH}/lib")
    # Wheels up to 2.5 were built with the old std::string; all code in a program must agree.
    file(STRINGS ${RANVIER_TORCH}/lib/libc10.so new_strings REGEX "NSt7__cxx1112basic_string"
        LIMIT_COUNT 1)
    if(NOT new_strings)
        set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=0")
    endif()
else()
    find_package(Torch REQUIRED)
endif()
separate_arguments(flags NATIVE_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(ranvier_options INTERFACE ${flags})
