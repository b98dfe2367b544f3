include $(top_srcdir)/docs/manual/local.mk
include $(top_srcdir)/docs/examples/local.mk

dist_doc_DATA += docs/administrator.md docs/security.md docs/e2b-extensions.md
EXTRA_DIST += docs/hacking.md docs/tour.md docs/plan.md docs/decisions.md
