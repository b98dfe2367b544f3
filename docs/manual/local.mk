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
	docs/manual/sandpool.1.in \
	docs/manual/sandpool-engine.8.in \
	docs/manual/sandpool-protocol.7.in \
	docs/manual/sandpoold.8.in \
	docs/manual/sandpoold.conf.5.in
EXTRA_DIST += $(manual_sources)

manual_programs = sandpool sandpoold daemon/local/sandpool-engine

# A page runs a program that was just built, so it is not made for another machine.
if NATIVE
man1_MANS = docs/manual/man1/sandpool.1
man5_MANS = docs/manual/man5/sandpoold.conf.5
man7_MANS = docs/manual/man7/sandpool-protocol.7
man8_MANS = docs/manual/man8/sandpoold.8 docs/manual/man8/sandpool-engine.8
endif

manual_pages = $(man1_MANS) $(man5_MANS) $(man7_MANS) $(man8_MANS)
$(manual_pages): docs/manual/pages.stamp
docs/manual/pages.stamp: docs/manual/manual $(manual_programs) client/sandpool.h $(manual_sources)
	$(AM_V_GEN)for program in $(manual_programs); do \
		./$$program --help >docs/manual/"$${program##*/}".help || exit 1; \
	done; \
	for page in $(manual_pages); do \
		$(MKDIR_P) "$${page%/*}" && \
		docs/manual/manual $(srcdir) <$(srcdir)/docs/manual/"$${page##*/}".in >"$$page" || exit 1; \
	done; \
	echo made >$@
CLEANFILES += docs/manual/pages.stamp docs/manual/sandpool.help docs/manual/sandpoold.help \
	docs/manual/sandpool-engine.help $(manual_pages)
