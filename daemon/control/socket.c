// SPDX-License-Identifier: GPL-2.0-only
#include "control/socket.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/log.h"

/* Connections that wait to be accepted: as many as there may be clients. */
#define BACKLOG 64

struct problem {
	char *why;
	size_t size;
};

static int __attribute__((format(printf, 3, 4)))
fail(const struct problem *problem, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem->why, problem->size, format, args);
	va_end(args);
	return error;
}

/* The folder of @path, without it; "" when it has none but the root. */
static void folder_of(const char *path, char *folder, size_t size)
{
	char *slash;

	snprintf(folder, size, "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	else
		folder[0] = '\0';
}

/* That folder alone, not those above it: they are the system's. @ret_made: it was not there. */
static int make_folder(const char *path, int *ret_made, const struct problem *problem)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];

	folder_of(path, folder, sizeof(folder));
	if (!folder[0])
		return 0;
	*ret_made = mkdir(folder, 0755) == 0;
	if (!*ret_made && errno != EEXIST)
		return fail(problem, -errno, "cannot make the folder %s: %s", folder,
			    strerror(errno));
	return 0;
}

static int make_socket(struct sockaddr_un *address, const char *path, const struct problem *problem)
{
	int fd;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!*path || strlen(path) >= sizeof(address->sun_path))
		return fail(problem, -ENAMETOOLONG, "%s: expected a path of 1 to %zu bytes", path,
			    sizeof(address->sun_path) - 1);
	memcpy(address->sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(problem, -errno, "no socket to be had: %s", strerror(errno));
	return fd;
}

/* Removes the socket of a daemon that is gone; nothing else. */
static int remove_stale(const struct sockaddr_un *address, const struct problem *problem)
{
	const char *path = address->sun_path;
	auto_close int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat status;

	if (probe < 0)
		return fail(problem, -errno, "no socket to be had: %s", strerror(errno));
	if (lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode))
		return fail(problem, -EEXIST,
			    "%s is in the way and no socket; expected nothing "
			    "there, or a socket",
			    path);
	/* EAGAIN: somebody listens and has many waiting. */
	if (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno == EAGAIN)
		return fail(problem, -EADDRINUSE, "%s: another daemon listens there already", path);
	if (errno == ENOENT)
		return 0;
	if (errno != ECONNREFUSED || unlink(path) < 0)
		return fail(problem, -errno, "cannot remove the old socket %s: %s", path,
			    strerror(errno));
	return 0;
}

static int bind_socket(int fd, const struct sockaddr_un *address, const struct problem *problem)
{
	int ret;

	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return 0;
	if (errno == EADDRINUSE) {
		ret = remove_stale(address, problem);
		if (ret < 0)
			return ret;
		if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			return 0;
	}
	return fail(problem, -errno, "cannot listen at %s: %s", address->sun_path, strerror(errno));
}

/* Nobody can connect before listen(): there is no moment with a wrong mode. */
static int set_owner(struct control_socket *socket, const char *group,
		     const struct problem *problem)
{
	const struct group *entry = group ? getgrnam(group) : NULL;

	if (chmod(socket->path, 0600) < 0)
		return fail(problem, -errno, "cannot set the mode of %s: %s", socket->path,
			    strerror(errno));
	if (!entry)
		return 0;
	if (lchown(socket->path, (uid_t)-1, entry->gr_gid) < 0 || chmod(socket->path, 0660) < 0) {
		log_warning("control socket %s: cannot give it to the group '%s': %s; going on for "
			    "root only",
			    socket->path, group, strerror(errno));
		return 0;
	}
	socket->gid = entry->gr_gid;
	snprintf(socket->group, sizeof(socket->group), "%s", group);
	return 0;
}

static int start_listening(struct control_socket *socket, const char *group,
			   const struct problem *problem)
{
	struct stat status;
	int ret = set_owner(socket, group, problem);

	if (ret < 0)
		return ret;
	if (lstat(socket->path, &status) < 0 || listen(socket->fd, BACKLOG) < 0)
		return fail(problem, -errno, "cannot listen at %s: %s", socket->path,
			    strerror(errno));
	socket->device = status.st_dev;
	socket->inode = status.st_ino;
	return 0;
}

int control_socket_open(struct control_socket *ret, const char *path, const char *group, char *why,
			size_t why_size)
{
	const struct problem problem = { .why = why, .size = why_size };
	struct control_socket socket = { .fd = -1 };
	struct sockaddr_un address;
	int error;

	socket.fd = make_socket(&address, path, &problem);
	if (socket.fd < 0)
		return socket.fd;
	memcpy(socket.path, address.sun_path, sizeof(socket.path));
	error = make_folder(path, &socket.made_folder, &problem);
	if (error == 0)
		error = bind_socket(socket.fd, &address, &problem);
	if (error < 0) {
		close(socket.fd);
		return error;
	}
	error = start_listening(&socket, group, &problem);
	if (error < 0) {
		unlink(path);
		close(socket.fd);
		return error;
	}
	*ret = socket;
	return 0;
}

int control_socket_remove_stale(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char why[256];
	const struct problem problem = { .why = why, .size = sizeof(why) };

	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	return remove_stale(&address, &problem);
}

void control_socket_close(struct control_socket *socket)
{
	char folder[sizeof(socket->path)];
	struct stat status;

	if (lstat(socket->path, &status) == 0 && status.st_dev == socket->device &&
	    status.st_ino == socket->inode)
		unlink(socket->path);
	close(socket->fd);
	if (!socket->made_folder)
		return;
	/* What others put there keeps it. */
	folder_of(socket->path, folder, sizeof(folder));
	rmdir(folder);
}

/* Is @gid among the supplementary groups of the other end? */
static int in_groups(int fd, gid_t gid)
{
	auto_free gid_t *groups = NULL;
	socklen_t size = 0;
	size_t i;

	/* Asked for too little, it says how much. The peer's groups are fixed at its connect(). */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0)
		return 0;
	if (errno != ERANGE)
		return -errno;
	groups = malloc(size);
	if (!groups)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return -errno;
	for (i = 0; i < size / sizeof(*groups); i++)
		if (groups[i] == gid)
			return 1;
	return 0;
}

int control_socket_allows(const struct control_socket *socket, int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	/* The daemon's own user is root but in tests. */
	if (peer.uid == 0 || peer.uid == geteuid())
		return CONTROL_RIGHT_ROOT;
	if (!socket->group[0])
		return CONTROL_RIGHT_NONE;
	return peer.gid == socket->gid ? CONTROL_RIGHT_GROUP : in_groups(fd, socket->gid);
}
