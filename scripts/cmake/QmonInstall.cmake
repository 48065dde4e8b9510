# A working, relocatable installation: libqmon.so finds ../bin/qmon by its own path, the pkg-config file its prefix.

if(TARGET libqmon)
    install(TARGETS libqmon LIBRARY DESTINATION ${QMON_LIBDIR})
endif()
if(TARGET qmon)
    install(TARGETS qmon RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    if(NOT CMAKE_CROSSCOMPILING)
        set(qmon_schema ${CMAKE_BINARY_DIR}/config.schema.json)
        add_custom_command(OUTPUT ${qmon_schema} COMMAND qmon doctor --schema > ${qmon_schema} DEPENDS qmon VERBATIM)
        add_custom_target(qmon-schema ALL DEPENDS ${qmon_schema})
        install(FILES ${qmon_schema} DESTINATION ${CMAKE_INSTALL_DATADIR}/qmon)
    endif()
endif()
if(TARGET qmon-kit)
    install(TARGETS qmon-kit qmon-kit-static LIBRARY DESTINATION ${QMON_LIBDIR} ARCHIVE DESTINATION ${QMON_LIBDIR})
    install(FILES ${CMAKE_SOURCE_DIR}/include/qmon/kit.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/qmon)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/qmon-kit.pc @ONLY CONTENT [[
prefix=${pcfiledir}/../..
libdir=${prefix}/@QMON_LIBDIR@
includedir=${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: qmon-kit
Description: qmon's cache, error tracker and notifier as a library
Version: @PROJECT_VERSION@
Cflags: -I${includedir}
Libs: -L${libdir} -lqmon-kit
Libs.private: -lhiredis -ljson-c -lsqlite3 -lelf -ldw -liberty -lz -llzma -lbz2 -lm -ldl -lpthread
]])
    install(FILES ${CMAKE_BINARY_DIR}/qmon-kit.pc DESTINATION ${QMON_LIBDIR}/pkgconfig)
endif()
install(FILES ${CMAKE_SOURCE_DIR}/include/qmon/qmon.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/qmon)
if(EXISTS ${CMAKE_SOURCE_DIR}/agent/cli/qmon.1)
    install(FILES ${CMAKE_SOURCE_DIR}/agent/cli/qmon.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/qmon.pc @ONLY CONTENT [[
prefix=${pcfiledir}/../..
libdir=${prefix}/@QMON_LIBDIR@
includedir=${prefix}/@CMAKE_INSTALL_INCLUDEDIR@
preload=${libdir}/libqmon.so

Name: qmon
Description: @PROJECT_DESCRIPTION@
Version: @PROJECT_VERSION@
Cflags: -I${includedir}
]])
install(FILES ${CMAKE_BINARY_DIR}/qmon.pc DESTINATION ${QMON_LIBDIR}/pkgconfig)
