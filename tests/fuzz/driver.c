// SPDX-License-Identifier: GPL-2.0-only
/*
 * driver.c - runs a LLVMFuzzerTestOneInput() function under any compiler.
 *
 *	fuzz_NAME [-s SECONDS | -n ITERATIONS] [-S SEED] [-i FIRST] [-m MAX_SIZE] [CORPUS...]
 *
 * A CORPUS is a file or a folder of files. Each of them is run once as it is;
 * after that every iteration mutates one of them (or nothing, without a
 * corpus). What iteration N does depends on the seed, the corpus and N alone,
 * so a crash is seen again with the "-S SEED -i N -n 1" that is printed when
 * it happens.
 */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SIZE_DEFAULT 4096
#define MAX_SIZE_LIMIT (1U << 20)
#define SECONDS_DEFAULT 2
/* An input that takes longer than this is a hang. */
#define HANG_SECONDS 10

struct input {
	uint8_t *data;
	size_t size;
};

struct driver {
	uint64_t seconds;
	uint64_t iterations;
	uint64_t seed;
	uint64_t first;
	size_t max_size;
	struct input *corpus;
	size_t n_corpus;
};

/* Where the run is; read by the crash handler. */
static volatile uint64_t running_iteration;
static volatile uint64_t running_seed;
static const char *volatile running_file;

/* splitmix64: every iteration has its own stream. */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t random_below(uint64_t *state, size_t bound)
{
	return bound ? (size_t)(random_next(state) % bound) : 0;
}

static void crash_report(int signo)
{
	char line[256];
	int n;

	if (running_file)
		n = snprintf(line, sizeof(line), "\nsignal %d in corpus file %s\n", signo,
			     running_file);
	else
		n = snprintf(line, sizeof(line),
			     "\nsignal %d; see it again with -S %" PRIu64 " -i %" PRIu64
			     " -n 1 and the same corpus\n",
			     signo, running_seed, running_iteration);
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		_exit(1);
	signal(signo, SIG_DFL);
	raise(signo);
}

static void watch_crashes(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], crash_report);
}

/* The copy is of the exact size, so that a sanitizer sees the first byte beyond it. */
static void run_one(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		exit(1);
	memcpy(copy, data, size);
	alarm(HANG_SECONDS);
	LLVMFuzzerTestOneInput(copy, size);
	alarm(0);
	free(copy);
}

static void corpus_add_file(struct driver *driver, const char *path)
{
	struct input *bigger;
	uint8_t *data = malloc(driver->max_size);
	FILE *file = fopen(path, "rb");

	bigger = realloc(driver->corpus, (driver->n_corpus + 1) * sizeof(*bigger));
	if (!file || !data || !bigger) {
		perror(path);
		exit(2);
	}
	driver->corpus = bigger;
	bigger += driver->n_corpus++;
	bigger->data = data;
	bigger->size = fread(data, 1, driver->max_size, file);
	fclose(file);
	running_file = path;
	run_one(bigger->data, bigger->size);
	running_file = NULL;
}

static void corpus_add(struct driver *driver, const char *path)
{
	struct dirent **entries;
	struct stat stat_buffer;
	int n;

	if (stat(path, &stat_buffer) == 0 && !S_ISDIR(stat_buffer.st_mode)) {
		corpus_add_file(driver, path);
		return;
	}
	/* Sorted: the order is part of what an iteration depends on. */
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0) {
		perror(path);
		exit(2);
	}
	for (int i = 0; i < n; i++) {
		char name[4096];

		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			corpus_add_file(driver, name);
		free(entries[i]);
	}
	free(entries);
}

/* Makes room for @n bytes at @at, or as many as fit. */
static size_t bytes_insert(struct input *input, size_t max_size, size_t at, size_t n)
{
	if (n > max_size - input->size)
		n = max_size - input->size;
	memmove(input->data + at + n, input->data + at, input->size - at);
	input->size += n;
	return n;
}

static void bytes_remove(struct input *input, size_t at, size_t n)
{
	if (n > input->size - at)
		n = input->size - at;
	memmove(input->data + at, input->data + at + n, input->size - at - n);
	input->size -= n;
}

/* Numbers that parsers and size checks trip over. */
static const uint64_t odd_numbers[] = { 0,          1,         7,         8,          0x7f,
					0x80,       0xff,      0xffff,    0x7fffffff, 0x80000000,
					0xffffffff, INT64_MAX, UINT64_MAX };

static void mutate_overwrite(const struct driver *driver, struct input *input, uint64_t *rng)
{
	const size_t n_odd = sizeof(odd_numbers) / sizeof(odd_numbers[0]);
	size_t at = random_below(rng, input->size);
	size_t width = (size_t)1 << random_below(rng, 4);
	uint64_t value = odd_numbers[random_below(rng, n_odd)];

	(void)driver;
	if (random_next(rng) & 1)
		value = input->data[at] + random_below(rng, 9) - 4;
	for (size_t i = 0; i < width && at + i < input->size; i++)
		input->data[at + i] = (uint8_t)(value >> (8 * i));
}

/* Copies a piece of any corpus entry over, or into, the input. */
static void mutate_splice(const struct driver *driver, struct input *input, uint64_t *rng)
{
	const struct input *other;
	size_t at = random_below(rng, input->size + 1), from, n;

	if (!driver->n_corpus)
		return;
	other = &driver->corpus[random_below(rng, driver->n_corpus)];
	from = random_below(rng, other->size + 1);
	n = random_below(rng, other->size - from + 1);
	n = bytes_insert(input, driver->max_size, at, n);
	memcpy(input->data + at, other->data + from, n);
}

static void mutate_insert(const struct driver *driver, struct input *input, uint64_t *rng)
{
	static const char text[] = "\n\r\t =;#[]\"\\%:,-./0123456789KMGTsm\0\xff";
	size_t at = random_below(rng, input->size + 1);
	size_t n = bytes_insert(input, driver->max_size, at, 1 + random_below(rng, 16));
	int repeat = (int)(random_next(rng) & 1);
	uint8_t byte = (uint8_t)random_next(rng);

	if (random_next(rng) & 1)
		byte = (uint8_t)text[random_below(rng, sizeof(text) - 1)];
	for (size_t i = 0; i < n; i++)
		input->data[at + i] = repeat ? byte : (uint8_t)random_next(rng);
}

static void mutate(const struct driver *driver, struct input *input, uint64_t *rng)
{
	size_t at;

	switch (random_below(rng, 6)) {
	case 0:
		mutate_splice(driver, input, rng);
		return;
	case 1:
		mutate_insert(driver, input, rng);
		return;
	}
	if (!input->size)
		return;
	at = random_below(rng, input->size);
	switch (random_below(rng, 4)) {
	case 0:
		input->data[at] ^= (uint8_t)(1U << random_below(rng, 8));
		return;
	case 1:
		input->data[at] = (uint8_t)random_next(rng);
		return;
	case 2:
		bytes_remove(input, at, 1 + random_below(rng, 32));
		return;
	default:
		mutate_overwrite(driver, input, rng);
	}
}

static void run_iteration(const struct driver *driver, uint64_t iteration, uint8_t *buffer)
{
	struct input input = { .data = buffer };
	uint64_t rng = driver->seed * UINT64_C(0x2545f4914f6cdd1d) + iteration;

	running_iteration = iteration;
	random_next(&rng);
	if (driver->n_corpus) {
		const struct input *base = &driver->corpus[random_below(&rng, driver->n_corpus)];

		memcpy(buffer, base->data, base->size);
		input.size = base->size;
	} else {
		input.size = random_below(&rng, driver->max_size + 1);
		for (size_t i = 0; i < input.size; i++)
			buffer[i] = (uint8_t)random_next(&rng);
	}
	for (size_t n = 1 + random_below(&rng, 8); n; n--)
		mutate(driver, &input, &rng);
	run_one(input.data, input.size);
}

static uint64_t run_all(const struct driver *driver)
{
	uint8_t *buffer = malloc(driver->max_size);
	time_t end = time(NULL) + (time_t)driver->seconds;
	uint64_t done = 0;

	if (!buffer)
		exit(1);
	while (driver->iterations ? done < driver->iterations : time(NULL) < end)
		run_iteration(driver, driver->first + done++, buffer);
	free(buffer);
	return done;
}

static uint64_t parse_number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (!*text || *end || *text == '-') {
		fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	struct driver driver = { .seconds = SECONDS_DEFAULT,
				 .seed = 1,
				 .max_size = MAX_SIZE_DEFAULT };
	uint64_t done;
	int option;

	while ((option = getopt(argc, argv, "s:n:S:i:m:")) != -1) {
		if (option == 's')
			driver.seconds = parse_number(optarg);
		else if (option == 'n')
			driver.iterations = parse_number(optarg);
		else if (option == 'S')
			driver.seed = parse_number(optarg);
		else if (option == 'i')
			driver.first = parse_number(optarg);
		else if (option == 'm')
			driver.max_size = (size_t)parse_number(optarg);
		else
			return 2;
	}
	if (!driver.max_size || driver.max_size > MAX_SIZE_LIMIT)
		return 2;
	running_seed = driver.seed;
	watch_crashes();
	for (int i = optind; i < argc; i++)
		corpus_add(&driver, argv[i]);
	done = run_all(&driver);
	printf("%s: %" PRIu64 " inputs from %zu corpus files, seed %" PRIu64 ": no crash\n",
	       argv[0], done, driver.n_corpus, driver.seed);
	for (size_t i = 0; i < driver.n_corpus; i++)
		free(driver.corpus[i].data);
	free(driver.corpus);
	return 0;
}
