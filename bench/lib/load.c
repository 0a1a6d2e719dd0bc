// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "load.h"
#include "util/clock.h"

/* Pacing: this often a thread catches up with its rate. */
#define TICK_NS (5 * NSEC_PER_MSEC)
/* A thread that was held up for longer does not make up for it: that would be a burst. */
#define LATE_MAX_NS (50 * NSEC_PER_MSEC)
/* Accesses between two looks at the flags when there is no rate. */
#define CHUNK 4096

static void access_pages(struct load_worker *worker, uint64_t n, uint64_t *random)
{
	const struct sampler *sampler = atomic_load(&worker->load->sampler);
	uint64_t *memory = worker->load->memory + worker->index;

	atomic_store(&worker->used, sampler);
	for (uint64_t i = 0; i < n; i++) {
		volatile uint64_t *word =
			memory + (size_t)sampler_draw(sampler, random) * MEMORY_PAGE_WORDS;

		*word = *word + 1;
	}
	worker->accesses += n;
	atomic_fetch_add_explicit(worker->load->accesses, n, memory_order_relaxed);
}

/* Sleeps, or only looks at the clock, which takes no system call. */
static void wait_until(uint64_t ns, int busy)
{
	struct timespec until = { .tv_sec = (time_t)(ns / NSEC_PER_SEC),
				  .tv_nsec = (long)(ns % NSEC_PER_SEC) };

	while (busy && clock_now_ns() < ns)
		;
	if (!busy)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void *worker_run(void *arg)
{
	struct load_worker *worker = arg;
	const struct load *load = worker->load;
	uint64_t random = random_seed(load->seed * LOAD_THREADS_MAX + worker->index);
	uint64_t due = clock_now_ns(), now, share = 0;

	while (!atomic_load_explicit(&load->stop, memory_order_relaxed)) {
		if (!load->rate) {
			access_pages(worker, CHUNK, &random);
			continue;
		}
		/* Remainders are carried on, so that low rates come out right as well. */
		share += load->rate * TICK_NS / load->threads;
		access_pages(worker, share / NSEC_PER_SEC, &random);
		share %= NSEC_PER_SEC;
		due += TICK_NS;
		now = clock_now_ns();
		if (now > due + LATE_MAX_NS)
			due = now;
		else if (now < due)
			wait_until(due, load->busy);
	}
	return NULL;
}

/* Waits until no worker draws from @sampler any more. */
static void sampler_drain(const struct load *load, const struct sampler *sampler)
{
	for (unsigned int i = 0; i < load->threads; i++)
		while (atomic_load(&load->workers[i].used) == sampler)
			wait_until(clock_now_ns() + NSEC_PER_MSEC, 0);
}

int load_switch(struct load *load, const float *weights, uint32_t pages)
{
	struct sampler *next = &load->samplers[load->switches & 1];
	int r;

	sampler_done(next); /* drained at the switch before */
	r = sampler_new(weights, pages, next);
	if (r)
		return r;
	atomic_store(&load->sampler, next);
	load->switches++;
	if (atomic_load(&load->running))
		sampler_drain(load, &load->samplers[load->switches & 1]);
	return 0;
}

int load_start(struct load *load)
{
	int r;

	for (unsigned int i = 0; i < load->threads; i++) {
		struct load_worker *worker = &load->workers[i];

		worker->load = load;
		worker->index = i;
		r = pthread_create(&worker->thread, NULL, worker_run, worker);
		if (r)
			return -r;
	}
	atomic_store(&load->running, 1);
	return 0;
}

void load_stop(struct load *load, uint64_t *ret_accesses)
{
	atomic_store(&load->stop, 1);
	for (unsigned int i = 0; i < LOAD_THREADS_MAX; i++) {
		if (i < load->threads && atomic_load(&load->running))
			pthread_join(load->workers[i].thread, NULL);
		ret_accesses[i] = load->workers[i].accesses;
	}
	for (int i = 0; i < 2; i++)
		sampler_done(&load->samplers[i]);
}
