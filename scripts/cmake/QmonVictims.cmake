# Victims: tests/victims/NAME.c or NAME.cc -> build/victims/NAME, a tiny program with one failure; libNAME.c -> a shared
# library libNAME.so for the victims to link (-lNAME) or load. They are built like somebody else's program: -O0 -g, no
# warnings, nothing of qmon's but its public header. The first line of a source may say otherwise:
#   /* victim: -O2 -fno-stack-protector -lm */
# Words that begin with -l, -L, -Wl or -static go to the linker, the others to compiler and linker.

qmon_glob(victim_sources victims/*.c)
if(CMAKE_CXX_COMPILER)
    qmon_glob(cxx_sources victims/*.cc)
    list(APPEND victim_sources ${cxx_sources})
endif()
set(QMON_VICTIMS "")
set(victim_libraries "")
set(victim_directory ${CMAKE_BINARY_DIR}/victims)

function(qmon_victim source)
    get_filename_component(name ${source} NAME_WE)
    set(target victim-${name})
    if(name MATCHES "^lib")
        add_library(${target} SHARED ${source})
        set(victim_libraries ${victim_libraries} ${target} PARENT_SCOPE)
        string(SUBSTRING ${name} 3 -1 name)
    else()
        add_executable(${target} ${source})
        target_link_options(${target} PRIVATE -L${victim_directory} -Wl,-rpath,${victim_directory})
    endif()
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${victim_directory}
                          LIBRARY_OUTPUT_DIRECTORY ${victim_directory})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/include)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_compile_options(${target} PRIVATE -w -O0 -g)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    file(STRINGS ${source} first LIMIT_COUNT 1)
    if(first MATCHES "^/[*/] *victim:([^*]*)")
        separate_arguments(words UNIX_COMMAND "${CMAKE_MATCH_1}")
        foreach(word IN LISTS words)
            if(word MATCHES "^-l")
                target_link_libraries(${target} PRIVATE ${word})
            elseif(word MATCHES "^-(L|Wl|static)")
                target_link_options(${target} PRIVATE ${word})
            else()
                target_compile_options(${target} PRIVATE ${word})
                target_link_options(${target} PRIVATE ${word})
            endif()
        endforeach()
    endif()
    set(QMON_VICTIMS ${QMON_VICTIMS} ${target} PARENT_SCOPE)
endfunction()

foreach(source IN LISTS victim_sources)
    qmon_victim(${source})
endforeach()
foreach(target IN LISTS QMON_VICTIMS)
    if(NOT target IN_LIST victim_libraries AND victim_libraries)
        add_dependencies(${target} ${victim_libraries})
    endif()
endforeach()

# Victims in other languages, of tests/victims/runtimes, where there is a compiler for them: build/victims/runtimes/NAME_*
set(runtime_sources ${CMAKE_SOURCE_DIR}/tests/victims/runtimes)
set(runtime_directory ${victim_directory}/runtimes)
file(MAKE_DIRECTORY ${runtime_directory})

function(qmon_runtime_victim name source)
    add_custom_command(OUTPUT ${runtime_directory}/${name} DEPENDS ${runtime_sources}/${source} VERBATIM
                       WORKING_DIRECTORY ${runtime_directory} COMMAND ${ARGN} -o ${name} ${runtime_sources}/${source})
    add_custom_target(victim-runtime-${name} ALL DEPENDS ${runtime_directory}/${name})
    set(QMON_VICTIMS ${QMON_VICTIMS} victim-runtime-${name} PARENT_SCOPE)
endfunction()

function(qmon_compiler_works variable program)
    execute_process(COMMAND ${program} ${ARGN} RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
    string(COMPARE EQUAL "${result}" 0 works)
    set(${variable} ${works} PARENT_SCOPE)
endfunction()

# Programs that the agent cannot be loaded into, or does nothing in.
find_program(QMON_MUSL_GCC musl-gcc)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    qmon_runtime_victim(thirty_two thirty_two.c ${CMAKE_C_COMPILER} -m32 -O1 -w -nostdlib -pie -fPIE -fno-stack-protector
                        -Wl,-dynamic-linker,/lib/ld-linux.so.2)
endif()
if(QMON_MUSL_GCC)
    qmon_runtime_victim(of_musl of_musl.c ${QMON_MUSL_GCC} -w)
endif()

find_program(QMON_RUSTC rustc)
find_program(QMON_GO go)
qmon_compiler_works(has_rust "${QMON_RUSTC}" --version)
qmon_compiler_works(has_go "${QMON_GO}" version)
if(has_rust)
    qmon_runtime_victim(panics_unwind panics.rs ${QMON_RUSTC} -g -A warnings)
    qmon_runtime_victim(panics_abort panics.rs ${QMON_RUSTC} -g -A warnings -C panic=abort)
endif()
if(has_go)
    qmon_runtime_victim(faults_go faults.go ${CMAKE_COMMAND} -E env CGO_ENABLED=1 GO111MODULE=off
                        GOCACHE=${runtime_directory}/go-cache ${QMON_GO} build)
endif()
