/* PUT /sandboxes/{id}/network (wire §1.12): what a running sandbox may reach from now on. */
#include "config.h"

#include "daemon/base/httpd.h"
#include "daemon/base/log.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/api.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"
#include "daemon/local/uplink.h"

/* The way in stays as it was made; only the way out is replaced. */
static int make_policy(const struct box *box, const struct wire_network_update *asked,
		       struct policy *ret, struct sb_error *err)
{
	const struct policy *old = &box->record.policy;
	const struct wire_network network = {
		.allow_out = asked->allow_out,
		.deny_out = asked->deny_out,
		.allow_public_traffic = !old->is_private,
		.mask_request_host = old->mask_request_host,
		.rules = asked->rules,
		.egress_proxy = asked->egress_proxy,
	};

	return policy_make(&network, asked->allow_internet_access, box->record.is_secure, ret, err);
}

static int set_network(struct box *box, const struct wire_network_update *asked,
		       struct sb_error *err)
{
	struct policy policy CLEANUP(policy_deinit) = {0};
	struct sb_error disk = {0};

	if (make_policy(box, asked, &policy, err) < 0)
		return -1;
	if (network_change(&box->engine->network, &box->record, &policy, box->contained.pid_fd,
			   err) < 0)
		return -1;
	uplink_review(box->engine->uplink);
	/* In force, so a later engine without it would be worse than an error now. */
	if (record_save(&box->record, box->dir, &disk) < 0) {
		log_warning("%s: its network policy is not on disk: %s", box->record.id, disk.text);
		return sb_fail(err, SB_INTERNAL, "in force, but not on disk: %s", disk.text);
	}
	return 0;
}

void api_set_network(struct api_call *call)
{
	struct wire_network_update asked = {0};
	struct box *box = api_box(call);
	struct sb_error err = {0};

	if (!box || api_decode(call, &wire_network_update_type, true, &asked) < 0)
		return;
	if (set_network(box, &asked, &err) < 0)
		api_reply_failure(call->request, &err);
	else
		api_reply_empty(call->request);
	fields_free(&wire_network_update_type, &asked);
}
