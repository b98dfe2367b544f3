/* The table of verbs: what --help prints, and what main.c runs. */
#include "config.h"

#include "client/cli/verbs.h"

#include <string.h>

#include "client/cli/command-options.h"
#include "client/cli/create-options.h"

const struct verb verbs[] = {
	{"create", cmd_create, CREATE_SYNOPSIS, "Make a sandbox and print its id", CREATE_HELP},
	{"ls", cmd_ls, "[--state running|paused] [-m K=V]…", "List sandboxes, newest first",
	 "  --state S           only those in this state\n"
	 "  -m, --metadata K=V  only those with this label\n"},
	{"info", cmd_info, "ID", "Show what is known of a sandbox", NULL},
	{"kill", cmd_kill, "ID…", "End sandboxes and everything in them", NULL},
	{"connect", cmd_connect, "[--timeout S] [--provider P] ID",
	 "Attach to a sandbox, also one that was made elsewhere",
	 "  --timeout S   let it live at least so long from now\n"
	 "  --provider P  where it is, when this daemon does not know it\n"},
	{"timeout", cmd_timeout, "ID S", "Move a sandbox's deadline to S from now", NULL},
	{"network", cmd_network,
	 "--open | [--no-internet] [--allow-out WHERE]… [--deny-out WHERE]… ID",
	 "Say what a sandbox may reach from now on; replaces what was said",
	 "  --open             everything\n"
	 "  --no-internet      nothing but what is allowed\n"
	 "  --allow-out WHERE  an address, range or name it may reach, in spite of the others\n"
	 "  --deny-out WHERE   an address or range it may not reach; all: 0.0.0.0/0\n"},
	{"metrics", cmd_metrics, "[--since T] ID", "Show what a sandbox uses",
	 "  --since T  only the last T: 30s, 5m\n"},
	{"top", cmd_top, "[-b] [-n N] [-d T]", "Watch what sandboxes use",
	 "  -b, --batch     plain lines; so it is when the output is no terminal\n"
	 "  -n, --rounds N  end after so many; 1 with -b, no end without\n"
	 "  -d, --delay T   time between two rounds; 2 seconds\n"},
	{"run", cmd_run, CREATE_SYNOPSIS " [-i] [-t] -- CMD…",
	 "Make a sandbox, run a command in it, and end it", CREATE_HELP COMMAND_HELP},
	{"exec", cmd_exec, "[-d] [-i] [-t] [-u USER] [-w DIR] [-e K=V]… ID -- CMD…",
	 "Run a command in a sandbox",
	 COMMAND_HELP
	 "  -d                  print its pid and return; see attach and stop\n"
	 "  -u USER             as this user\n"
	 "  -w DIR              in this directory\n"
	 "  -e K=V              an environment variable; K alone takes it from yours\n"},
	{"shell", cmd_shell, "[-u USER] [-w DIR] ID", "Work in a sandbox on a terminal",
	 "  -u USER  as this user\n"
	 "  -w DIR   in this directory\n"},
	{"ps", cmd_ps, "ID", "List the commands in a sandbox", NULL},
	{"attach", cmd_attach, "[-i] [-t] [-n | -o OFFSET] ID PID",
	 "Show a command's output from its beginning, and wait for its end",
	 "  -i         forward standard input\n"
	 "  -t         it runs on a terminal\n"
	 "  -n         only what comes from now on\n"
	 "  -o OFFSET  from this byte of its output on\n"},
	{"stop", cmd_stop, "[--term] ID PID", "Kill a command in a sandbox",
	 "  --term  ask it to end, by SIGTERM\n"},
	{"cp", cmd_cp, "[-r] SRC DST", "Copy files; ID:PATH is in a sandbox",
	 "  -r  copy directories with everything in them\n"},
	{"cat", cmd_cat, "ID:PATH…", "Print files of a sandbox", NULL},
	{"write", cmd_write, "ID:PATH", "Write standard input to a file of a sandbox", NULL},
	{"files", cmd_files, "ls|stat|rm|mv|mkdir|watch [-u USER] ID:PATH…",
	 "Work on files of a sandbox",
	 "  ls [-R] ID:PATH     list a directory; -R with its subdirectories\n"
	 "  stat ID:PATH        show what a path is\n"
	 "  rm ID:PATH…         remove files and directories\n"
	 "  mv ID:PATH PATH     rename within the sandbox\n"
	 "  mkdir ID:PATH…      make directories and their parents\n"
	 "  watch [-R] ID:PATH  print changes in a directory, or tree, as they happen\n"
	 "  -u USER             as this user\n"},
	{"git", cmd_git, "VERB [OPTION]… ID:PATH [WORD]…", "Work on git repositories of a sandbox",
	 "  clone ID[:PATH] URL, init ID:PATH, status ID:PATH, branches ID:PATH,\n"
	 "  create-branch, checkout-branch, delete-branch ID:PATH BRANCH,\n"
	 "  add ID:PATH [FILE]…, commit -m MESSAGE ID:PATH, push ID:PATH, pull ID:PATH,\n"
	 "  reset, restore ID:PATH [FILE]…, remote-add ID:PATH NAME URL,\n"
	 "  remote-get ID:PATH NAME, get-config ID KEY, set-config ID KEY VALUE,\n"
	 "  configure-user ID NAME EMAIL, dangerously-authenticate ID\n"
	 "  -m, --message TEXT     of the commit\n"
	 "  -u, --user USER        as this user\n"
	 "  --branch NAME          clone, push, pull: this one\n"
	 "  --depth N              clone: only so many commits\n"
	 "  --remote NAME          push, pull: this one\n"
	 "  --no-set-upstream      push: do not remember the remote\n"
	 "  --username NAME        clone, push, pull: who to authenticate as\n"
	 "  --password-file FILE   the password or token is in FILE; - is standard input\n"
	 "  --dangerously-store-credentials\n"
	 "                         clone: leave them in the repository\n"
	 "  --initial-branch NAME  init: the first branch\n"
	 "  --bare                 init: without a working tree\n"
	 "  --fetch, --overwrite   remote-add: and fetch; also when it is there\n"
	 "  --force                delete-branch: also when it is not merged\n"
	 "  --author-name NAME     commit\n"
	 "  --author-email EMAIL   commit\n"
	 "  --allow-empty          commit: also without a change\n"
	 "  --mode MODE            reset: soft, mixed, hard, merge or keep\n"
	 "  --target COMMIT        reset: go there\n"
	 "  --staged, --worktree   restore: what is staged; the files\n"
	 "  --source COMMIT        restore: from there\n"
	 "  --scope SCOPE          configuration: global, local or system\n"
	 "  --host HOST            dangerously-authenticate: where, github.com\n"
	 "  --protocol P           dangerously-authenticate: https\n"},
	{"call", cmd_call, "[-f] METHOD [JSON]", "Call a method of the protocol",
	 "  -f  go on printing notifications until the command it started ends\n"},
	{"status", cmd_status, "", "Show what the daemon is doing", NULL},
	{"doctor", cmd_doctor, "", "Try everything, and say how to mend what fails", NULL},
	{.name = NULL},
};

const struct verb *verb_find(const char *name)
{
	for (const struct verb *verb = verbs; verb->name; verb++) {
		if (strcmp(verb->name, name) == 0)
			return verb;
	}
	return NULL;
}
