/* Environments of processes. */
#include "config.h"

#include "daemon/local/agent/environ.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/log.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/passwd.h"
#include "protocol/buf.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Set `key`, over what it was before. */
static int map_set(struct string_map *map, const char *key, const char *value)
{
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->items[i].key, key) == 0) {
			char *copy = strdup(value);

			if (!copy)
				return -1;
			free(map->items[i].value);
			map->items[i].value = copy;
			return 0;
		}
	}
	return string_map_add(map, key, value);
}

static int map_set_all(struct string_map *map, const struct string_map *more)
{
	for (size_t i = 0; i < more->count; i++) {
		if (map_set(map, more->items[i].key, more->items[i].value) < 0)
			return -1;
	}
	return 0;
}

int environ_globals(const struct agent *agent, struct string_map *ret_map)
{
	CLEANUP(string_map_free) struct string_map map = {0};

	if (map_set_all(&map, &agent->env_vars) < 0 || map_set_all(&map, &agent->own_vars) < 0)
		return -1;
	*ret_map = map;
	map = (struct string_map){0};
	return 0;
}

/* A name the kernel and every shell can take; others cannot be told apart from their values. */
static bool is_name(const char *key)
{
	return *key != '\0' && !strchr(key, '=');
}

static int list_add(struct strings *list, const char *key, const char *value)
{
	CLEANUP_BUF struct buf pair = {0};

	buf_add_str(&pair, key);
	buf_add_str(&pair, "=");
	buf_add_str(&pair, value);
	return pair.failed ? -1 : strings_add(list, pair.data);
}

int environ_build(const struct agent *agent, const struct user *user, const struct string_map *envs,
		  struct strings *ret_environ)
{
	CLEANUP(string_map_free) struct string_map map = {0};
	CLEANUP(strings_free) struct strings list = {0};
	const char *path = getenv("PATH");

	if (map_set(&map, "PATH", path ? path : DEFAULT_PATH) < 0 ||
	    map_set(&map, "HOME", user->home) < 0 || map_set(&map, "USER", user->name) < 0 ||
	    map_set(&map, "LOGNAME", user->name) < 0 || map_set_all(&map, &agent->env_vars) < 0 ||
	    map_set_all(&map, &agent->own_vars) < 0 || map_set_all(&map, envs) < 0)
		return -1;
	for (size_t i = 0; i < map.count; i++) {
		if (is_name(map.items[i].key) &&
		    list_add(&list, map.items[i].key, map.items[i].value) < 0)
			return -1;
	}
	*ret_environ = list;
	list = (struct strings){0};
	return 0;
}

static void publish(int dir_fd, const char *key, const char *value)
{
	CLEANUP_FD int fd = -1;
	char name[32];
	ssize_t n = 0;

	(void)snprintf(name, sizeof(name), ".%s", key);
	fd = openat(dir_fd, name,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd >= 0)
		n = write(fd, value, strlen(value));
	if (fd < 0 || n < 0)
		log_warning("cannot write %s: %s", name, strerror(errno));
}

void environ_publish(const struct agent *agent)
{
	static const char *const published[] = {"E2B_SANDBOX", "E2B_SANDBOX_ID", "E2B_TEMPLATE_ID"};
	CLEANUP(string_map_free) struct string_map map = {0};
	CLEANUP_FD int dir_fd = -1;

	if (!agent->run_dir || environ_globals(agent, &map) < 0)
		return;
	(void)mkdir(agent->run_dir, 0755);
	dir_fd = open(agent->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(published); i++) {
		const char *value = string_map_get(&map, published[i]);

		if (value)
			publish(dir_fd, published[i], value);
	}
}

const char *environ_path(const struct strings *variables)
{
	for (size_t i = 0; i < variables->count; i++) {
		if (strncmp(variables->items[i], "PATH=", 5) == 0)
			return variables->items[i] + 5;
	}
	return DEFAULT_PATH;
}
