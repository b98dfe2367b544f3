/* What a download says of a file: its type, its name, its age, and the coding it is sent in. */
#ifndef SP_MEDIA_H
#define SP_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "protocol/buf.h"

#define MEDIA_SNIFF_MAX 512 /* bytes of a file that media_type() looks at */
#define MEDIA_DATE_SIZE 32

/*
 * The content type by the extension of `name`, else by the first bytes, `head`; NULL bytes: only the
 * extension is asked, and NULL comes back when it says nothing. The result lives for ever.
 */
const char *media_type(const char *name, const char *head, size_t len);

/* Append "inline; filename=…" for any file name: a token, quoted, or RFC 2231's form. */
void media_disposition(struct buf *out, const char *name);

enum media_coding { MEDIA_IDENTITY, MEDIA_GZIP, MEDIA_UNACCEPTABLE };

/* What an Accept-Encoding header (NULL for none) asks for. */
enum media_coding media_coding(const char *accept);

/* "Sun, 06 Nov 1994 08:49:37 GMT"; `text` has MEDIA_DATE_SIZE bytes. Returns text. */
char *media_date_format(time_t when, char *text);
bool media_date_parse(const char *text, time_t *ret);

#endif
