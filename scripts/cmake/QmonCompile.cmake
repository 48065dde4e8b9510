# Language level, warnings and optimisation, common to everything.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g3")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g3")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

set(QMON_WARNINGS -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith
    -Wvla -Wundef -Wwrite-strings -Wformat-security -Wdate-time)
# Bounded buffers are meant to cut, and long strings in tables to be made of several lines.
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    list(APPEND QMON_WARNINGS -Wno-format-truncation)
    if(CMAKE_BUILD_TYPE STREQUAL Debug)
        list(APPEND QMON_WARNINGS -Wno-maybe-uninitialized) # without data flow it takes a pointer to a buffer for a use
    endif()
elseif(CMAKE_C_COMPILER_ID MATCHES Clang)
    list(APPEND QMON_WARNINGS -Wno-string-concatenation)
endif()
if(QMON_WERROR)
    list(APPEND QMON_WARNINGS -Werror)
endif()

# qmon_c_flags: for every C source that is ours.
add_library(qmon_c_flags INTERFACE)
target_compile_options(qmon_c_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:${QMON_WARNINGS}>)
target_compile_definitions(qmon_c_flags INTERFACE _GNU_SOURCE QMON_VERSION="${PROJECT_VERSION}")

# qmon_tool_flags: for what runs outside the host, and so may be hardened and instrumented.
add_library(qmon_tool_flags INTERFACE)
target_link_libraries(qmon_tool_flags INTERFACE qmon_c_flags)
target_compile_options(qmon_tool_flags INTERFACE -fPIC -fstack-protector-strong)
target_link_options(qmon_tool_flags INTERFACE -pie -Wl,--as-needed -Wl,--hash-style=gnu)
if(QMON_SANITIZE)
    # AddressSanitizer does not see what is read before it was written; a pattern in it makes that a wild count or pointer.
    target_compile_options(qmon_tool_flags INTERFACE -fsanitize=${QMON_SANITIZE} -fno-sanitize-recover=all
                           -fno-omit-frame-pointer -ftrivial-auto-var-init=pattern)
    target_link_options(qmon_tool_flags INTERFACE -fsanitize=${QMON_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL Release)
    target_compile_definitions(qmon_tool_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(QMON_FUZZERS)
    target_compile_options(qmon_tool_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# qmon_glob(variable pattern...): sources, sorted; a new file is picked up by the next build.
macro(qmon_glob variable)
    file(GLOB ${variable} CONFIGURE_DEPENDS LIST_DIRECTORIES false ${ARGN})
endmacro()

# qmon_folders(variable folder): a part's folder and those in it, which together see each other's headers by name.
function(qmon_folders variable folder)
    file(GLOB inside CONFIGURE_DEPENDS LIST_DIRECTORIES true ${folder}/*)
    set(folders ${folder})
    foreach(entry IN LISTS inside)
        if(IS_DIRECTORY ${entry})
            list(APPEND folders ${entry})
        endif()
    endforeach()
    set(${variable} ${folders} PARENT_SCOPE)
endfunction()
