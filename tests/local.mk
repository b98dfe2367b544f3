# Tests. A unit test is one word here; its source is tests/unit/test-<word>.c by automake's default.
AM_DEFAULT_SOURCE_EXT = .c
TEST_EXTENSIONS = .bats
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
BATS_LOG_DRIVER = $(LOG_DRIVER)
BATS_LOG_COMPILER = $(srcdir)/tests/in-network $(BATS) --tap
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	SP_BUILDDIR='$(abs_top_builddir)'; export SP_BUILDDIR; \
	SP_SRCDIR='$(abs_top_srcdir)'; export SP_SRCDIR;

LDADD = daemon/libdaemon.la daemon/libbase.la $(CMOCKA_LIBS)

unit_tests = \
	tests/unit/test-api \
	tests/unit/test-base64 \
	tests/unit/test-box \
	tests/unit/test-client \
	tests/unit/test-clock \
	tests/unit/test-configuration \
	tests/unit/test-conn \
	tests/unit/test-dns-message \
	tests/unit/test-envd \
	tests/unit/test-envelope \
	tests/unit/test-error \
	tests/unit/test-exit-status \
	tests/unit/test-fields \
	tests/unit/test-files \
	tests/unit/test-frame \
	tests/unit/test-http \
	tests/unit/test-http-cancel \
	tests/unit/test-http-faults \
	tests/unit/test-httpd \
	tests/unit/test-ids \
	tests/unit/test-listing \
	tests/unit/test-inspect-name \
	tests/unit/test-lookup \
	tests/unit/test-message \
	tests/unit/test-nearest \
	tests/unit/test-network \
	tests/unit/test-op \
	tests/unit/test-policy \
	tests/unit/test-probe \
	tests/unit/test-provider \
	tests/unit/test-record \
	tests/unit/test-route \
	tests/unit/test-sandbox \
	tests/unit/test-scan \
	tests/unit/test-sign \
	tests/unit/test-spool \
	tests/unit/test-store \
	tests/unit/test-subid \
	tests/unit/test-trash \
	tests/unit/test-uri \
	tests/unit/test-user \
	tests/unit/test-utf8 \
	tests/unit/test-wire \
	tests/unit/test-worker

tests_unit_test_box_LDADD = daemon/local/libengine.la daemon/local/libcontain.la $(LDADD)
tests_unit_test_client_LDADD = client/libsandpool.la $(CMOCKA_LIBS)
tests_unit_test_dns_message_LDADD = daemon/local/libengine.la $(LDADD)
tests_unit_test_inspect_name_LDADD = daemon/local/libengine.la $(LDADD)
tests_unit_test_ids_LDADD = daemon/local/libengine.la $(LDADD)
tests_unit_test_listing_LDADD = daemon/local/libengine.la $(LDADD)
tests_unit_test_network_LDADD = daemon/local/libengine.la daemon/local/libcontain.la $(LDADD)
tests_unit_test_policy_LDADD = daemon/local/libengine.la $(LDADD)
tests_unit_test_record_LDADD = daemon/local/libengine.la $(LDADD)
tests_unit_test_route_LDADD = daemon/local/libengine.la $(LDADD)
tests_unit_test_subid_LDADD = daemon/local/libengine.la $(LDADD)
tests_unit_test_trash_LDADD = daemon/local/libengine.la $(LDADD)

# its own allocations fail one after the other
tests_unit_test_fields_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=strdup,--wrap=strndup
tests_unit_test_fields_LDADD = protocol/libprotocol.la $(CMOCKA_LIBS)

raw_server = tests/unit/raw-server.c tests/unit/raw-server.h
raw_provider = $(raw_server) tests/unit/raw-provider.c tests/unit/raw-provider.h
tests_unit_test_api_SOURCES = tests/unit/test-api.c $(raw_provider)
tests_unit_test_envd_SOURCES = tests/unit/test-envd.c $(raw_provider)
tests_unit_test_probe_SOURCES = tests/unit/test-probe.c $(raw_provider)
tests_unit_test_files_SOURCES = tests/unit/test-files.c $(raw_provider)
http_call = $(raw_server) tests/unit/http-call.c tests/unit/http-call.h
tests_unit_test_http_SOURCES = tests/unit/test-http.c $(http_call)
tests_unit_test_http_cancel_SOURCES = tests/unit/test-http-cancel.c $(http_call)
tests_unit_test_http_faults_SOURCES = tests/unit/test-http-faults.c $(http_call)

bats_tests = \
	tests/integration/remote.bats \
	tests/integration/command.bats \
	tests/integration/command-interrupted.bats \
	tests/integration/command-restart.bats \
	tests/integration/file.bats \
	tests/integration/hostile.bats \
	tests/integration/manual.bats \
	tests/integration/install.bats \
	tests/integration/git.bats \
	tests/integration/pty.bats \
	tests/integration/cli.bats \
	tests/integration/completion.bats \
	tests/integration/daemon.bats \
	tests/integration/examples.bats \
	tests/integration/rpc.bats \
	tests/integration/bad-input.bats \
	tests/integration/doctor.bats \
	tests/integration/top.bats \
	tests/integration/sandbox.bats \
	tests/integration/watch.bats \
	tests/integration/secrets.bats \
	tests/integration/service.bats \
	tests/integration/agent-connect.bats \
	tests/integration/agent-process.bats \
	tests/integration/agent-watch.bats \
	tests/integration/engine.bats \
	tests/integration/rootless.bats \
	tests/integration/agent-files.bats \
	tests/local/contain-files.bats \
	tests/local/contain-kernel.bats \
	tests/local/contain-limits.bats \
	tests/local/contain-network.bats \
	tests/local/contain-privilege.bats \
	tests/local/contain-files-subuid.bats \
	tests/local/contain-files-single.bats \
	tests/local/contain-kernel-subuid.bats \
	tests/local/contain-kernel-single.bats \
	tests/local/contain-limits-subuid.bats \
	tests/local/contain-limits-single.bats \
	tests/local/contain-network-subuid.bats \
	tests/local/contain-privilege-subuid.bats \
	tests/local/contain-privilege-single.bats \
	tests/local/uplink-dns.bats \
	tests/local/network.bats \
	tests/local/uplink-engine.bats \
	tests/local/uplink-inspect.bats

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests) $(bats_tests)

# The agent's files.
files_tests = \
	tests/unit/test-entry \
	tests/unit/test-gunzip \
	tests/unit/test-media \
	tests/unit/test-metadata \
	tests/unit/test-multipart \
	tests/unit/test-path \
	tests/unit/test-range \
	tests/unit/test-remover
unit_tests += $(files_tests)
tests_unit_test_entry_LDADD = daemon/local/agent/libagent.la $(LDADD)
tests_unit_test_gunzip_LDADD = daemon/local/agent/libagent.la $(LDADD)
tests_unit_test_media_LDADD = daemon/local/agent/libagent.la $(LDADD)
tests_unit_test_metadata_LDADD = daemon/local/agent/libagent.la $(LDADD)
tests_unit_test_multipart_LDADD = daemon/local/agent/libagent.la $(LDADD)
tests_unit_test_path_LDADD = daemon/local/agent/libagent.la $(LDADD)
tests_unit_test_range_LDADD = daemon/local/agent/libagent.la $(LDADD)
tests_unit_test_remover_LDADD = daemon/local/agent/libagent.la $(LDADD)

# Containment: its parts, and sandboxes built without engine or agent, and looked at from inside.
contain_tests = tests/unit/test-filter tests/unit/test-tree
unit_tests += $(contain_tests)
tests_unit_test_filter_LDADD = daemon/local/libcontain.la $(LDADD)
tests_unit_test_tree_LDADD = daemon/local/libcontain.la daemon/local/libengine.la $(LDADD)

check_PROGRAMS += tests/local/contain-run tests/local/probe-agent tests/local/uplink-run
tests_local_contain_run_LDADD = daemon/local/libcontain.la daemon/local/libengine.la daemon/libbase.la
tests_local_uplink_run_LDADD = daemon/local/libengine.la daemon/libbase.la
tests_local_probe_agent_LDADD = daemon/local/agent/libenter.la

.PHONY: print-unit-tests print-prefix
print-unit-tests:
	@echo $(unit_tests)
print-prefix:
	@echo $(prefix)

# The Debian packages, from what is distributed.
.PHONY: check-deb
check-deb: distdir
	$(srcdir)/tests/check-deb $(distdir)
	rm -rf $(distdir)

# Checks of the source itself; and its layout.
# The whole folder: what tests load and compare must not be forgotten in a list.
dist-hook:
	(cd $(srcdir) && tar cf - tests) | (cd $(distdir) && tar xf -)
.PHONY: check-source check-format format print-cppflags
check-source: protocol/describe
	bash $(srcdir)/tests/check-source/run $(abs_top_srcdir) $(abs_top_builddir)
# The pages as mandoc and man see them.
.PHONY: check-manuals
check-manuals: docs/manual/pages.stamp
	bash $(srcdir)/tests/check-manuals/run $(abs_top_builddir)
check-format:
	cd $(srcdir) && find protocol daemon client docs tests -name '*.[ch]' | xargs $(CLANG_FORMAT) --dry-run --Werror
format:
	cd $(srcdir) && find protocol daemon client docs tests -name '*.[ch]' | xargs $(CLANG_FORMAT) -i
print-cppflags:
	@echo $(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS) $(EVENT_CFLAGS) $(CURL_CFLAGS) $(MHD_CFLAGS) $(NETTLE_CFLAGS) $(JSON_CFLAGS)
