# libsandpool: needs libc and json-c only; exports what libsandpool.map lists.
lib_LTLIBRARIES += client/libsandpool.la
include_HEADERS += client/sandpool.h
pkgconfig_DATA += client/libsandpool.pc
client_libsandpool_la_SOURCES = \
	client/call.c \
	client/client.h \
	client/connection.c \
	client/easy.c
client_libsandpool_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
client_libsandpool_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -Wl,-z,defs \
	-Wl,--version-script=$(srcdir)/client/libsandpool.map
client_libsandpool_la_LIBADD = protocol/libprotocol.la
EXTRA_client_libsandpool_la_DEPENDENCIES = client/libsandpool.map
# The loader finds a library in /usr/local/lib by its cache alone.
install-exec-hook uninstall-hook: update-loader-cache
.PHONY: update-loader-cache
update-loader-cache:
	test -n '$(DESTDIR)' || test "$$(id -u)" != 0 || PATH="$$PATH:/sbin" ldconfig

EXTRA_DIST += client/libsandpool.map client/libsandpool.pc.in

include $(top_srcdir)/client/cli/local.mk
