/*
 * The contents of the template "base" beside the host's /usr.
 *
 * The list of host files is what programs of /usr need to know about themselves: which alternatives are
 * chosen, which certificates trusted, what dpkg has installed. What says something about the host or its
 * people (names, networks, keys, schedules, mounts, proxies) is not in it, readable or not.
 */
#include "config.h"

#include "daemon/local/template-files.h"

/* clang-format off */
const char *const template_host_paths[] = {
	/* dynamic linking, types, terminals */
	"etc/ld.so.conf", "etc/ld.so.conf.d", "etc/ld.so.cache", "etc/mime.types", "etc/magic",
	"etc/magic.mime", "etc/terminfo", "etc/inputrc", "etc/locale.alias", "etc/localtime",
	"etc/timezone", "etc/debian_version", "etc/os-release", "etc/lsb-release",
	/* names of numbers */
	"etc/services", "etc/protocols", "etc/rpc", "etc/ethertypes", "etc/netconfig", "etc/gai.conf",
	"etc/bindresvport.blacklist",
	/* trust */
	"etc/ca-certificates", "etc/ca-certificates.conf", "etc/ssl/certs", "etc/ssl/openssl.cnf",
	/* packages */
	"etc/alternatives", "etc/dpkg", "etc/debconf.conf", "etc/apt/sources.list",
	"etc/apt/sources.list.d", "etc/apt/trusted.gpg", "etc/apt/trusted.gpg.d", "etc/apt/keyrings",
	"etc/apt/preferences.d", "etc/apt/apt.conf.d/01autoremove", "etc/apt/apt.conf.d/70debconf",
	"var/lib/dpkg", "var/lib/apt/extended_states", "var/lib/pam", "var/lib/ucf",
	"var/lib/python", "var/lib/ca-certificates-java",
	/* accounts: how, not who */
	"etc/login.defs", "etc/adduser.conf", "etc/deluser.conf", "etc/shells", "etc/pam.d",
	"etc/pam.conf", "etc/security", "etc/default/useradd", "etc/sudo.conf",
	/* languages and their tools */
	"etc/python3", "etc/python3.9", "etc/python3.10", "etc/python3.11", "etc/python3.12",
	"etc/python3.13", "etc/perl", "etc/java-17-openjdk", "etc/java-21-openjdk", "etc/gdb",
	"etc/vim", "etc/nanorc", "etc/emacs", "etc/wgetrc", "etc/fonts", "etc/groff", "etc/xdg",
	"etc/ImageMagick-6", "etc/sgml", "etc/xml", "etc/texmf", "etc/php", "etc/R", "etc/maven",
	"etc/odbcinst.ini", "etc/gss", "etc/glvnd", "etc/OpenCL",
	"etc/manpath.config", "etc/bash_completion.d", "etc/ucf.conf",
	"etc/init.d",
	NULL,
};

const char *const template_root_paths[] = {
	"usr/bin/sudo", "usr/bin/su", "usr/bin/passwd", "usr/bin/chsh", "usr/bin/chfn", "usr/bin/gpasswd",
	"usr/bin/newgrp", "usr/libexec/sudo", "usr/lib/sudo",
	NULL,
};

static const char profile[] =
	"# Login shells of a sandbox. Kept short: every command starts one.\n"
	"if [ \"${USER:-}\" = root ] || [ \"${EUID:-}\" = 0 ]; then\n"
	"	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
	"else\n"
	"	PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/games:/usr/games\n"
	"fi\n"
	"export PATH\n"
	"if [ -n \"${BASH_VERSION:-}\" ] && [ -n \"${PS1:-}\" ] && [ -r /etc/bash.bashrc ]; then\n"
	"	. /etc/bash.bashrc\n"
	"fi\n";

static const char bashrc[] =
	"# Interactive shells.\n"
	"[ -n \"${PS1:-}\" ] || return\n"
	"PS1='\\u@\\h:\\w\\$ '\n"
	"shopt -s checkwinsize\n";

static const char home_bashrc[] =
	"case $- in *i*) ;; *) return ;; esac\n"
	"HISTCONTROL=ignoreboth\n"
	"alias ls='ls --color=auto'\n";

static const char home_profile[] =
	"if [ -n \"$BASH_VERSION\" ] && [ -f \"$HOME/.bashrc\" ]; then . \"$HOME/.bashrc\"; fi\n"
	"if [ -d \"$HOME/.local/bin\" ]; then PATH=\"$HOME/.local/bin:$PATH\"; fi\n";

static const char sudoers[] =
	"Defaults env_reset, !fqdn, !lecture\n"
	"Defaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n"
	"root ALL=(ALL:ALL) ALL\n"
	"user ALL=(ALL:ALL) NOPASSWD: ALL\n"
	"@includedir /etc/sudoers.d\n";

/* Accounts are files and nothing else, and nobody has a password: no module but these is needed. */
static const char pam_auth[] =
	"auth sufficient pam_rootok.so\n"
	"auth sufficient pam_unix.so\n"
	"auth required pam_deny.so\n";
static const char pam_account[] = "account required pam_unix.so\n";
static const char pam_password[] = "password required pam_unix.so obscure yescrypt\n";
static const char pam_session[] = "session required pam_permit.so\n";

const struct template_file template_files[] = {
	/* the skeleton; parents come first */
	{"root/etc", 0755, 0, 0, NULL},
	{"root/home", 0755, 0, 0, NULL},
	{"root/home/user", 0755, 1000, 1000, NULL},
	{"root/root", 0700, 0, 0, NULL},
	{"root/tmp", 01777, 0, 0, NULL},
	{"root/var", 0755, 0, 0, NULL},
	{"root/var/tmp", 01777, 0, 0, NULL},
	{"root/var/backups", 0755, 0, 0, NULL},
	{"root/var/cache", 0755, 0, 0, NULL},
	{"root/var/cache/apt", 0755, 0, 0, NULL},
	{"root/var/cache/apt/archives", 0755, 0, 0, NULL},
	{"root/var/cache/apt/archives/partial", 0700, 0, 0, NULL},
	{"root/var/cache/debconf", 0755, 0, 0, NULL},
	{"root/var/cache/ldconfig", 0700, 0, 0, NULL},
	{"root/var/lib", 0755, 0, 0, NULL},
	{"root/var/lib/apt", 0755, 0, 0, NULL},
	{"root/var/lib/apt/lists", 0755, 0, 0, NULL},
	{"root/var/lib/apt/lists/partial", 0700, 0, 0, NULL},
	{"root/var/lib/dpkg/updates", 0755, 0, 0, NULL},
	{"root/var/lib/misc", 0755, 0, 0, NULL},
	{"root/var/lib/sudo", 0711, 0, 0, NULL},
	{"root/var/local", 02775, 0, 50, NULL},
	{"root/var/log", 0755, 0, 0, NULL},
	{"root/var/log/apt", 0755, 0, 0, NULL},
	{"root/var/mail", 02775, 0, 8, NULL},
	{"root/var/opt", 0755, 0, 0, NULL},
	{"root/var/spool", 0755, 0, 0, NULL},
	{"root/opt", 0755, 0, 0, NULL},
	{"root/srv", 0755, 0, 0, NULL},
	{"root/media", 0755, 0, 0, NULL},
	{"root/mnt", 0755, 0, 0, NULL},
	{"root/boot", 0755, 0, 0, NULL},
	/* mount points */
	{"root/dev", 0755, 0, 0, NULL},
	{"root/proc", 0555, 0, 0, NULL},
	{"root/run", 0755, 0, 0, NULL},
	{"root/sys", 0555, 0, 0, NULL},
	{"root/usr", 0755, 0, 0, NULL},
	/* accounts; passwd, group and shadow are made by template.c */
	{"root/etc/sudoers", 0440, 0, 0, sudoers},
	{"root/etc/sudoers.d", 0750, 0, 0, NULL},
	{"root/etc/subuid", 0644, 0, 0, ""},
	{"root/etc/subgid", 0644, 0, 0, ""},
	{"root/etc/pam.d", 0755, 0, 0, NULL},
	{"root/etc/pam.d/common-auth", 0644, 0, 0, pam_auth},
	{"root/etc/pam.d/common-account", 0644, 0, 0, pam_account},
	{"root/etc/pam.d/common-password", 0644, 0, 0, pam_password},
	{"root/etc/pam.d/common-session", 0644, 0, 0, pam_session},
	{"root/etc/pam.d/common-session-noninteractive", 0644, 0, 0, pam_session},
	/* shells */
	{"root/etc/profile", 0644, 0, 0, profile},
	{"root/etc/profile.d", 0755, 0, 0, NULL},
	{"root/etc/bash.bashrc", 0644, 0, 0, bashrc},
	{"root/etc/skel", 0755, 0, 0, NULL},
	{"root/etc/skel/.bashrc", 0644, 0, 0, home_bashrc},
	{"root/etc/skel/.profile", 0644, 0, 0, home_profile},
	{"root/home/user/.bashrc", 0644, 1000, 1000, home_bashrc},
	{"root/home/user/.profile", 0644, 1000, 1000, home_profile},
	{"root/root/.bashrc", 0644, 0, 0, home_bashrc},
	{"root/root/.profile", 0644, 0, 0, home_profile},
	{"root/etc/environment", 0644, 0, 0, ""},
	{"root/etc/default", 0755, 0, 0, NULL},
	{"root/etc/default/locale", 0644, 0, 0, "LANG=C.UTF-8\n"},
	/* names; hosts, hostname and machine-id are written for each sandbox (child.c) */
	{"root/etc/nsswitch.conf", 0644, 0, 0,
	 "passwd: files\ngroup: files\nshadow: files\ngshadow: files\nhosts: files dns\n"
	 "networks: files\nprotocols: files\nservices: files\nethers: files\nrpc: files\nnetgroup: files\n"},
	{"root/etc/host.conf", 0644, 0, 0, "multi on\n"},
	{"root/etc/resolv.conf", 0644, 0, 0, ""},
	{"root/etc/fstab", 0644, 0, 0, ""},
	{"root/etc/gitconfig", 0644, 0, 0, ""},
	{"root/etc/apt", 0755, 0, 0, NULL},
	{"root/etc/apt/apt.conf.d", 0755, 0, 0, NULL},
	{"root/etc/apt/apt.conf.d/90sandbox", 0644, 0, 0,
	 "Acquire::Languages \"none\";\n"},
	/* The host's /usr lies below this one. Nothing starts services here, so packages need not try. */
	{"usr", 0755, 0, 0, NULL},
	{"usr/bin", 0755, 0, 0, NULL},
	{"usr/sbin", 0755, 0, 0, NULL},
	{"usr/sbin/policy-rc.d", 0755, 0, 0, "#!/bin/sh\nexit 101\n"},
};
const unsigned template_files_count = ARRAY_SIZE(template_files);

const struct template_program template_programs[] = {
	{"/usr/bin/bash", "bash"},
	{"/usr/bin/sudo", "sudo"},
	{"/usr/bin/git", "git"},
	{"/usr/bin/curl", "curl"},
	{"/usr/bin/python3", "python3"},
	{"/usr/bin/ps", "procps"},
	{"/usr/bin/clear", "ncurses-bin"},
	{"/usr/bin/socat", "socat"},
	{"/usr/sbin/update-ca-certificates", "ca-certificates"},
};
const unsigned template_programs_count = ARRAY_SIZE(template_programs);
/* clang-format on */
