# A working, relocatable installation: libqmon.so finds ../bin/qmon by its own path, the pkg-config file its prefix.

if(TARGET libqmon)
    install(TARGETS libqmon LIBRARY DESTINATION ${QMON_LIBDIR})
endif()
if(TARGET qmon)
    install(TARGETS qmon RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
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
