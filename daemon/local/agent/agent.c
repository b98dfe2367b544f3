/* The root object: made after the sandbox was entered, freed only by tests and plain processes. */
#include "config.h"

#include "daemon/local/agent/agent.h"

#include <event2/event.h>
#include <string.h>

#include "daemon/local/agent/process.h"
#include "daemon/local/agent/routes.h"
#include "daemon/local/agent/rpc-watch.h"

#define DEFAULT_USER "root" /* until /init names another */

struct agent *agent_new(struct event_base *base, int listen_fd, const struct agent_options *options,
			struct sb_error *err)
{
	static const struct httpd_options limits = {.connections_max = 4096};
	CLEANUP_FD int fd = listen_fd;
	struct agent *agent = calloc(1, sizeof(*agent));

	if (!agent) {
		(void)sb_fail(err, SB_INTERNAL, "no memory for the agent");
		return NULL;
	}
	agent->base = base;
	agent->service.on_request = routes_on_request;
	list_init(&agent->processes);
	list_init(&agent->watchers);
	agent->default_user = strdup(options->default_user ? options->default_user : DEFAULT_USER);
	agent->run_dir = options->run_dir ? strdup(options->run_dir) : NULL;
	if (!agent->default_user || (options->run_dir && !agent->run_dir) ||
	    string_map_copy(&options->own_vars, &agent->own_vars) < 0) {
		(void)sb_fail(err, SB_INTERNAL, "no memory for the agent");
		return agent_free(agent);
	}
	if (processes_watch(agent, err) < 0)
		return agent_free(agent);
	agent->httpd = httpd_new(base, take_fd(&fd), &agent->service, &limits, err);
	return agent->httpd ? agent : agent_free(agent);
}

struct agent *agent_free(struct agent *agent)
{
	if (!agent)
		return NULL;
	agent->httpd = httpd_free(agent->httpd);
	watchers_free(agent);
	processes_free(agent);
	free(agent->access_token);
	free(agent->default_user);
	free(agent->default_workdir);
	free(agent->run_dir);
	string_map_free(&agent->own_vars);
	string_map_free(&agent->env_vars);
	free(agent);
	return NULL;
}
