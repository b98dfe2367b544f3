/* GET /v2/sandboxes and its predecessor (wire §1.6). */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/api.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"
#include "daemon/local/listing.h"

struct page {
	const struct box **boxes; /* all that fit and are due, in order */
	size_t count;
	size_t running; /* all that fit */
};

static int compare_boxes(const void *a, const void *b, void *arg)
{
	const struct box *const *left = a, *const *right = b;

	return listing_compare(arg, &(*left)->record, &(*right)->record);
}

static int page_make(struct engine *engine, struct listing *listing, struct page *ret)
{
	size_t total = 0;

	list_for_each (struct box, box, &engine->boxes, link)
		total += box->state == BOX_RUNNING;
	*ret = (struct page){.boxes = calloc(total + 1, sizeof(*ret->boxes))};
	if (!ret->boxes)
		return -1;
	list_for_each (struct box, box, &engine->boxes, link) {
		if (box->state != BOX_RUNNING || !listing_fits(listing, &box->record))
			continue;
		ret->running++;
		if (listing_is_due(listing, &box->record))
			ret->boxes[ret->count++] = box;
	}
	qsort_r(ret->boxes, ret->count, sizeof(*ret->boxes), compare_boxes, listing);
	return 0;
}

/* The first `limit` of a page as a JSON array. */
static void page_encode(const struct page *page, size_t limit, struct buf *json)
{
	buf_add_str(json, "[");
	for (size_t i = 0; i < page->count && i < limit; i++) {
		struct wire_sandbox_info info;
		struct api_info_text text;

		if (i > 0)
			buf_add_str(json, ",");
		api_fill_info(page->boxes[i], &info, &text);
		fields_encode(&wire_sandbox_info_type, FIELDS_E2B, &info, json);
	}
	buf_add_str(json, "]");
}

static void reply_page(struct api_call *call, const struct listing *listing,
		       const struct page *page)
{
	struct buf json CLEANUP_BUF = {0}, cursor CLEANUP_BUF = {0};
	size_t limit = (size_t)listing->limit;
	char running[24];
	struct httpd_header headers[3] = {{"X-Total-Running", running}};

	(void)snprintf(running, sizeof(running), "%zu", page->running);
	if (page->count > limit) {
		listing_cursor(listing, &page->boxes[limit - 1]->record, &cursor);
		headers[1] = (struct httpd_header){"X-Next-Token", cursor.data};
	}
	page_encode(page, limit, &json);
	json.failed |= cursor.failed;
	api_reply_json(call->request, 200, headers, &json);
}

static void list(struct api_call *call, int version)
{
	struct listing listing CLEANUP(listing_deinit) = {0};
	struct sb_error err = {0};
	struct page page;

	if (listing_parse(httpd_query(call->request), version, &listing, &err) < 0) {
		httpd_reply_error(call->request, 400, "%s", err.text);
		return;
	}
	if (page_make(call->engine, &listing, &page) < 0) {
		httpd_reply_error(call->request, 500, "out of memory");
		return;
	}
	reply_page(call, &listing, &page);
	free(page.boxes);
}

void api_list(struct api_call *call)
{
	list(call, 2);
}

void api_list_v1(struct api_call *call)
{
	list(call, 1);
}
