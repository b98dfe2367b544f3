# The client library; the command line.

include $(top_srcdir)/client/cli/local.mk
