/*
 * The name that a connection says it is for, out of its first bytes: of TLS the server name of the ClientHello
 * (RFC 8446, 6066), of HTTP/1 the Host (RFC 9112). The bytes are hostile, and what they mean must be beyond doubt: what
 * two readers could take for two names is none.
 */
#ifndef SP_LOCAL_INSPECT_NAME_H
#define SP_LOCAL_INSPECT_NAME_H

#include <stddef.h>
#include <stdint.h>

#define INSPECT_NAME_SIZE 256
#define INSPECT_BYTES_MAX 16384 /* there must be a name in so many */

enum inspect_result {
	INSPECT_FOUND,
	INSPECT_MORE, /* so far it could be */
	INSPECT_NONE,
};

/* *ret is a host name in small letters, without a port, and no address. */
enum inspect_result inspect_name_of_tls(const uint8_t *data, size_t len,
					char ret[INSPECT_NAME_SIZE]);
enum inspect_result inspect_name_of_http(const uint8_t *data, size_t len,
					 char ret[INSPECT_NAME_SIZE]);

#endif
