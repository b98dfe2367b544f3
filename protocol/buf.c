/* A growing, bounded run of bytes. */
#include "config.h"

#include "protocol/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

void buf_deinit(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){.limit = buf->limit};
}

char *buf_reserve(struct buf *buf, size_t len)
{
	size_t size = buf->size ? buf->size : 64;
	char *data;

	if (buf->failed)
		return NULL;
	if (len >= SIZE_MAX / 4 - buf->len || (buf->limit && buf->len + len > buf->limit)) {
		buf->failed = true;
		return NULL;
	}
	while (size < buf->len + len + 1)
		size *= 2;
	if (size != buf->size) {
		data = realloc(buf->data, size);
		if (!data) {
			buf->failed = true;
			return NULL;
		}
		buf->data = data;
		buf->size = size;
	}
	return buf->data + buf->len;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	char *at = buf_reserve(buf, len);

	if (!at)
		return;
	if (len)
		memcpy(at, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_add_str(struct buf *buf, const char *str)
{
	buf_add(buf, str, strlen(str));
}

void buf_add_int(struct buf *buf, int64_t number)
{
	char text[24], *at = text + sizeof(text);
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (number < 0)
		*--at = '-';
	buf_add(buf, at, (size_t)(text + sizeof(text) - at));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	char *at;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0) {
		buf->failed = true;
		return;
	}
	at = buf_reserve(buf, (size_t)len);
	if (!at)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(at, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)len;
}

void buf_consume(struct buf *buf, size_t len)
{
	if (len >= buf->len) {
		buf_reset(buf);
		return;
	}
	buf->len -= len;
	memmove(buf->data, buf->data + len, buf->len);
	buf->data[buf->len] = '\0';
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = '\0';
}

char *buf_steal(struct buf *buf)
{
	char *data;

	if (!buf->failed && !buf->data)
		buf_add(buf, "", 0);
	if (buf->failed)
		return NULL;
	data = take(&buf->data);
	buf_deinit(buf);
	return data;
}
