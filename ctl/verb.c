// SPDX-License-Identifier: GPL-2.0-only
#include "verb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

int verb_connect(const struct verb_common *common, struct client **ret)
{
	char why[CLIENT_WHY_MAX];
	int err;

	err = client_open(common->socket, CLIENT_DEADLINE_MS, ret, why);
	if (err < 0)
		options_complain("%s", why);
	return client_status(err);
}

int verb_failed(const struct client *client, int error)
{
	options_complain("%s", client_why(client));
	return client_status(error);
}

int verb_ask(const struct verb_common *common, const char *verb, struct json_object *args,
	     struct json_object **ret_result)
{
	struct client *client;
	int status, err;

	status = verb_connect(common, &client);
	if (status != CTL_OK) {
		json_object_put(args);
		return status;
	}
	err = client_ask(client, verb, args, ret_result);
	if (err < 0)
		status = verb_failed(client, err);
	client_close(client);
	return status;
}

void verb_write_json(FILE *out, struct json_object *object)
{
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							       JSON_C_TO_STRING_NOSLASHESCAPE));
}

void verb_print_json(struct json_object *object)
{
	verb_write_json(stdout, object);
}

int verb_end_output(struct output *output, int status)
{
	int err = output_close(output);

	/* Who closed the pipe, or gave the signal, has seen enough. */
	if (err == 0 || err == -EPIPE || err == -ECANCELED)
		return status;
	options_complain("cannot write: %s", strerror(-err));
	return CTL_FAILED;
}

int verb_finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	/* Who closed the pipe has seen enough. */
	if (errno == EPIPE)
		return status;
	options_complain("cannot write: %s", strerror(errno));
	return CTL_FAILED;
}

int verb_show(const struct verb_common *common, const char *verb, struct json_object *args,
	      void (*print)(struct json_object *result))
{
	struct json_object *result;
	int status;

	status = verb_ask(common, verb, args, &result);
	if (status != CTL_OK)
		return status;
	if (common->json)
		verb_print_json(result);
	else
		print(result);
	json_object_put(result);
	return verb_finish(status);
}

struct json_object *verb_pid_args(const struct verb_common *common)
{
	struct json_object *args;
	uint64_t pid = 0;

	if (common->n_arguments && options_pid(common->arguments[0], &pid) < 0)
		return NULL;
	args = json_object_new_object();
	if (pid)
		json_object_object_add(args, "pid", json_object_new_uint64(pid));
	return args;
}
