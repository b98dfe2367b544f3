EXTRA_DIST += docs/hacking.md docs/tour.md docs/plan.md docs/decisions.md
