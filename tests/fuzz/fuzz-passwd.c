/* /etc/passwd and /etc/group as the sandbox's root may have written them. A line with a name, then the file. */
#include "config.h"

#include "daemon/local/agent/passwd.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *name = fuzz_line(&data, &size);
	CLEANUP_FREE char *file = fuzz_text(data, size);
	struct accounts accounts = {.passwd = {.data = file, .len = size},
				    .group = {.data = file, .len = size},
				    .is_loaded = true};
	struct user user = {0};
	struct sb_error err = {0};
	char text[PASSWD_NAME_SIZE];

	FUZZ_CHECK(strlen(accounts_user(&accounts, 1000, text)) < PASSWD_NAME_SIZE);
	FUZZ_CHECK(strlen(accounts_group(&accounts, 0, text)) < PASSWD_NAME_SIZE);
	if (user_find_in(file, name, &user, &err) < 0) {
		FUZZ_CHECK(err.code != SB_OK);
		return 0;
	}
	FUZZ_CHECK(*name && strcmp(user.name, name) == 0 && *user.home);
	FUZZ_CHECK(user.uid != (uid_t)-1 && user.gid != (gid_t)-1);
	FUZZ_CHECK(user_add_groups_in(file, &user, &err) == 0);
	for (size_t i = 0; i < user.group_count; i++)
		FUZZ_CHECK(user.groups[i] != (gid_t)-1);
	user_deinit(&user);
	return 0;
}
