/* The seccomp program, loaded by a child that then tries. */
#include "config.h"

#include "daemon/local/filter.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/local/sys.h"

#include "tests/unit/unit.h"

static struct filter filter;

static int make(void **state)
{
	struct sb_error err = {0};

	(void)state;
	return filter_make(&filter, &err);
}

static void load(void)
{
	struct sock_fprog program = {.len = (unsigned short)filter.count, .filter = filter.program};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		_exit(200);
}

/* errno of a system call under the filter; 0 when it worked. */
static int try(long number, long a, long b, long c)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		pid_t self = getpid();

		load();
		errno = 0;
		if (syscall(number, a, b, c, 0, 0) >= 0)
			_exit(0);
		_exit(getpid() == self ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_ordinary_calls_pass(void **state)
{
	(void)state;
	assert_int_equal(try(SYS_getpid, 0, 0, 0), 0);
	assert_int_equal(try(SYS_clone, SIGCHLD, 0, 0), 0);
	assert_int_equal(try(SYS_ioctl, -1, FIONREAD, 0), EBADF);
	assert_int_equal(try(SYS_personality, 0xffffffff, 0, 0), 0);
}

static void test_the_machine_is_refused(void **state)
{
	(void)state;
	assert_int_equal(try(SYS_mount, 0, 0, 0), EPERM);
	assert_int_equal(try(SYS_bpf, 0, 0, 0), EPERM);
	assert_int_equal(try(SYS_keyctl, 0, 0, 0), EPERM);
	assert_int_equal(try(SYS_unshare, 0, 0, 0), EPERM);
}

static void test_new_namespaces_are_refused_among_other_flags(void **state)
{
	(void)state;
	assert_int_equal(try(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0), EPERM);
	assert_int_equal(try(SYS_clone, CLONE_NEWNET | CLONE_NEWPID | SIGCHLD, 0, 0), EPERM);
}

static void test_what_has_an_older_way_is_absent(void **state)
{
	(void)state;
	assert_int_equal(try(SYS_clone3, 0, 0, 0), ENOSYS);
	assert_int_equal(try(425 /* io_uring_setup */, 1, 0, 0), ENOSYS);
}

static void test_unknown_numbers_are_absent(void **state)
{
	(void)state;
	assert_int_equal(try(453, 0, 0, 0), ENOSYS);
	assert_int_equal(try(100000, 0, 0, 0), ENOSYS);
	assert_int_equal(try(0x40000000 + 39, 0, 0, 0), ENOSYS);
}

static void test_the_compared_part_of_an_argument_is_the_kernels(void **state)
{
	(void)state;
	assert_int_equal(try(SYS_ioctl, 0, TIOCSTI, 0), EPERM);
	assert_int_equal(try(SYS_ioctl, 0, TIOCSTI | (1L << 32), 0), EPERM);
}

static void test_only_namespaced_families_are_there(void **state)
{
	const long stream = SOCK_STREAM, raw = SOCK_RAW;

	(void)state;
	assert_int_equal(try(SYS_socket, AF_UNIX, stream, 0), 0);
	assert_int_equal(try(SYS_socket, AF_INET, stream, 0), 0);
	assert_int_equal(try(SYS_socket, AF_NETLINK, raw, NETLINK_ROUTE), 0);
	assert_int_equal(try(SYS_socketpair, AF_UNIX, stream, 0), EFAULT);
	assert_int_equal(try(SYS_socket, AF_VSOCK, stream, 0), EAFNOSUPPORT);
	assert_int_equal(try(SYS_socket, AF_VSOCK | (1L << 32), stream, 0), EAFNOSUPPORT);
	assert_int_equal(try(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0), EAFNOSUPPORT);
	assert_int_equal(try(SYS_socket, AF_PACKET, raw, 0), EAFNOSUPPORT);
	assert_int_equal(try(SYS_socketpair, AF_TIPC, stream, 0), EAFNOSUPPORT);
	assert_int_equal(try(SYS_socket, AF_NETLINK, raw, NETLINK_KOBJECT_UEVENT), EPROTONOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary_calls_pass),
		cmocka_unit_test(test_the_machine_is_refused),
		cmocka_unit_test(test_new_namespaces_are_refused_among_other_flags),
		cmocka_unit_test(test_what_has_an_older_way_is_absent),
		cmocka_unit_test(test_unknown_numbers_are_absent),
		cmocka_unit_test(test_the_compared_part_of_an_argument_is_the_kernels),
		cmocka_unit_test(test_only_namespaced_families_are_there),
	};

	return cmocka_run_group_tests(tests, make, NULL);
}
