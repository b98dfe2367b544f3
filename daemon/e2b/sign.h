/* Signatures of /files URLs (wire §6.8), made by the daemon and checked by the agent. */
#ifndef SP_SIGN_H
#define SP_SIGN_H

#include <stddef.h>
#include <stdint.h>

#define SIGN_TEXT_SIZE  48 /* "v1_" + 43 characters + NUL, with room */
#define SIGN_NO_EXPIRY  INT64_MIN
#define SIGN_TOKEN_SIZE 65 /* 64 hex digits and a NUL */

/*
 * `operation` is "read" or "write"; `path` and `username` exactly as in the URL, "" when absent;
 * `expiration` in unix seconds or SIGN_NO_EXPIRY. Writes to `text` of SIGN_TEXT_SIZE bytes.
 */
void sign_url(const char *path, const char *operation, const char *username, const char *token,
	      int64_t expiration, char *text);

/* Hex HMAC-SHA256 of `message` under `seed`: access tokens (wire §1.5). `text`: SIGN_TOKEN_SIZE bytes. */
void sign_token(const void *seed, size_t seed_len, const char *message, char *text);

/* Constant-time equality of two strings; NULL equals nothing. */
int sign_equal(const char *a, const char *b);

#endif
