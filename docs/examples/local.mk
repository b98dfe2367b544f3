# Programs to read, to use and to begin with; tests/integration/examples.bats runs them.
dist_examples_DATA += docs/examples/README.md docs/examples/run-tests.c
examplesscriptsdir = $(examplesdir)
dist_examplesscripts_SCRIPTS = docs/examples/ci.sh docs/examples/matrix.py docs/examples/shared.mjs
check_PROGRAMS += docs/examples/run-tests
docs_examples_run_tests_CPPFLAGS = -I$(top_srcdir)/client
docs_examples_run_tests_LDADD = client/libsandpool.la
