# The agent: PID 1 of a local sandbox.
noinst_LTLIBRARIES += daemon/local/agent/libagent.la
daemon_local_agent_libagent_la_SOURCES = \
	daemon/local/agent/access.c daemon/local/agent/access.h \
	daemon/local/agent/agent.c daemon/local/agent/agent.h \
	daemon/local/agent/auth.c daemon/local/agent/auth.h \
	daemon/local/agent/compose.c daemon/local/agent/compose.h \
	daemon/local/agent/connect.c daemon/local/agent/connect.h \
	daemon/local/agent/directory.c daemon/local/agent/directory.h \
	daemon/local/agent/download.c daemon/local/agent/download.h \
	daemon/local/agent/entry.c daemon/local/agent/entry.h \
	daemon/local/agent/environ.c daemon/local/agent/environ.h \
	daemon/local/agent/filesystem.c daemon/local/agent/filesystem.h \
	daemon/local/agent/gunzip.c daemon/local/agent/gunzip.h \
	daemon/local/agent/init.c daemon/local/agent/init.h \
	daemon/local/agent/input.c daemon/local/agent/input.h \
	daemon/local/agent/listing.c daemon/local/agent/listing.h \
	daemon/local/agent/media.c daemon/local/agent/media.h \
	daemon/local/agent/metadata.c daemon/local/agent/metadata.h \
	daemon/local/agent/metrics.c \
	daemon/local/agent/multipart.c daemon/local/agent/multipart.h \
	daemon/local/agent/output.c daemon/local/agent/output.h \
	daemon/local/agent/passwd.c daemon/local/agent/passwd.h \
	daemon/local/agent/path.c daemon/local/agent/path.h \
	daemon/local/agent/places.c daemon/local/agent/places.h \
	daemon/local/agent/process.c daemon/local/agent/process.h \
	daemon/local/agent/pty.c daemon/local/agent/pty.h \
	daemon/local/agent/pump.c daemon/local/agent/pump.h \
	daemon/local/agent/range.c daemon/local/agent/range.h \
	daemon/local/agent/remover.c daemon/local/agent/remover.h \
	daemon/local/agent/routes.c daemon/local/agent/routes.h \
	daemon/local/agent/rpc-process.c daemon/local/agent/rpc-process.h \
	daemon/local/agent/rpc-watch.c daemon/local/agent/rpc-watch.h \
	daemon/local/agent/spawn.c daemon/local/agent/spawn.h \
	daemon/local/agent/target.c daemon/local/agent/target.h \
	daemon/local/agent/upload.c daemon/local/agent/upload.h \
	daemon/local/agent/watch.c daemon/local/agent/watch.h
daemon_local_agent_libagent_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(ZLIB_CFLAGS)
daemon_local_agent_libagent_la_LIBADD = $(ZLIB_LIBS)

# What the agent does to itself before it serves.
noinst_LTLIBRARIES += daemon/local/agent/libenter.la
daemon_local_agent_libenter_la_SOURCES = \
	daemon/local/agent/enter.c daemon/local/agent/enter.h \
	daemon/local/caps.c daemon/local/caps.h
daemon_local_agent_libenter_la_LIBADD = protocol/libprotocol.la

pkglibexec_PROGRAMS += daemon/local/agent/sandpool-agent
daemon_local_agent_sandpool_agent_SOURCES = daemon/local/agent/main.c
daemon_local_agent_sandpool_agent_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
# Everything is bound before the root changes, and nothing is loaded that is not used.
daemon_local_agent_sandpool_agent_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,now -Wl,--as-needed
daemon_local_agent_sandpool_agent_LDADD = daemon/local/agent/libagent.la \
	daemon/local/agent/libenter.la daemon/libbase.la
