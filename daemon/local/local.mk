# The embedded engine.
noinst_LTLIBRARIES += daemon/local/libengine.la
daemon_local_libengine_la_SOURCES = \
	daemon/local/about.c daemon/local/about.h \
	daemon/local/adopt.c daemon/local/adopt.h \
	daemon/local/api.c daemon/local/api.h \
	daemon/local/api-create.c \
	daemon/local/api-list.c \
	daemon/local/api-metrics.c \
	daemon/local/api-network.c \
	daemon/local/api-sandbox.c \
	daemon/local/boot.c daemon/local/boot.h \
	daemon/local/box.c daemon/local/box.h \
	daemon/local/credential.c daemon/local/credential.h \
	daemon/local/dns.c daemon/local/dns.h \
	daemon/local/dns-ask.c daemon/local/dns-ask.h \
	daemon/local/dns-message.c daemon/local/dns-message.h \
	daemon/local/dns-stream.c \
	daemon/local/dns-upstream.c daemon/local/dns-upstream.h \
	daemon/local/denials.c daemon/local/denials.h \
	daemon/local/engine.c daemon/local/engine.h \
	daemon/local/ids.c daemon/local/ids.h \
	daemon/local/inspect.c daemon/local/inspect.h \
	daemon/local/inspect-name.c daemon/local/inspect-name.h \
	daemon/local/limits.c daemon/local/limits.h \
	daemon/local/listing.c daemon/local/listing.h \
	daemon/local/network.c daemon/local/network.h \
	daemon/local/policy.c daemon/local/policy.h \
	daemon/local/pasta.c daemon/local/pasta.h \
	daemon/local/outside.c daemon/local/outside.h \
	daemon/local/mirror.c daemon/local/mirror.h \
	daemon/local/proxy.c daemon/local/proxy.h \
	daemon/local/proxy-reply.c daemon/local/proxy-reply.h \
	daemon/local/record.c daemon/local/record.h \
	daemon/local/rootless.c daemon/local/rootless.h \
	daemon/local/route.c daemon/local/route.h \
	daemon/local/rules.c daemon/local/rules.h \
	daemon/local/socket.c daemon/local/socket.h \
	daemon/local/splice.c daemon/local/splice.h \
	daemon/local/subid.c daemon/local/subid.h \
	daemon/local/trash.c daemon/local/trash.h \
	daemon/local/uplink.c daemon/local/uplink.h \
	daemon/local/usage.c daemon/local/usage.h
daemon_local_libengine_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(MNL_CFLAGS) $(NFTABLES_CFLAGS)
daemon_local_libengine_la_LIBADD = $(NFTABLES_LIBS)

pkglibexec_PROGRAMS += daemon/local/sandpool-engine
daemon_local_sandpool_engine_SOURCES = daemon/local/engine-main.c
daemon_local_sandpool_engine_LDADD = daemon/local/libengine.la daemon/local/libcontain.la \
	daemon/libbase.la

# What lets the engine of a plain user make user namespaces on Ubuntu.
EXTRA_DIST += daemon/local/apparmor/sandpool-engine.in
CLEANFILES += daemon/local/apparmor/sandpool-engine
if APPARMOR
nodist_apparmor_DATA = daemon/local/apparmor/sandpool-engine
endif
daemon/local/apparmor/sandpool-engine: daemon/local/apparmor/sandpool-engine.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		sed 's,@pkglibexecdir@,$(pkglibexecdir),' $(srcdir)/$@.in > $@.new && mv $@.new $@

# What makes a sandbox is a library of its own, for the engine and for its probes.
noinst_LTLIBRARIES += daemon/local/libcontain.la
daemon_local_libcontain_la_SOURCES = \
	daemon/local/cgroup.c daemon/local/cgroup.h \
	daemon/local/child.c daemon/local/child.h \
	daemon/local/contain-wire.h \
	daemon/local/contain.c daemon/local/contain.h \
	daemon/local/filter.c daemon/local/filter.h \
	daemon/local/idmap.c daemon/local/idmap.h \
	daemon/local/link.c daemon/local/link.h \
	daemon/local/mount.c daemon/local/mount.h \
	daemon/local/net.c daemon/local/net.h \
	daemon/local/netlink.c daemon/local/netlink.h \
	daemon/local/overlay.c daemon/local/overlay.h \
	daemon/local/process.c daemon/local/process.h \
	daemon/local/sys.h \
	daemon/local/template-files.c daemon/local/template-files.h \
	daemon/local/template.c daemon/local/template.h \
	daemon/local/tree.c daemon/local/tree.h
daemon_local_libcontain_la_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS) $(MNL_CFLAGS)
daemon_local_libcontain_la_LIBADD = protocol/libprotocol.la $(SECCOMP_LIBS) $(MNL_LIBS)

include $(top_srcdir)/daemon/local/agent/local.mk
