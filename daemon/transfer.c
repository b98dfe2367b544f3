/* Pace and progress of transfers. */
#include "config.h"

#include "daemon/transfer.h"

#include "daemon/base/clock.h"
#include "daemon/call.h"
#include "daemon/op.h"
#include "protocol/types.h"

#define TELL_MS  100 /* at most ten a second */
#define RENEW_MS 20  /* moving a deadline costs more than looking at the clock */

void transfer_init(struct transfer *transfer, struct op *op, double idle_s, bool is_told)
{
	*transfer = (struct transfer){
		.op = op, .idle_s = idle_s, .is_told = is_told, .total = TYPES_UNSET};
}

static struct conn *listener(const struct op *op)
{
	return op->call ? op->call->conn : NULL;
}

static void tell(const struct transfer *transfer)
{
	if (listener(transfer->op))
		conn_notify(listener(transfer->op), "transfer.progress", &transfer_progress_type,
			    &(struct transfer_progress){
				    .id = transfer->op->call->id,
				    .bytes = transfer->bytes,
				    .total = transfer->total,
			    });
}

void transfer_moved(struct transfer *transfer, size_t len)
{
	int64_t now_ms = clock_mono_ms();

	transfer->bytes += (int64_t)len;
	if (transfer->idle_s > 0 && now_ms - transfer->renewed_ms >= RENEW_MS) {
		transfer->renewed_ms = now_ms;
		op_set_deadline(transfer->op, transfer->idle_s + RENEW_MS / 1e3);
	}
	if (transfer->is_told && now_ms - transfer->told_ms >= TELL_MS) {
		transfer->told_ms = now_ms;
		tell(transfer);
	}
}

void transfer_send_data(struct op *op, int64_t offset, const char *data, size_t len)
{
	if (listener(op))
		conn_notify(listener(op), "transfer.data", &transfer_data_type,
			    &(struct transfer_data){
				    .id = op->call->id,
				    .offset = offset,
				    .data = {(char *)(uintptr_t)data, len},
			    });
}

void transfer_send_credit(struct op *op, int64_t bytes)
{
	if (listener(op))
		conn_notify(listener(op), "transfer.credit", &transfer_credit_type,
			    &(struct transfer_credit){.id = op->call->id, .bytes = bytes});
}
