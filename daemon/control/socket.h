/* SPDX-License-Identifier: GPL-2.0-only */
/* socket.h - the socket in the file system, and who is at its other end. */
#ifndef TIERED_CONTROL_SOCKET_H
#define TIERED_CONTROL_SOCKET_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

/**
 * struct control_socket - a listening socket
 * @path: where it is
 * @device, @inode: of the file, so that only our own is removed
 * @group: name of the group that may use it, "" for root only
 * @gid: of it
 * @made_folder: its folder was not there before
 */
struct control_socket {
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t device;
	ino_t inode;
	char group[33];
	gid_t gid;
	int made_folder;
};

/*
 * Listens at @path, whose folder is made when it is missing. @group may not
 * exist. 0; -EADDRINUSE when somebody listens there; -errno; @why is a sentence.
 */
int control_socket_open(struct control_socket *ret, const char *path, const char *group, char *why,
			size_t why_size);

/* Removes the socket of a daemon that is gone, and nothing else. 0 or -errno. */
int control_socket_remove_stale(const char *path);

/* Stops listening, removes the file, and the folder if it was made for it. */
void control_socket_close(struct control_socket *socket);

/* May the one at the other end of @fd use it? -errno when that cannot be told, else one of these. */
enum control_right {
	CONTROL_RIGHT_NONE = 0,
	CONTROL_RIGHT_GROUP = 1,
	CONTROL_RIGHT_ROOT = 2,
};
int control_socket_allows(const struct control_socket *socket, int fd);

#endif
