/* Signatures of /files URLs and access tokens (wire §6.8, §1.5), on nettle. */
#include "config.h"

#include "daemon/e2b/sign.h"

#include <inttypes.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "protocol/cleanup.h"
#include "protocol/hex.h"

static void add_text(struct sha256_ctx *hash, const char *text)
{
	sha256_update(hash, strlen(text), (const uint8_t *)text);
}

void sign_url(const char *path, const char *operation, const char *username, const char *token,
	      int64_t expiration, char *text)
{
	const char *const parts[] = {path, ":", operation, ":", username, ":", token};
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx hash;
	char number[24];

	_Static_assert(SIGN_TEXT_SIZE >= 3 + BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) + 1,
		       "prefix, padded base64 and a NUL fit");
	sha256_init(&hash);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		add_text(&hash, parts[i]);
	if (expiration != SIGN_NO_EXPIRY) {
		(void)snprintf(number, sizeof(number), ":%" PRId64, expiration);
		add_text(&hash, number);
	}
	sha256_digest(&hash, sizeof(digest), digest);
	memcpy(text, "v1_", 3);
	base64_encode_raw(text + 3, sizeof(digest), digest);
	text[3 + (sizeof(digest) * 8 + 5) / 6] = '\0'; /* where the padding begins */
}

void sign_token(const void *seed, size_t seed_len, const char *message, char *text)
{
	struct hmac_sha256_ctx hmac;
	uint8_t digest[SHA256_DIGEST_SIZE];

	hmac_sha256_set_key(&hmac, seed_len, seed);
	hmac_sha256_update(&hmac, strlen(message), (const uint8_t *)message);
	hmac_sha256_digest(&hmac, sizeof(digest), digest);
	hex_write(text, digest, sizeof(digest));
}

int sign_equal(const char *a, const char *b)
{
	size_t len;

	if (!a || !b)
		return 0;
	len = strlen(a);
	return len == strlen(b) && memeql_sec(a, b, len);
}
