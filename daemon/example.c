/*
 * Prints sandpoold.conf as it is installed for reading: every key of the table with its meaning and its value,
 * all of them commented out. "# " begins a word of explanation, "#" alone what may be uncommented.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "daemon/configuration-keys.h"

static void print_keys(const char *section)
{
	for (const struct key *key = keys; key->name; key++) {
		if (strcmp(key->section, section) == 0)
			(void)printf("\n# %s\n#%s = %s\n", key->meaning, key->name,
				     key->example ? key->example : key->fallback);
	}
}

int main(void)
{
	(void)puts(
		"# Configuration of sandpoold(8), as " SP_SYSCONFDIR "/sandpool/sandpoold.conf.\n"
		"# What stands behind a # is the default, or an example where there is none.\n"
		"# sandpoold --check-config tells mistakes, and --print-config what is in effect.\n"
		"\n[daemon]");
	print_keys("daemon");
	(void)puts("\n[engine]");
	print_keys("engine");
	(void)puts("\n# One section for each upstream; \"local\", the embedded engine, is always "
		   "there.\n"
		   "#[provider \"cloud\"]");
	print_keys("provider");
	return fflush(stdout) != 0;
}
