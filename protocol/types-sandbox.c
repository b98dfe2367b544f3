/* Field tables of sandbox.*. */
#include "config.h"

#include "protocol/types-parts.h"

static const char *const list_states[] = {
	[SANDBOX_LIST_ANY] = "any",
	[SANDBOX_LIST_RUNNING] = "running",
	[SANDBOX_LIST_PAUSED] = "paused",
	NULL,
};

/* clang-format off */
#define N_OUT(T)                                                                                   \
	F_STRINGS(struct T, allow_out, .max = 1000,                                                \
		  .doc = "addresses, ranges (A.B.C.D/N) and, when deny_out has 0.0.0.0/0, domain " \
			 "names it may reach; these win over deny_out"),                           \
	F_STRINGS(struct T, deny_out, .max = 1000,                                                 \
		  .doc = "addresses and ranges it may not reach; what is in neither list it may")
#define N_MORE(T)                                                                                  \
	F_JSON(struct T, rules, .doc = "changes to requests by domain, where the provider can"),   \
	F_JSON(struct T, egress_proxy, .doc = "a proxy for all it sends, where the provider can")

static const struct fields sandbox_network_type = {
	"SandboxNetwork", TABLE(sandbox_network){
	N_OUT(sandbox_network),
	F_BOOL(struct sandbox_network, allow_public_traffic, .absent = true,
	       .doc = "whether its servers are reached without a token"),
	F_STRING(struct sandbox_network, mask_request_host, .max = 253,
		 .doc = "the Host its servers see; ${PORT} in it is the port"),
	N_MORE(sandbox_network),
	F_END,
}};

const struct fields sandbox_network_params_type = {
	"SandboxNetworkParams", TABLE(sandbox_network_params){
	P_SANDBOX_ID(sandbox_network_params),
	N_OUT(sandbox_network_params),
	F_BOOL(struct sandbox_network_params, allow_internet_access, .absent = true,
	       .doc = "false: nothing but what allow_out has"),
	N_MORE(sandbox_network_params),
	P_REQUEST_TIMEOUT(sandbox_network_params),
	F_END,
}};

const struct fields sandbox_create_params_type = {
	"SandboxCreateParams", TABLE(sandbox_create_params){
	F_STRING(struct sandbox_create_params, template, .min = 1, .max = 128,
		 .doc = "template name or id; \"base\" when absent"),
	F_NUMBER(struct sandbox_create_params, timeout, .min = 1, .max = TIMEOUT_MAX_S,
		 .absent = 300, .doc = "seconds the sandbox lives"),
	F_STRING(struct sandbox_create_params, name, .min = 1, .max = NAME_MAX_BYTES,
		 .doc = "a name for it on this daemon: a letter, then letters, digits, '.', '_' "
			"or '-'"),
	F_MAP(struct sandbox_create_params, metadata, .max = 100, .doc = "labels, to find it by"),
	P_ENVS(sandbox_create_params),
	F_BOOL(struct sandbox_create_params, secure, .absent = true,
	       .doc = "protect the sandbox's own interface with a token, which the daemon keeps"),
	F_BOOL(struct sandbox_create_params, allow_internet_access, .absent = true,
	       .doc = "whether it may reach the internet"),
	F_OBJECT(struct sandbox_network, struct sandbox_create_params, network,
		 .type = &sandbox_network_type,
		 .doc = "what it may reach, and who reaches it; everything and everybody when absent"),
	F_STRING(struct sandbox_create_params, provider, .min = 1, .max = NAME_MAX_BYTES,
		 .doc = "where to make it; the default provider when absent"),
	P_REQUEST_TIMEOUT(sandbox_create_params),
	F_END,
}};

const struct fields sandbox_connect_params_type = {
	"SandboxConnectParams", TABLE(sandbox_connect_params){
	P_SANDBOX_ID(sandbox_connect_params),
	F_NUMBER(struct sandbox_connect_params, timeout, .min = 0, .max = TIMEOUT_MAX_S,
		 .absent = TYPES_UNSET,
		 .doc = "seconds it shall live at least; when absent its deadline stays"),
	F_STRING(struct sandbox_connect_params, provider, .min = 1, .max = NAME_MAX_BYTES,
		 .doc = "where it is, when this daemon does not know it yet"),
	P_REQUEST_TIMEOUT(sandbox_connect_params),
	F_END,
}};

const struct fields sandbox_list_params_type = {
	"SandboxListParams", TABLE(sandbox_list_params){
	F_ENUM(struct sandbox_list_params, state, .names = list_states, .absent = SANDBOX_LIST_ANY,
	       .doc = "only sandboxes in this state"),
	F_MAP(struct sandbox_list_params, metadata, .max = 100,
	      .doc = "only those that have all of these labels"),
	F_INT(struct sandbox_list_params, limit, .min = 1, .max = 1000, .absent = 100,
	      .doc = "most sandboxes in one answer"),
	F_STRING(struct sandbox_list_params, next_token, .max = 256,
		 .doc = "from the answer before, to go on after it"),
	P_REQUEST_TIMEOUT(sandbox_list_params),
	F_END,
}};

const struct fields sandbox_timeout_params_type = {
	"SandboxTimeoutParams", TABLE(sandbox_timeout_params){
	P_SANDBOX_ID(sandbox_timeout_params),
	F_NUMBER(struct sandbox_timeout_params, timeout, .required = true, .min = 0,
		 .max = TIMEOUT_MAX_S, .doc = "seconds from now until it ends; 0 ends it at once"),
	P_REQUEST_TIMEOUT(sandbox_timeout_params),
	F_END,
}};

const struct fields sandbox_info_type = {
	"SandboxInfo", TABLE(sandbox_info){
	F_STRING(struct sandbox_info, sandbox_id, .doc = "its id, given by the provider"),
	F_STRING(struct sandbox_info, name, .doc = "its name on this daemon"),
	F_STRING(struct sandbox_info, template, .doc = "the template it was made from"),
	F_STRING(struct sandbox_info, state, .doc = "\"running\" or \"paused\""),
	F_STRING(struct sandbox_info, provider, .doc = "where it is"),
	F_INT(struct sandbox_info, uid, .doc = "the user it belongs to"),
	F_MAP(struct sandbox_info, metadata, .doc = "its labels"),
	F_STRING(struct sandbox_info, started_at, .doc = "when it started"),
	F_STRING(struct sandbox_info, end_at, .doc = "when it ends unless its deadline is moved"),
	F_INT(struct sandbox_info, cpu_count, .optional = true,
	      .doc = "cores it may use; absent when not known"),
	F_INT(struct sandbox_info, memory_mb, .optional = true, .doc = "memory it may use, in MiB"),
	F_INT(struct sandbox_info, disk_size_mb, .optional = true,
	      .doc = "disk it may use, in MiB"),
	F_STRING(struct sandbox_info, envd_version, .doc = "version of the agent inside"),
	F_END,
}};

const struct fields sandbox_list_result_type = {
	"SandboxListResult", TABLE(sandbox_list_result){
	F_LIST(struct sandbox_list_result, sandboxes, .type = &sandbox_info_type,
	       .doc = "newest first"),
	F_STRING(struct sandbox_list_result, next_token,
		 .doc = "there are more: give this to get them"),
	F_END,
}};

const struct fields sandbox_kill_result_type = {
	"SandboxKillResult", TABLE(sandbox_kill_result){
	F_BOOL(struct sandbox_kill_result, killed, .doc = "false when there was no such sandbox"),
	F_END,
}};

const struct fields sandbox_timeout_result_type = {
	"SandboxTimeoutResult", TABLE(sandbox_timeout_result){
	F_STRING(struct sandbox_timeout_result, end_at, .doc = "its new deadline"),
	F_END,
}};

const struct fields sandbox_running_result_type = {
	"SandboxRunningResult", TABLE(sandbox_running_result){
	F_BOOL(struct sandbox_running_result, running, .doc = "whether it answered"),
	F_END,
}};

const struct fields sandbox_metrics_params_type = {
	"SandboxMetricsParams", TABLE(sandbox_metrics_params){
	P_SANDBOX_ID(sandbox_metrics_params),
	F_STRING(struct sandbox_metrics_params, start, .max = 64,
		 .doc = "only samples from this time on; from the first one when absent"),
	F_STRING(struct sandbox_metrics_params, end, .max = 64,
		 .doc = "only samples up to this time; up to now when absent"),
	P_REQUEST_TIMEOUT(sandbox_metrics_params),
	F_END,
}};

const struct fields sandbox_metric_type = {
	"SandboxMetric", TABLE(sandbox_metric){
	F_STRING(struct sandbox_metric, timestamp, .doc = "when it was measured"),
	F_INT(struct sandbox_metric, cpu_count, .doc = "cores it may use"),
	F_NUMBER(struct sandbox_metric, cpu_used_pct,
		 .doc = "share of these it used, in per cent of all of them"),
	F_INT(struct sandbox_metric, mem_used, .doc = "bytes of memory, the cache included"),
	F_INT(struct sandbox_metric, mem_total, .doc = "bytes of memory it may use"),
	F_INT(struct sandbox_metric, mem_cache, .doc = "bytes of files kept in memory"),
	F_INT(struct sandbox_metric, disk_used, .doc = "bytes used of the disk it writes to"),
	F_INT(struct sandbox_metric, disk_total, .doc = "bytes that disk has"),
	F_INT(struct sandbox_metric, processes, .optional = true,
	      .doc = "processes and threads in it; absent when the provider does not tell"),
	F_INT(struct sandbox_metric, refused_packets, .optional = true,
	      .doc = "packets that it sent and its network refused; absent when there were none"),
	F_END,
}};

const struct fields sandbox_metrics_result_type = {
	"SandboxMetricsResult", TABLE(sandbox_metrics_result){
	F_LIST(struct sandbox_metrics_result, metrics, .type = &sandbox_metric_type,
	       .doc = "samples, the oldest first"),
	F_END,
}};
/* clang-format on */
