# libqmon-kit: the receiver's parts as a library for programs that report for themselves (include/qmon/kit.h), shared and
# static. The shared one exports qmon_kit_* and nothing else, and is linked with shared libraries: the static ones of
# distributions are not always position independent.

if(NOT TARGET qmon_kit)
    return()
endif()

file(WRITE ${CMAKE_BINARY_DIR}/qmon-kit.map "{ global: qmon_kit_*; local: *; };\n")
add_library(qmon-kit SHARED $<TARGET_OBJECTS:qmon_kit>)
add_dependencies(qmon-kit qmoncore)
target_link_libraries(qmon-kit PRIVATE $<TARGET_FILE:qmoncore> hiredis json-c sqlite3 Threads::Threads ${CMAKE_DL_LIBS} m)
if(QMON_SANITIZE) # its runtime is in the executable, so that names stay undefined here
    set(qmon_kit_checks -fsanitize=${QMON_SANITIZE})
else()
    set(qmon_kit_checks -Wl,-z,defs)
endif()
target_link_options(qmon-kit PRIVATE -Wl,--version-script=${CMAKE_BINARY_DIR}/qmon-kit.map -Wl,--gc-sections -Wl,-z,now
                    -Wl,--as-needed ${qmon_kit_checks})
set_target_properties(qmon-kit PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
                      LINK_DEPENDS ${CMAKE_BINARY_DIR}/qmon-kit.map)

set(qmon_kit_objects "")
foreach(part kit pipeline cache aws http sink store config)
    list(APPEND qmon_kit_objects $<TARGET_OBJECTS:qmon_${part}>)
endforeach()
add_library(qmon-kit-static STATIC ${qmon_kit_objects})
set_target_properties(qmon-kit-static PROPERTIES OUTPUT_NAME qmon-kit)
