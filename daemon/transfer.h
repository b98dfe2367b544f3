/*
 * What transfers of files have in common: a limit that counts from the last progress instead of from the
 * start, telling the client how far it is, and the credit that paces transfer.data.
 */
#ifndef SP_TRANSFER_H
#define SP_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/error.h"

struct op;

struct transfer {
	struct op *op;
	double idle_s;      /* 0: none */
	bool is_told;       /* progress was asked for */
	int64_t bytes;      /* so far */
	int64_t total;      /* TYPES_UNSET: not known */
	int64_t renewed_ms; /* monotonic: when the limit was moved, and progress told, last */
	int64_t told_ms;
};

void transfer_init(struct transfer *transfer, struct op *op, double idle_s, bool is_told);

/* So many bytes more have moved. */
void transfer_moved(struct transfer *transfer, size_t len);

/* Tell the caller of the operation a piece of a file, or that as many more bytes may come. */
void transfer_send_data(struct op *op, int64_t offset, const char *data, size_t len);
void transfer_send_credit(struct op *op, int64_t bytes);

#endif
