/*
 * Templates: what a sandbox's root is made of, below its own layer. "base" is made from the host's own
 * system as read-only layers; nothing that is not world-readable on the host may ever be in one.
 */
#ifndef SP_TEMPLATE_H
#define SP_TEMPLATE_H

#include "protocol/error.h"

/*
 * Make sure that the built layer of "base" exists and fits the host's present state (packages may have
 * changed since). `templates_dir` is the engine's. Writes the template's directory to *ret_dir: returns new.
 */
int template_prepare_base(const char *templates_dir, char **ret_dir, struct sb_error *err) MUST_USE;

/* What a host lacks to be a base: fills `err` with the packages to install; 0 when complete. */
int template_check_host(struct sb_error *err) MUST_USE;

#endif
