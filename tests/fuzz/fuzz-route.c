/* Where the proxy sends a request: lines of Host, id, port and path. */
#include "config.h"

#include "daemon/local/ids.h"
#include "daemon/local/route.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *host = fuzz_line(&data, &size);
	CLEANUP_FREE char *id = fuzz_line(&data, &size);
	CLEANUP_FREE char *port = fuzz_line(&data, &size);
	CLEANUP_FREE char *path = fuzz_text(data, size);
	CLEANUP_BUF struct buf clean = {0};
	struct route route;

	if (route_find(host, *id ? id : NULL, *port ? port : NULL, &route) == ROUTE_FOUND)
		FUZZ_CHECK(ids_is_valid(route.id) && route.port > 0 && route.port <= UINT16_MAX);
	if (route_is_reserved(path, &clean))
		FUZZ_CHECK(strchr(path, '/') || *path);
	FUZZ_CHECK(clean.len == 0 || clean.data[0] == '/');
	(void)route_is_navigation(host, id, port, path);
	return 0;
}
