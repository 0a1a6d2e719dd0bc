// SPDX-License-Identifier: GPL-2.0-only
/* The control socket in the file system: its folder, mode and leftovers, and who may use it. */
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "control/socket.h"
#include "control_fixture.h"

/* Users and groups that every Debian has. */
#define NOBODY 65534
#define GROUP "nogroup"
#define GROUP_ID 65534
#define OTHER_ID 12345

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

static void folder_of(struct fixture *f, char *folder, size_t size)
{
	snprintf(folder, size, "%s/run", f->tree.root);
}

static void test_folder_and_mode(void **state)
{
	struct fixture *f = *state;
	char folder[128], why[256];
	mode_t mask = umask(0);

	folder_of(f, folder, sizeof(folder));
	assert_int_equal(fixture_open(f, "no-such-group", why, sizeof(why)), 0);
	umask(mask);
	assert_int_equal(mode_of(folder), 0755);
	assert_int_equal(mode_of(f->path), 0600);
	control_close(f->control);
	f->control = NULL;
	assert_int_equal(access(f->path, F_OK), -1);
	/* What was made for it is gone. A folder that is there stays as it is, for good. */
	assert_int_equal(access(folder, F_OK), -1);
	assert_int_equal(mkdir(folder, 0750), 0);
	fixture_start(f);
	assert_int_equal(mode_of(folder), 0750);
	control_close(f->control);
	f->control = NULL;
	assert_int_equal(mode_of(folder), 0750);
	fixture_start(f);
}

static void test_group(void **state)
{
	struct fixture *f = *state;
	struct stat status;
	char why[256];

	if (geteuid() != 0)
		skip();
	assert_int_equal(fixture_open(f, GROUP, why, sizeof(why)), 0);
	assert_int_equal(lstat(f->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	assert_int_equal(status.st_uid, 0);
	assert_int_equal(status.st_gid, GROUP_ID);
}

/* A socket file nobody listens on any more. */
static void leave_socket(struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char folder[128];

	folder_of(f, folder, sizeof(folder));
	mkdir(folder, 0755);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void test_stale_socket(void **state)
{
	struct fixture *f = *state;
	int fd;

	leave_socket(f);
	assert_int_equal(connect_to(f->path), -ECONNREFUSED);
	assert_int_equal(control_socket_remove_stale(f->path), 0);
	assert_int_equal(connect_to(f->path), -ENOENT);
	assert_int_equal(control_socket_remove_stale(f->path), 0);
	leave_socket(f);
	fixture_start(f);
	assert_int_equal(control_socket_remove_stale(f->path), -EADDRINUSE);
	fd = client_open(f);
	client_send(fd, ASK("echo"));
	expect_line(f, fd, OK("{}"));
	close(fd);
}

static void test_live_socket(void **state)
{
	struct fixture *f = *state;
	struct fixture second = *f;
	char why[256];
	int fds[100], n = 0, fd;

	fixture_start(f);
	assert_int_equal(fixture_open(&second, NULL, why, sizeof(why)), -EADDRINUSE);
	assert_non_null(strstr(why, "another daemon listens there already"));
	/* Also when the first one is so busy that it has many waiting. */
	while (n < 100 && (fds[n] = connect_to(f->path)) >= 0)
		n++;
	assert_true(n < 100);
	assert_int_equal(fixture_open(&second, NULL, why, sizeof(why)), -EADDRINUSE);
	while (n)
		close(fds[--n]);
	/* The one that came first goes on. */
	turn_until(f, stats_of(f).accepted > 60 && stats_of(f).clients == 0);
	fd = client_open(f);
	client_send(fd, ASK("echo"));
	expect_line(f, fd, OK("{}"));
	close(fd);
}

static void test_something_in_the_way(void **state)
{
	struct fixture *f = *state;
	char why[256], text[16] = "";
	FILE *file;

	tree_text(&f->tree, "run/control", "precious");
	assert_int_equal(fixture_open(f, NULL, why, sizeof(why)), -EEXIST);
	assert_non_null(strstr(why, "no socket"));
	file = fopen(f->path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_string_equal(text, "precious");
	/* A link is not followed, wherever it leads. */
	tree_link(&f->tree, "run/control", "elsewhere");
	assert_int_equal(fixture_open(f, NULL, why, sizeof(why)), -EEXIST);
	tree_remove(&f->tree, "run");
	tree_text(&f->tree, "run", "a file where the folder belongs");
	assert_int_equal(fixture_open(f, NULL, why, sizeof(why)), -ENOTDIR);
	assert_non_null(strstr(why, f->path));
}

static void test_bad_paths(void **state)
{
	struct fixture *f = *state;
	struct control_setup setup = { .limits = &f->limits };
	char why[256], path[200];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	setup.path = path;
	assert_int_equal(control_open_with(f->loop, &setup, fixture_verbs, N_VERBS, f, &f->control,
					   why, sizeof(why)),
			 -ENAMETOOLONG);
	setup.path = "/nonexistent/folder/control";
	assert_int_equal(control_open_with(f->loop, &setup, fixture_verbs, N_VERBS, f, &f->control,
					   why, sizeof(why)),
			 -ENOENT);
	assert_non_null(strstr(why, "cannot make the folder /nonexistent/folder"));
}

/* Somebody else's socket at our path stays when we close. */
static void test_close_removes_its_own(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	assert_int_equal(unlink(f->path), 0);
	leave_socket(f);
	control_close(f->control);
	f->control = NULL;
	assert_int_equal(access(f->path, F_OK), 0);
}

/* What a person with these rights gets; the first byte of an answer, or -errno of connect(). */
static int ask_as(struct fixture *f, gid_t gid, size_t n_groups, const gid_t *groups, char *line,
		  size_t size)
{
	int pipe_fds[2], status;
	uint64_t lost_ns = clock_now_ns() + LOST_NS;
	pid_t child;
	ssize_t n;

	assert_int_equal(pipe(pipe_fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct pollfd wait = { .events = POLLIN };

		if (setgroups(n_groups, groups) || setresgid(gid, gid, gid) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			_exit(200);
		wait.fd = connect_to(f->path);
		if (wait.fd < 0)
			_exit(-wait.fd);
		/* May fail: one who is turned away is so before he asks. The words are there. */
		send(wait.fd, ASK("echo"), sizeof(ASK("echo")) - 1, MSG_NOSIGNAL);
		poll(&wait, 1, (int)(LOST_NS / NSEC_PER_MSEC));
		n = recv(wait.fd, line, size, 0);
		_exit(n > 0 && write(pipe_fds[1], line, (size_t)n) == n ? 0 : 201);
	}
	close(pipe_fds[1]);
	while (waitpid(child, &status, WNOHANG) == 0 && clock_now_ns() < lost_ns)
		turn(f);
	n = read(pipe_fds[0], line, size - 1);
	close(pipe_fds[0]);
	line[n > 0 ? n : 0] = '\0';
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_peers(void **state)
{
	static const gid_t member[] = { 1, GROUP_ID, 2 }, others[] = { 1, 2, 3 };
	struct fixture *f = *state;
	char why[256], line[1024];

	if (geteuid() != 0)
		skip();
	assert_int_equal(fixture_open(f, GROUP, why, sizeof(why)), 0);
	assert_int_equal(ask_as(f, GROUP_ID, 0, NULL, line, sizeof(line)), 0);
	assert_string_equal(line, OK("{}") "\n");
	assert_int_equal(ask_as(f, OTHER_ID, 3, member, line, sizeof(line)), 0);
	assert_string_equal(line, OK("{}") "\n");
	/* The mode of the file keeps others out. */
	assert_int_equal(ask_as(f, OTHER_ID, 3, others, line, sizeof(line)), EACCES);
	/* Without it the credentials do, in words. */
	assert_int_equal(chmod(f->path, 0666), 0);
	assert_int_equal(ask_as(f, OTHER_ID, 3, others, line, sizeof(line)), 0);
	assert_string_equal(line,
			    "{\"version\":1,\"ok\":false,\"code\":\"refused\",\"error\":"
			    "\"only root and the group " GROUP " may talk to the daemon\"}\n");
	assert_int_equal(ask_as(f, OTHER_ID, 0, NULL, line, sizeof(line)), 0);
	assert_non_null(strstr(line, "\"code\":\"refused\""));
	assert_int_equal(stats_of(f).refused, 2);
	assert_int_equal(stats_of(f).requests, 2);
}

static void test_peers_without_a_group(void **state)
{
	static const gid_t groups[] = { 0, GROUP_ID };
	struct fixture *f = *state;
	char line[1024];

	if (geteuid() != 0)
		skip();
	fixture_start(f);
	assert_int_equal(ask_as(f, GROUP_ID, 2, groups, line, sizeof(line)), EACCES);
	assert_int_equal(chmod(f->path, 0666), 0);
	assert_int_equal(ask_as(f, 0, 2, groups, line, sizeof(line)), 0);
	assert_string_equal(line, "{\"version\":1,\"ok\":false,\"code\":\"refused\",\"error\":"
				  "\"only root may talk to the daemon\"}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_folder_and_mode),       TEST(test_group),
		TEST(test_stale_socket),          TEST(test_live_socket),
		TEST(test_something_in_the_way),  TEST(test_bad_paths),
		TEST(test_close_removes_its_own), TEST(test_peers),
		TEST(test_peers_without_a_group),
	};

	return cmocka_run_group_tests_name("control socket", tests, NULL, NULL);
}
