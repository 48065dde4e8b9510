# libqmon.so: what runs inside the host. It needs libc and nothing else, carries libunwind hidden inside, and exports the
# hooked names (hooks/hooks.def) and the API (include/qmon/qmon.h).

qmon_glob(capture_sources ${CMAKE_SOURCE_DIR}/agent/capture/*.[cS]
          ${CMAKE_SOURCE_DIR}/agent/capture/${CMAKE_SYSTEM_PROCESSOR}/*.[cS])
qmon_glob(hook_sources ${CMAKE_SOURCE_DIR}/hooks/*.[cS])
set(hook_table ${CMAKE_SOURCE_DIR}/hooks/hooks.def)

# qmon_agent_part(name sources... INCLUDE directories...): objects of the agent, and nothing of the receiver side in sight.
function(qmon_agent_part name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" VISIBILITY "SOURCES;INCLUDE")
    add_library(${name} OBJECT ${arg_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${arg_INCLUDE})
    target_include_directories(${name} SYSTEM BEFORE PRIVATE ${QMON_LIBUNWIND}/include)
    target_link_libraries(${name} PRIVATE qmon_c_flags)
    target_compile_definitions(${name} PRIVATE UNW_LOCAL_ONLY)
    # No stack protector: capture may run on a thread whose TLS is not set up. Initial-exec TLS: no __tls_get_addr, which
    # allocates.
    target_compile_options(${name} PRIVATE -fPIC -fvisibility=${arg_VISIBILITY} -ftls-model=initial-exec -fno-stack-protector
                           -fasynchronous-unwind-tables -ffunction-sections -fdata-sections -U_FORTIFY_SOURCE)
    if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
        # Out-of-line atomics would bring libgcc's start-up code and a reference to the loader.
        target_compile_options(${name} PRIVATE -mno-outline-atomics)
    endif()
endfunction()

# Defines what the compiler would otherwise make of its loops.
set_source_files_properties(${CMAKE_SOURCE_DIR}/agent/capture/bytes.c PROPERTIES COMPILE_OPTIONS
    "-fno-builtin;$<$<C_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns>")

if(capture_sources)
    qmon_agent_part(qmon_capture VISIBILITY hidden SOURCES ${capture_sources} INCLUDE ${CMAKE_SOURCE_DIR}/agent/capture)
    # The same once more for the unit tests, instrumented where that is asked for; the agent itself never is.
    set(qmon_capture_tested qmon_capture)
    if(QMON_SANITIZE)
        set(qmon_capture_tested qmon_capture_instrumented)
        qmon_agent_part(${qmon_capture_tested} VISIBILITY hidden SOURCES ${capture_sources} INCLUDE ${CMAKE_SOURCE_DIR}/agent/capture)
        target_link_libraries(${qmon_capture_tested} PRIVATE qmon_tool_flags)
    endif()
endif()

set(qmon_agent_missing "")
if(NOT capture_sources OR NOT hook_sources)
    set(qmon_agent_missing "no sources in agent/capture or hooks")
elseif(NOT EXISTS ${hook_table})
    set(qmon_agent_missing "no hooks/hooks.def")
elseif(NOT EXISTS ${QMON_LIBUNWIND}/lib/libunwind.a)
    set(qmon_agent_missing "no static libunwind in ${QMON_LIBUNWIND}; scripts/setup builds it")
endif()
if(qmon_agent_missing)
    message(STATUS "libqmon.so is not built: ${qmon_agent_missing}")
    return()
endif()

# The version script: the names that the host may see.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${hook_table} ${CMAKE_SOURCE_DIR}/include/qmon/qmon.h)
set(exported "")
file(STRINGS ${hook_table} lines REGEX "^HOOK[A-Z_]*\\(")
foreach(line IN LISTS lines)
    string(REGEX REPLACE "^HOOK[A-Z_]*\\( *([A-Za-z0-9_]+).*" "    \\1;\n" name "${line}")
    string(APPEND exported "${name}")
endforeach()
file(STRINGS ${CMAKE_SOURCE_DIR}/include/qmon/qmon.h lines REGEX "^[a-z].*[ *]qmon_[a-z0-9_]+\\(")
foreach(line IN LISTS lines)
    string(REGEX REPLACE "^[a-z].*[ *](qmon_[a-z0-9_]+)\\(.*" "    \\1;\n" name "${line}")
    string(APPEND exported "${name}")
endforeach()
set(version_script ${CMAKE_BINARY_DIR}/libqmon.map)
file(CONFIGURE OUTPUT ${version_script} CONTENT "{\nglobal:\n${exported}local:\n    *;\n};\n")

# Default visibility: the version script decides what of it is seen.
qmon_agent_part(qmon_hooks VISIBILITY default SOURCES ${hook_sources} INCLUDE ${CMAKE_SOURCE_DIR}/hooks ${CMAKE_SOURCE_DIR}/agent/capture)
target_compile_definitions(qmon_hooks PRIVATE QMON__FOR_PROGRAM) # see agent/capture/sys.h
set(agent_order ${CMAKE_SOURCE_DIR}/scripts/cmake/agent_order.ld)
add_library(libqmon SHARED $<TARGET_OBJECTS:qmon_hooks> $<TARGET_OBJECTS:qmon_capture>)
set_target_properties(libqmon PROPERTIES OUTPUT_NAME qmon LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR} LINKER_LANGUAGE C
                      LINK_DEPENDS "${version_script};${agent_order};${QMON_LIBUNWIND}/lib/libunwind.a")
target_link_libraries(libqmon PRIVATE ${QMON_LIBUNWIND}/lib/libunwind.a)
# Bound within itself: a program that has a sigaction of its own, which calls the next one, would get ours to call it in turn.
target_link_options(libqmon PRIVATE -Wl,-Bsymbolic-functions -static-libgcc -Wl,--version-script=${version_script} -Wl,--exclude-libs,ALL
                    -Wl,--gc-sections -Wl,--as-needed -Wl,--hash-style=gnu -Wl,-z,defs -Wl,-z,now -Wl,-z,relro
                    -Wl,-z,noexecstack -Wl,-z,nodelete -Wl,-z,initfirst -Wl,-z,noseparate-code # two mappings fewer for every process
                    -Wl,-T,${agent_order}
                    -Wl,-Bsymbolic-functions -nostartfiles) # symbols and pages fewer that the loader looks up and touches

# What libunwind asks of libc is answered by agent/capture/unwind_wrap.c: no lock of the loader's, no pipe in the host, no abort.
foreach(name IN ITEMS dl_iterate_phdr pipe2 mincore msync read write open close syscall abort sigprocmask mmap munmap
        pthread_mutex_lock pthread_mutex_unlock)
    target_link_options(libqmon PRIVATE -Wl,--wrap=${name})
endforeach()
