# Harnesses over every parser of hostile bytes. With --enable-fuzzing they are libFuzzer programs:
#	tests/fuzz/fuzz-frame -max_total_time=60 NEW-INPUTS-DIR $(srcdir)/tests/fuzz/corpus/frame
# Without, the same functions run over their corpora as tests. A crash that was fixed leaves its input there.
fuzzers = \
	tests/fuzz/fuzz-base64 \
	tests/fuzz/fuzz-clock \
	tests/fuzz/fuzz-configuration \
	tests/fuzz/fuzz-dns \
	tests/fuzz/fuzz-envelope \
	tests/fuzz/fuzz-fields \
	tests/fuzz/fuzz-frame \
	tests/fuzz/fuzz-header \
	tests/fuzz/fuzz-inspect \
	tests/fuzz/fuzz-message \
	tests/fuzz/fuzz-multipart \
	tests/fuzz/fuzz-passwd \
	tests/fuzz/fuzz-route \
	tests/fuzz/fuzz-segment \
	tests/fuzz/fuzz-uri

if FUZZING
noinst_PROGRAMS += $(fuzzers)
fuzz_main =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
check_PROGRAMS += $(fuzzers)
TESTS += $(fuzzers)
fuzz_main = tests/fuzz/replay.c
fuzz_ldflags = $(AM_LDFLAGS)
endif

fuzz_agent = daemon/local/agent/libagent.la daemon/libbase.la
fuzz_engine = daemon/local/libengine.la daemon/libbase.la

tests_fuzz_fuzz_base64_SOURCES = tests/fuzz/fuzz-base64.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_base64_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_base64_LDADD = daemon/libbase.la
tests_fuzz_fuzz_clock_SOURCES = tests/fuzz/fuzz-clock.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_clock_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_clock_LDADD = daemon/libbase.la
tests_fuzz_fuzz_configuration_SOURCES = tests/fuzz/fuzz-configuration.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_configuration_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_configuration_LDADD = daemon/libdaemon.la
tests_fuzz_fuzz_dns_SOURCES = tests/fuzz/fuzz-dns.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_dns_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_dns_LDADD = $(fuzz_engine)
tests_fuzz_fuzz_envelope_SOURCES = tests/fuzz/fuzz-envelope.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_envelope_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_envelope_LDADD = daemon/libbase.la
tests_fuzz_fuzz_fields_SOURCES = tests/fuzz/fuzz-fields.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_fields_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_fields_LDADD = daemon/libbase.la
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz-frame.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_frame_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_frame_LDADD = protocol/libprotocol.la
tests_fuzz_fuzz_header_SOURCES = tests/fuzz/fuzz-header.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_header_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_header_LDADD = $(fuzz_agent)
tests_fuzz_fuzz_inspect_SOURCES = tests/fuzz/fuzz-inspect.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_inspect_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_inspect_LDADD = $(fuzz_engine)
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz-message.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_message_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_message_LDADD = protocol/libprotocol.la
tests_fuzz_fuzz_multipart_SOURCES = tests/fuzz/fuzz-multipart.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_multipart_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_multipart_LDADD = $(fuzz_agent)
tests_fuzz_fuzz_passwd_SOURCES = tests/fuzz/fuzz-passwd.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_passwd_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_passwd_LDADD = $(fuzz_agent)
tests_fuzz_fuzz_route_SOURCES = tests/fuzz/fuzz-route.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_route_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_route_LDADD = $(fuzz_engine)
tests_fuzz_fuzz_segment_SOURCES = tests/fuzz/fuzz-segment.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_segment_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_segment_LDADD = daemon/libdaemon.la
tests_fuzz_fuzz_uri_SOURCES = tests/fuzz/fuzz-uri.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_uri_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_uri_LDADD = $(fuzz_engine)

