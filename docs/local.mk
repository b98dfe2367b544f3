EXTRA_DIST += docs/hacking.md docs/plan.md docs/decisions.md
