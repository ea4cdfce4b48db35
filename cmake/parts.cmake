# ranvier_part(NAME [PROGRAMS_ONLY] SOURCES ... [TESTS ...] [LINK ...] [PRIVATE_LINK ...])
#
# One folder of src/ranvier: the static library ranvier_NAME and, where it has tests, the program
# NAME_test, whose cases ctest lists one by one. PROGRAMS_ONLY: no shared library is made of it.

add_library(ranvier_options INTERFACE)
target_include_directories(ranvier_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(ranvier_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Werror
    # A fused multiply-add where the source has two operations would make results depend on the CPU.
    -ffp-contract=off)
if(RANVIER_SANITIZE)
    target_compile_options(ranvier_options INTERFACE
        -fsanitize=${RANVIER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(ranvier_options INTERFACE -fsanitize=${RANVIER_SANITIZE})
    # With sanitizers GCC 12 takes parts of the standard library's <regex> for uninitialized.
    target_compile_options(ranvier_options INTERFACE
        $<$<CXX_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized>)
endif()

function(ranvier_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE ranvier_options ${arg_LINK} GTest::gtest GTest::gtest_main
        rapidcheck)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_compile_definitions(${name} PRIVATE RANVIER_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
        RANVIER_BINARY_DIR="${CMAKE_BINARY_DIR}")
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}."
        # A failure must come back in the next run; other seeds by hand: RC_PARAMS=seed=N NAME_test.
        PROPERTIES TIMEOUT 600 ENVIRONMENT RC_PARAMS=seed=20261121)
endfunction()

function(ranvier_part name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "PROGRAMS_ONLY" "" "SOURCES;TESTS;LINK;PRIVATE_LINK")
    add_library(ranvier_${name} STATIC ${arg_SOURCES})
    target_link_libraries(ranvier_${name} PUBLIC ranvier_options ${arg_LINK}
        PRIVATE ${arg_PRIVATE_LINK})
    if(NOT arg_PROGRAMS_ONLY)
        # Also for shared libraries (c, python), which show nothing of it.
        set_target_properties(ranvier_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON
            CXX_VISIBILITY_PRESET hidden)
    endif()
    if(RANVIER_TESTS AND arg_TESTS)
        ranvier_test(${name}_test SOURCES ${arg_TESTS} LINK ranvier_${name} ${arg_PRIVATE_LINK})
    endif()
endfunction()
