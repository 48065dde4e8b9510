# The bench: tests/bench/*.c -> build/bench/qmon-bench, which runs the programs of tests/bench/subjects/ with and without the
# agent: NAME.c -> build/bench/NAME, libNAME.c -> build/bench/libNAME.so. Not part of the default build: `ninja bench`.

set(bench_directory ${CMAKE_BINARY_DIR}/bench)
qmon_glob(bench_sources bench/*.c)
qmon_glob(subject_sources bench/subjects/*.c)
if(NOT bench_sources OR NOT TARGET qmoncore OR NOT TARGET libqmon)
    return()
endif()

add_custom_target(bench)
foreach(source IN LISTS subject_sources)
    get_filename_component(name ${source} NAME_WE)
    set(target bench-${name})
    if(name MATCHES "^lib")
        add_library(${target} SHARED EXCLUDE_FROM_ALL ${source})
        string(SUBSTRING ${name} 3 -1 name)
    else()
        add_executable(${target} EXCLUDE_FROM_ALL ${source})
        target_link_libraries(${target} PRIVATE unwind m Threads::Threads)
        target_link_options(${target} PRIVATE -Wl,--as-needed)
    endif()
    if(name STREQUAL captures) # carries the agent's own capture
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:qmon_capture>)
        target_include_directories(${target} BEFORE PRIVATE ${CMAKE_SOURCE_DIR}/agent/capture)
        target_link_libraries(${target} PRIVATE ${QMON_LIBUNWIND}/lib/libunwind.a)
        target_link_options(${target} PRIVATE -Wl,--wrap=dl_iterate_phdr)
    endif()
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${bench_directory}
                          LIBRARY_OUTPUT_DIRECTORY ${bench_directory})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(${target} PRIVATE qmon_c_flags)
    target_compile_options(${target} PRIVATE -fomit-frame-pointer)
    add_dependencies(bench ${target})
endforeach()

add_executable(qmon-bench EXCLUDE_FROM_ALL ${bench_sources})
set_target_properties(qmon-bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${bench_directory})
target_include_directories(qmon-bench PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_CURRENT_SOURCE_DIR}/bench
                           ${CMAKE_SOURCE_DIR}/agent/cache/redis) # for the text of the script
target_compile_definitions(qmon-bench PRIVATE ${QMON_TEST_DEFINITIONS})
target_link_libraries(qmon-bench PRIVATE qmoncore)
add_dependencies(bench qmon-bench libqmon qmon)
