# The manual. A program of the tree makes the pages from their sources (*.in) and from the tables that the other
# programs run on; no tool for manuals is needed. They lie in docs/manual/manN, so that
# `man -M build/docs/manual sandpool` shows them before they are installed.
noinst_PROGRAMS += docs/manual/manual
docs_manual_manual_SOURCES = \
	docs/manual/manual.c docs/manual/manual.h \
	docs/manual/manual-cli.c \
	docs/manual/manual-header.c \
	docs/manual/manual-keys.c \
	docs/manual/manual-protocol.c \
	docs/manual/roff.c docs/manual/roff.h \
	protocol/describe-field.c protocol/describe-field.h
docs_manual_manual_LDADD = client/cli/libcli.la daemon/libdaemon.la

manual_sources = \
	docs/manual/libsandpool.3.in \
	docs/manual/sandpool_call.3.in \
	docs/manual/sandpool_command_run.3.in \
	docs/manual/sandpool_error.3.in \
	docs/manual/sandpool_get_string.3.in \
	docs/manual/sandpool_on_note.3.in \
	docs/manual/sandpool_open.3.in \
	docs/manual/sandpool_set_fd.3.in \
	docs/manual/sandpool.1.in \
	docs/manual/sandpool-engine.8.in \
	docs/manual/sandpool-protocol.7.in \
	docs/manual/sandpoold.8.in \
	docs/manual/sandpoold.conf.5.in
EXTRA_DIST += $(manual_sources) docs/manual/examples/.clang-format

# What the pages show is compiled as a user would.
manual_examples = \
	docs/manual/examples/call.c \
	docs/manual/examples/connection.c \
	docs/manual/examples/descriptor.c \
	docs/manual/examples/easy.c \
	docs/manual/examples/error.c \
	docs/manual/examples/note.c \
	docs/manual/examples/result.c
check_PROGRAMS += \
	docs/manual/examples/call \
	docs/manual/examples/connection \
	docs/manual/examples/descriptor \
	docs/manual/examples/easy \
	docs/manual/examples/error \
	docs/manual/examples/note \
	docs/manual/examples/result
docs_manual_examples_call_CPPFLAGS = -I$(top_srcdir)/client
docs_manual_examples_call_LDADD = client/libsandpool.la
docs_manual_examples_connection_CPPFLAGS = -I$(top_srcdir)/client
docs_manual_examples_connection_LDADD = client/libsandpool.la
docs_manual_examples_descriptor_CPPFLAGS = -I$(top_srcdir)/client
docs_manual_examples_descriptor_LDADD = client/libsandpool.la
docs_manual_examples_easy_CPPFLAGS = -I$(top_srcdir)/client
docs_manual_examples_easy_LDADD = client/libsandpool.la
docs_manual_examples_error_CPPFLAGS = -I$(top_srcdir)/client
docs_manual_examples_error_LDADD = client/libsandpool.la
docs_manual_examples_note_CPPFLAGS = -I$(top_srcdir)/client
docs_manual_examples_note_LDADD = client/libsandpool.la
docs_manual_examples_result_CPPFLAGS = -I$(top_srcdir)/client
docs_manual_examples_result_LDADD = client/libsandpool.la

manual_programs = sandpool sandpoold daemon/local/sandpool-engine

# A page runs a program that was just built, so it is not made for another machine.
if NATIVE
man1_MANS = docs/manual/man1/sandpool.1
man3_MANS = $(manual_library) $(manual_names)
manual_library = \
	docs/manual/man3/libsandpool.3 \
	docs/manual/man3/sandpool_call.3 \
	docs/manual/man3/sandpool_command_run.3 \
	docs/manual/man3/sandpool_error.3 \
	docs/manual/man3/sandpool_get_string.3 \
	docs/manual/man3/sandpool_on_note.3 \
	docs/manual/man3/sandpool_open.3 \
	docs/manual/man3/sandpool_set_fd.3
# Functions that share a page: each name leads to it.
manual_names = \
	docs/manual/man3/sandpool_add_pair.3 \
	docs/manual/man3/sandpool_add_string.3 \
	docs/manual/man3/sandpool_call_free.3 \
	docs/manual/man3/sandpool_call_id.3 \
	docs/manual/man3/sandpool_call_new.3 \
	docs/manual/man3/sandpool_cancel.3 \
	docs/manual/man3/sandpool_close.3 \
	docs/manual/man3/sandpool_default_socket.3 \
	docs/manual/man3/sandpool_dispatch.3 \
	docs/manual/man3/sandpool_fd.3 \
	docs/manual/man3/sandpool_fd_count.3 \
	docs/manual/man3/sandpool_file_read.3 \
	docs/manual/man3/sandpool_file_write.3 \
	docs/manual/man3/sandpool_get_bool.3 \
	docs/manual/man3/sandpool_get_bytes.3 \
	docs/manual/man3/sandpool_get_count.3 \
	docs/manual/man3/sandpool_get_int.3 \
	docs/manual/man3/sandpool_get_json.3 \
	docs/manual/man3/sandpool_get_key.3 \
	docs/manual/man3/sandpool_get_number.3 \
	docs/manual/man3/sandpool_has.3 \
	docs/manual/man3/sandpool_note_bool.3 \
	docs/manual/man3/sandpool_note_bytes.3 \
	docs/manual/man3/sandpool_note_int.3 \
	docs/manual/man3/sandpool_note_json.3 \
	docs/manual/man3/sandpool_note_method.3 \
	docs/manual/man3/sandpool_note_string.3 \
	docs/manual/man3/sandpool_notify.3 \
	docs/manual/man3/sandpool_sandbox_create.3 \
	docs/manual/man3/sandpool_sandbox_kill.3 \
	docs/manual/man3/sandpool_set_bool.3 \
	docs/manual/man3/sandpool_set_bytes.3 \
	docs/manual/man3/sandpool_set_int.3 \
	docs/manual/man3/sandpool_set_number.3 \
	docs/manual/man3/sandpool_set_params.3 \
	docs/manual/man3/sandpool_set_string.3 \
	docs/manual/man3/sandpool_start.3 \
	docs/manual/man3/sandpool_take_fd.3 \
	docs/manual/man3/sandpool_wait.3 \
	docs/manual/man3/sandpool_wants_write.3
man5_MANS = docs/manual/man5/sandpoold.conf.5
man7_MANS = docs/manual/man7/sandpool-protocol.7
man8_MANS = docs/manual/man8/sandpoold.8 docs/manual/man8/sandpool-engine.8
endif

manual_pages = $(man1_MANS) $(manual_library) $(man5_MANS) $(man7_MANS) $(man8_MANS)
$(manual_pages) $(manual_names): docs/manual/pages.stamp
docs/manual/pages.stamp: docs/manual/manual $(manual_programs) client/sandpool.h $(manual_sources) $(manual_examples)
	$(AM_V_GEN)for program in $(manual_programs); do \
		./$$program --help >docs/manual/"$${program##*/}".help || exit 1; \
	done; \
	for page in $(manual_pages); do \
		$(MKDIR_P) "$${page%/*}" && \
		docs/manual/manual $(srcdir) <$(srcdir)/docs/manual/"$${page##*/}".in >"$$page" || exit 1; \
	done; \
	for name in $(manual_names); do \
		page=$$(cd $(srcdir)/docs/manual && basename "$${name%.3}" | \
			xargs -I NAME grep -lE '^\.Nm NAME( ,)?$$' *.3.in) && \
		echo ".so man3/$${page%.in}" >"$$name" || exit 1; \
	done; \
	echo made >$@
CLEANFILES += docs/manual/pages.stamp docs/manual/sandpool.help docs/manual/sandpoold.help \
	docs/manual/sandpool-engine.help $(manual_pages) $(manual_names)
