include $(top_srcdir)/docs/manual/local.mk

dist_doc_DATA += docs/administrator.md docs/security.md docs/e2b-extensions.md docs/hacking.md docs/tour.md \
	docs/plan.md docs/decisions.md
