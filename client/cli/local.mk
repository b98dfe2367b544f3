# The sandpool command: built on libsandpool alone (and small helpers of protocol/ that are headers or text).
# All but its main(), so that the manual can be made from the table of verbs.
noinst_LTLIBRARIES += client/cli/libcli.la
client_cli_libcli_la_SOURCES = \
	client/cli/cli.c client/cli/cli.h \
	client/cli/cmd-attach.c \
	client/cli/cmd-call.c \
	client/cli/cmd-command.c \
	client/cli/cmd-cp.c \
	client/cli/cmd-create.c \
	client/cli/cmd-doctor.c \
	client/cli/cmd-exec.c \
	client/cli/cmd-files.c client/cli/cmd-files.h \
	client/cli/cmd-files-watch.c \
	client/cli/cmd-git.c \
	client/cli/cmd-ls.c \
	client/cli/cmd-metrics.c \
	client/cli/cmd-run.c \
	client/cli/cmd-sandbox.c \
	client/cli/cmd-shell.c \
	client/cli/cmd-status.c \
	client/cli/cmd-top.c \
	client/cli/command-options.c client/cli/command-options.h \
	client/cli/complete.c client/cli/complete.h \
	client/cli/complete-remote.c client/cli/complete-remote.h \
	client/cli/copy.c client/cli/copy.h \
	client/cli/create-options.c client/cli/create-options.h \
	client/cli/machine.c client/cli/machine.h \
	client/cli/place.c client/cli/place.h \
	client/cli/progress.c client/cli/progress.h \
	client/cli/session.c client/cli/session.h \
	client/cli/table.c client/cli/table.h \
	client/cli/terminal.c client/cli/terminal.h \
	client/cli/units.c client/cli/units.h \
	client/cli/verbs.c client/cli/verbs.h
client_cli_libcli_la_LIBADD = client/libsandpool.la protocol/libprotocol.la

bin_PROGRAMS += sandpool
sandpool_SOURCES = client/cli/main.c
sandpool_LDADD = client/cli/libcli.la

# The shells ask the command itself: see complete.h.
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
dist_bashcomp_DATA = client/cli/completions/sandpool
dist_zshcomp_DATA = client/cli/completions/_sandpool
dist_fishcomp_DATA = client/cli/completions/sandpool.fish
