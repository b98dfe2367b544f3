# The embedded engine.
include $(top_srcdir)/daemon/local/agent/local.mk
