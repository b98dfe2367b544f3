# What every program in daemon/ stands on, and the daemon itself.
noinst_LTLIBRARIES += daemon/libbase.la
daemon_libbase_la_SOURCES = \
	daemon/base/clock.c daemon/base/clock.h \
	daemon/base/http.c daemon/base/http.h daemon/base/http-slot.h \
	daemon/base/http-request.c \
	daemon/base/httpd.c daemon/base/httpd.h \
	daemon/base/list.h \
	daemon/base/log.c daemon/base/log.h \
	daemon/base/uri.c daemon/base/uri.h \
	daemon/e2b/api.c daemon/e2b/api.h \
	daemon/e2b/ask.c daemon/e2b/ask.h \
	daemon/e2b/envelope.c daemon/e2b/envelope.h \
	daemon/e2b/fault.c daemon/e2b/fault.h \
	daemon/e2b/envd.c daemon/e2b/envd.h \
	daemon/e2b/files.c daemon/e2b/files.h \
	daemon/e2b/sign.c daemon/e2b/sign.h \
	daemon/e2b/upstream.c daemon/e2b/upstream.h \
	daemon/e2b/wire.c daemon/e2b/wire.h
daemon_libbase_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(CURL_CFLAGS) $(MHD_CFLAGS) $(NETTLE_CFLAGS)
daemon_libbase_la_LIBADD = protocol/libprotocol.la $(EVENT_LIBS) $(CURL_LIBS) $(MHD_LIBS) $(NETTLE_LIBS)

# sandpoold but for its main(), so that tests can link it.
noinst_LTLIBRARIES += daemon/libdaemon.la
daemon_libdaemon_la_SOURCES = \
	daemon/migrations.c \
	daemon/segment.c daemon/segment.h \
	daemon/spool.c daemon/spool.h daemon/spool-private.h \
	daemon/spool-disk.c \
	daemon/spool-reader.c \
	daemon/store.c daemon/store.h daemon/store-private.h \
	daemon/store-command.c \
	daemon/store-sandbox.c
daemon_libdaemon_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(SQLITE_CFLAGS) -pthread
daemon_libdaemon_la_LIBADD = daemon/libbase.la $(EVENT_LIBS) $(SQLITE_LIBS) -lpthread

include $(top_srcdir)/daemon/local/local.mk
