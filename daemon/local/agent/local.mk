# The agent: PID 1 of a local sandbox.

# Its file half: what a unit test of it links as well.
noinst_LTLIBRARIES += daemon/local/agent/libfiles.la
daemon_local_agent_libfiles_la_SOURCES = \
	daemon/local/agent/media.c daemon/local/agent/media.h \
	daemon/local/agent/metadata.c daemon/local/agent/metadata.h \
	daemon/local/agent/multipart.c daemon/local/agent/multipart.h \
	daemon/local/agent/range.c daemon/local/agent/range.h \
	daemon/local/agent/remover.c daemon/local/agent/remover.h
daemon_local_agent_libfiles_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(ZLIB_CFLAGS)
daemon_local_agent_libfiles_la_LIBADD = daemon/libbase.la $(ZLIB_LIBS)

# What the agent does to itself before it serves.
noinst_LTLIBRARIES += daemon/local/agent/libenter.la
daemon_local_agent_libenter_la_SOURCES = \
	daemon/local/agent/enter.c daemon/local/agent/enter.h \
	daemon/local/caps.c daemon/local/caps.h
daemon_local_agent_libenter_la_LIBADD = protocol/libprotocol.la
