/*
 * What the disk remembers of one sandbox: DIR/record.json, so that an engine started later can take up
 * what an earlier one left running. It holds environment values: mode 0600.
 *
 * It is replaced by rename, so a reader sees the old one or the new one. It is not synced: a machine that
 * lost power has no sandbox to take up, and a record that cannot be read marks its directory as leftover.
 */
#ifndef SP_LOCAL_RECORD_H
#define SP_LOCAL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/local/policy.h"
#include "protocol/error.h"
#include "protocol/values.h"

struct record {
	int64_t version;
	char *id;
	char *template_id;
	struct string_map metadata;
	struct string_map env_vars; /* as given at create */
	bool is_secure;
	bool is_ready;     /* its creator was told, or was about to be */
	int64_t timeout_s; /* as given at create */
	int64_t started_us;
	int64_t end_us;
	int64_t id_base;
	int64_t pid; /* of PID 1, with its start time; 0 before there is one */
	int64_t start_time;
	struct policy policy; /* of its network */
	int64_t port;         /* on the network; 0: none */
};

int record_load(const char *dir, struct record *ret, struct sb_error *err) MUST_USE;
int record_save(const struct record *record, const char *dir, struct sb_error *err) MUST_USE;
void record_deinit(struct record *record);

#endif
