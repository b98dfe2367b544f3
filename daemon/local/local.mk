# The embedded engine.
noinst_LTLIBRARIES += daemon/local/libengine.la
daemon_local_libengine_la_SOURCES = \
	daemon/local/ids.c daemon/local/ids.h \
	daemon/local/record.c daemon/local/record.h \
	daemon/local/route.c daemon/local/route.h \
	daemon/local/trash.c daemon/local/trash.h
daemon_local_libengine_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)

include $(top_srcdir)/daemon/local/agent/local.mk
