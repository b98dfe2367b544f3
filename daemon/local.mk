# What every program in daemon/ stands on, and the daemon itself.
noinst_LTLIBRARIES += daemon/libbase.la
daemon_libbase_la_SOURCES = \
	daemon/base/clock.c daemon/base/clock.h \
	daemon/base/hash.c daemon/base/hash.h \
	daemon/base/http.c daemon/base/http.h daemon/base/http-slot.h \
	daemon/base/http-request.c \
	daemon/base/httpd.c daemon/base/httpd.h daemon/base/httpd-private.h \
	daemon/base/httpd-reply.c \
	daemon/base/httpd-request.c \
	daemon/base/list.h \
	daemon/base/log.c daemon/base/log.h \
	daemon/base/program.c daemon/base/program.h \
	daemon/base/service.h \
	daemon/base/timer.h \
	daemon/base/uri.c daemon/base/uri.h \
	daemon/e2b/api.c daemon/e2b/api.h \
	daemon/e2b/ask.c daemon/e2b/ask.h \
	daemon/e2b/envelope.c daemon/e2b/envelope.h \
	daemon/e2b/fault.c daemon/e2b/fault.h \
	daemon/e2b/envd.c daemon/e2b/envd.h \
	daemon/e2b/files.c daemon/e2b/files.h \
	daemon/e2b/file-query.c daemon/e2b/file-query.h \
	daemon/e2b/sign.c daemon/e2b/sign.h \
	daemon/e2b/upstream.c daemon/e2b/upstream.h \
	daemon/e2b/wire.c daemon/e2b/wire.h
if SYSTEMD
daemon_libbase_la_SOURCES += daemon/base/service.c
else
daemon_libbase_la_SOURCES += daemon/base/service-none.c
endif
daemon_libbase_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(SYSTEMD_CFLAGS) $(CURL_CFLAGS) $(MHD_CFLAGS) $(NETTLE_CFLAGS)
daemon_libbase_la_LIBADD = protocol/libprotocol.la $(EVENT_LIBS) $(SYSTEMD_LIBS) $(CURL_LIBS) $(MHD_LIBS) $(NETTLE_LIBS)

# sandpoold but for its main(), so that tests can link it.
noinst_LTLIBRARIES += daemon/libdaemon.la
daemon_libdaemon_la_SOURCES = \
	daemon/call.c daemon/call.h \
	daemon/check.c \
	daemon/configuration.c daemon/configuration.h \
	daemon/configuration-keys.c daemon/configuration-keys.h \
	daemon/command.c daemon/command.h daemon/command-private.h \
	daemon/command-fd.c daemon/command-fd.h \
	daemon/command-stream.c \
	daemon/conn.c daemon/conn.h \
	daemon/directory.c daemon/directory.h \
	daemon/discover.c daemon/discover.h \
	daemon/dispatch.c daemon/dispatch.h \
	daemon/engine-start.c daemon/engine-start.h \
	daemon/envd-op.c daemon/envd-op.h \
	daemon/exit-status.c daemon/exit-status.h \
	daemon/fd-kind.c daemon/fd-kind.h \
	daemon/fd-sink.c daemon/fd-sink.h \
	daemon/fd-source.c daemon/fd-source.h \
	daemon/file-entry.c daemon/file-entry.h \
	daemon/git.c daemon/git.h \
	daemon/git-status.c daemon/git-status.h \
	daemon/listener.c daemon/listener.h \
	daemon/method.h \
	daemon/method-command-connect.c \
	daemon/method-command-disconnect.c \
	daemon/method-command-kill.c \
	daemon/method-command-list.c \
	daemon/method-command-run.c \
	daemon/method-command-start.c \
	daemon/method-command-stdin.c \
	daemon/method-daemon-hello.c \
	daemon/method-daemon-status.c \
	daemon/method-file-list.c \
	daemon/method-file-mkdir.c \
	daemon/method-file-read.c \
	daemon/method-file-stat.c \
	daemon/method-file-write.c \
	daemon/method-file-write-many.c \
	daemon/method-pty-resize.c \
	daemon/method-rpc-discover.c \
	daemon/method-sandbox-connect.c \
	daemon/method-sandbox-create.c \
	daemon/method-sandbox-get.c \
	daemon/method-sandbox-is_running.c \
	daemon/method-sandbox-kill.c \
	daemon/method-sandbox-list.c \
	daemon/method-sandbox-metrics.c \
	daemon/method-git.c \
	daemon/method-git-remote.c \
	daemon/method-watch.c \
	daemon/method-sandbox-set_network.c \
	daemon/method-sandbox-set_timeout.c \
	daemon/migrations.c \
	daemon/op.c daemon/op.h \
	daemon/pass.c \
	daemon/provider.c daemon/provider.h \
	daemon/reconcile.c daemon/reconcile.h daemon/reconcile-private.h \
	daemon/registry.c daemon/registry.h daemon/registry-private.h \
	daemon/remote.c daemon/remote.h \
	daemon/runner.c daemon/runner.h \
	daemon/sandbox.c daemon/sandbox.h \
	daemon/segment.c daemon/segment.h \
	daemon/server.c daemon/server.h \
	daemon/spool.c daemon/spool.h daemon/spool-private.h \
	daemon/spool-disk.c \
	daemon/spool-reader.c \
	daemon/stdin-feed.c daemon/stdin-feed.h \
	daemon/subscription.c daemon/subscription.h \
	daemon/store.c daemon/store.h daemon/store-private.h \
	daemon/store-command.c \
	daemon/store-sandbox.c \
	daemon/transfer.c daemon/transfer.h \
	daemon/user.c daemon/user.h \
	daemon/watch.c daemon/watch.h \
	daemon/worker.c daemon/worker.h
daemon_libdaemon_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(SQLITE_CFLAGS) $(INIH_CFLAGS) -pthread
daemon_libdaemon_la_LIBADD = daemon/libbase.la $(EVENT_LIBS) $(SQLITE_LIBS) $(INIH_LIBS) -lpthread

sbin_PROGRAMS += sandpoold
sandpoold_SOURCES = daemon/main.c
sandpoold_LDADD = daemon/libdaemon.la

# sandpoold.conf to read and to copy: every key, made from the table of keys.
noinst_PROGRAMS += daemon/example
daemon_example_LDADD = daemon/libdaemon.la
if NATIVE
nodist_examples_DATA += daemon/sandpoold.conf
endif
CLEANFILES += daemon/sandpoold.conf
daemon/sandpoold.conf: daemon/example$(EXEEXT)
	$(AM_V_GEN)daemon/example$(EXEEXT) > $@.new && mv $@.new $@

include $(top_srcdir)/daemon/local/local.mk
