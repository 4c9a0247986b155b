import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { performance } from 'node:perf_hooks';
import { mock } from 'node:test';

/** Milliseconds of real time without work after which the process is taken to wait. */
const QUIET_MS = 2;

/**
 * Runs something on a virtual clock, the same for everything in the process: `Date`, `performance.now` and
 * `setTimeout`.
 * The clock moves by the time that the process works, and when all of it waits for timers, to the next
 * one that is due. So an hour of waiting takes no time, and the work that is done in it counts as it is.
 * Requests must be made with node:http, and to a server in this process.
 *
 * @param heldBack the number of requests whose answers the server holds back until a timer fires; the
 * clock does not jump while any other request is under way
 * @returns the result, and the milliseconds that passed on the virtual clock
 */
export async function onVirtualTime<T>(
	heldBack: () => number,
	work: () => Promise<T>,
): Promise<{ result: T; ms: number }> {
	mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
	const due = trackedTimers();
	const requests = trackedRequests();
	const pump = startPump(due, () => requests.underWay() > heldBack());
	const started = Date.now();
	// The clock that nobody can set runs with the one that is virtual.
	const { now } = performance;
	const begun = now.call(performance);
	performance.now = () => begun + Date.now() - started;
	try {
		const result = await work();
		return { result, ms: Date.now() - started };
	} finally {
		performance.now = now;
		clearInterval(pump);
		requests.stop();
		mock.timers.reset();
	}
}

const CREATED = 'http.client.request.created';

/** Counts the requests of node:http that were begun and are not over. */
function trackedRequests(): { underWay(): number; stop(): void } {
	let underWay = 0;
	const begin = (message: unknown) => {
		underWay += 1;
		(message as { request: ClientRequest }).request.once('close', () => {
			underWay -= 1;
		});
	};
	subscribe(CREATED, begin);
	return { underWay: () => underWay, stop: () => void unsubscribe(CREATED, begin) };
}

/** When each timer that is set fires, as milliseconds since 1970. */
function trackedTimers(): Map<unknown, number> {
	const due = new Map<unknown, number>();
	const { setTimeout: set, clearTimeout: clear } = globalThis;
	const tracked = (act: (...values: unknown[]) => void, ms = 0, ...values: unknown[]) => {
		const timer = set(() => {
			due.delete(timer);
			act(...values);
		}, ms);
		due.set(timer, Date.now() + Math.max(1, ms));
		return timer;
	};
	globalThis.setTimeout = tracked as typeof set;
	globalThis.clearTimeout = (timer) => {
		due.delete(timer);
		clear(timer);
	};
	return due;
}

function startPump(due: ReadonlyMap<unknown, number>, busy: () => boolean): NodeJS.Timeout {
	let seen = performance.eventLoopUtilization();
	let quietMs = 0;
	let rest = 0;
	return setInterval(() => {
		const { active, idle } = performance.eventLoopUtilization(seen);
		seen = performance.eventLoopUtilization();
		rest += active;
		const whole = Math.floor(rest);
		rest -= whole;
		// The pump's own work is all that makes a waiting process active.
		quietMs = active < idle / 2 ? quietMs + idle : 0;
		mock.timers.tick(whole);
		if (quietMs < QUIET_MS || due.size === 0 || busy()) return;
		quietMs = 0;
		mock.timers.tick(Math.max(1, Math.min(...due.values()) - Date.now()));
	}, 1);
}
