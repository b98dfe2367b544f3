# What both ends of the local protocol share: no socket, no event loop.
noinst_LTLIBRARIES += protocol/libprotocol.la
protocol_libprotocol_la_SOURCES = \
	protocol/base64.c protocol/base64.h \
	protocol/buf.c protocol/buf.h \
	protocol/cleanup.h \
	protocol/error.c protocol/error.h \
	protocol/errors.def \
	protocol/fields.c protocol/fields.h \
	protocol/fields-encode.c \
	protocol/frame.c protocol/frame.h \
	protocol/hex.h \
	protocol/lookup.c protocol/lookup.h \
	protocol/message.c protocol/message.h \
	protocol/methods.c protocol/methods.h \
	protocol/methods.def \
	protocol/nearest.c protocol/nearest.h \
	protocol/options.c protocol/options.h \
	protocol/scan.c protocol/scan.h \
	protocol/text.c protocol/text.h \
	protocol/types.h protocol/types-file.h protocol/types-git.h \
	protocol/types-parts.h \
	protocol/types-command.c \
	protocol/types-common.c \
	protocol/types-file.c \
	protocol/types-git.c \
	protocol/types-sandbox.c \
	protocol/types-watch.c \
	protocol/utf8.c protocol/utf8.h \
	protocol/values.c protocol/values.h
protocol_libprotocol_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
protocol_libprotocol_la_LIBADD = $(JSON_LIBS)
dist_doc_DATA += protocol/PROTOCOL.md

# Prints the second half of PROTOCOL.md.
noinst_PROGRAMS += protocol/describe
protocol_describe_SOURCES = protocol/describe.c protocol/describe-field.c protocol/describe-field.h
protocol_describe_LDADD = protocol/libprotocol.la

.PHONY: protocol-md
protocol-md: protocol/describe
	{ sed '/<!-- begin tables -->/q' $(srcdir)/protocol/PROTOCOL.md; protocol/describe; \
	  echo '<!-- end tables -->'; } > protocol/PROTOCOL.md.new
	mv protocol/PROTOCOL.md.new $(srcdir)/protocol/PROTOCOL.md
