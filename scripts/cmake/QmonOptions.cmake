# What a build can be asked for.

set(QMON_SANITIZE "" CACHE STRING "sanitizers for qmon and the unit tests: address,undefined or thread; never for the agent")
set(QMON_LIBUNWIND ${CMAKE_SOURCE_DIR}/.cache/libunwind-${CMAKE_SYSTEM_PROCESSOR} CACHE PATH
    "prefix of the static, position independent libunwind that scripts/setup builds")
option(QMON_WERROR "treat warnings as errors" ON)
option(QMON_STATIC "link qmon with static libraries where there are any, to start faster" ON)
option(QMON_FUZZERS "build the fuzz targets with libFuzzer (needs clang)" OFF)
option(QMON_AGENT_ONLY "build libqmon.so alone: for cross builds without the receiver's libraries" OFF)
option(QMON_TESTS "build the tests" ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()
set_property(CACHE CMAKE_BUILD_TYPE PROPERTY STRINGS Release Debug)

if(QMON_FUZZERS AND NOT CMAKE_C_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "QMON_FUZZERS needs clang: configure with -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++")
endif()

# A relocatable installation: lib/libqmon.so finds bin/qmon by its own path, so the directory is plain "lib" everywhere.
if(NOT DEFINED QMON_LIBDIR)
    set(QMON_LIBDIR lib CACHE STRING "directory of libqmon.so below the prefix")
endif()
