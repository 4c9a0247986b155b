import { CloudflareClient, DEFAULT_TIMEOUT_MS } from '../../nodes/api/client';
import type { Call } from '../../nodes/api/call';
import type { CallError } from '../../nodes/api/failure';
import { Pacer } from '../../nodes/api/pacer';
import { clock } from '../../nodes/http/clock';
import type { HttpRequest, Transport } from '../../nodes/http/transport';
import { useVirtualClock } from '../helpers/virtualClock';

/** What the client asks of the transport and when it stops asking; over real sockets in client.test.ts. */

const virtual = useVirtualClock();

const ID = 'ab'.repeat(16);

const READ: Call = { method: 'GET', path: '/x', repeat: 'read', action: 'look' };
const CHANGE: Call = { ...READ, method: 'POST', repeat: 'repeatable', action: 'change' };

const ok = {
	kind: 'answer',
	status: 200,
	headers: {},
	body: { success: true, result: 5 },
} as const;
const lost = {
	kind: 'none',
	sent: true,
	what: 'it was lost',
	code: 'ECONNRESET',
	remedy: '',
} as const;
const unsent = { ...lost, sent: false, what: 'it never left', code: 'ECONNREFUSED' } as const;

const refusal = (status: number, message = 'no', headers: Record<string, string> = {}) => ({
	kind: 'answer' as const,
	status,
	headers,
	body: { success: false, errors: [{ code: 1, message }] },
});

type Answer = Awaited<ReturnType<Transport>>;

type Settings = ConstructorParameters<typeof CloudflareClient>[0];

/** A client whose transport gives these answers, the last one again and again. */
function clientOf(answers: Answer[], settings: Partial<Settings> = {}) {
	const requests: HttpRequest[] = [];
	const transport: Transport = async (request) => {
		requests.push(request);
		return answers[Math.min(requests.length, answers.length) - 1]!;
	};
	const client = new CloudflareClient({
		transport,
		baseUrl: ' https://gateway.example.com/v4/ ',
		accountId: ID,
		secrets: ['Qw8-Zr5-Xk2-Lm9'],
		...settings,
	});
	return { client, requests };
}

async function failureOf(call: Promise<unknown>) {
	const error = await call.then(
		() => undefined,
		(reason: unknown) => reason as CallError,
	);
	return error!.failure;
}

describe('a request', () => {
	it('goes to the account, with what its call says and no more', async () => {
		const { client, requests } = clientOf([ok]);
		await client.send(READ);
		await client.send({
			...CHANGE,
			api: 'alerting/v3',
			query: { a: 1 },
			body: { b: 2 },
			newHealthCheckTarget: true,
		});
		expect(requests).toEqual([
			{
				method: 'GET',
				url: `https://gateway.example.com/v4/accounts/${ID}/magic/x`,
				headers: {},
				timeoutMs: DEFAULT_TIMEOUT_MS,
			},
			{
				method: 'POST',
				url: `https://gateway.example.com/v4/accounts/${ID}/alerting/v3/x`,
				headers: { 'x-magic-new-hc-target': 'true' },
				query: { a: 1 },
				body: { b: 2 },
				timeoutMs: DEFAULT_TIMEOUT_MS,
			},
		]);
	});

	it('can be stopped while it reads; a change is waited for', async () => {
		const stopSignal = new AbortController().signal;
		const { client, requests } = clientOf([ok], { stopSignal, timeoutMs: 5 });
		await client.send(READ);
		await client.send({ ...READ, evenIfStopped: true });
		await client.send(CHANGE);
		expect(requests.map(({ signal }) => signal)).toEqual([stopSignal, undefined, undefined]);
		expect(requests.map(({ timeoutMs }) => timeoutMs)).toEqual([5, 5, 5]);
	});

	it('is of an account that is known by its address and its id', () => {
		const { client } = clientOf([ok]);
		expect(client.accountId).toBe(ID);
		expect(client.accountKey).toBe(`https://gateway.example.com/v4 ${ID}`);
	});
});

describe('an answer', () => {
	it('says whether an earlier attempt may have made the change', async () => {
		for (const [first, blind] of [
			[lost, true],
			[refusal(500), true],
			[unsent, false],
			[refusal(429), false],
		] as const) {
			const { client } = clientOf([first, ok]);
			expect(await client.send(CHANGE)).toEqual({
				result: 5,
				body: ok.body,
				repeatedBlindly: blind,
			});
		}
		const { client } = clientOf([ok]);
		expect((await client.send(CHANGE)).repeatedBlindly).toBe(false);
	});

	it('that fails leaves as open as the worst of all attempts', async () => {
		const effectAfter = async (call: Call, ...answers: Answer[]) =>
			(await failureOf(clientOf(answers).client.send(call))).effect;
		expect(await effectAfter(CHANGE, unsent)).toBe('none');
		expect(await effectAfter(CHANGE, unsent, refusal(400))).toBe('refused');
		expect(await effectAfter(CHANGE, lost, refusal(400))).toBe('unknown');
		expect(await effectAfter(READ, lost)).toBe('none');
		expect(await effectAfter(READ, refusal(400))).toBe('none');
	});

	it('tells what failed, as the transport says it', async () => {
		const { client } = clientOf([{ ...unsent, remedy: 'start it' }]);
		expect(await failureOf(client.send(CHANGE))).toEqual({
			action: 'change',
			what: 'it never left',
			httpCode: 'ECONNREFUSED',
			remedy: 'start it',
			effect: 'none',
			retryAfterMs: 0,
		});
	});

	it('of another form than it should have is told with what was answered', () => {
		const { client } = clientOf([ok]);
		const error = client.unexpected(CHANGE, 'no list', 'the answer');
		expect(error.answer).toBe('the answer');
		expect(error.failure).toEqual({
			action: 'change',
			effect: 'unknown',
			what: 'the answer has an unexpected form (no list)',
			remedy: expect.stringContaining('Check the Base URL of the credential'),
		});
		expect(client.unexpected(READ, 'no list').failure.effect).toBe('none');
	});
});

describe('a text of an answer', () => {
	const mayRepeat = (text: string, call: Partial<Call> = {}) =>
		clientOf([ok]).client.mayRepeatSecret({ ...READ, ...call }, text);

	it('may not hold a secret of the credential or of the call', () => {
		expect(mayRepeat('bad: Qw8-Zr5-Xk2-Lm9')).toBe(true);
		expect(mayRepeat('bad: a key that was given')).toBe(false);
		expect(mayRepeat('bad: a key that was given', { secrets: ['a key that was given'] })).toBe(
			true,
		);
	});

	it('holds plain words and ids of the path only where a secret may be in it that nobody knows', () => {
		const call = { path: `/ipsec_tunnels/${ID}`, answersSecret: true };
		expect(mayRepeat('Zk9vTq3LwXe7', call)).toBe(true);
		expect(mayRepeat('Zk9vTq3LwXe7')).toBe(false);
		expect(mayRepeat(`the tunnel ${ID} is locked`, call)).toBe(false);
		expect(mayRepeat(`the tunnel ${'cd'.repeat(16)} is locked`, call)).toBe(true);
	});
});

describe('waiting', () => {
	it('is as long as was asked for, and no longer than the call may', async () => {
		const slow = refusal(429, 'no', { 'retry-after': '5' });
		const within = clientOf([slow, ok], { longestWaitMs: 5_000 });
		await within.client.send(CHANGE);
		expect(virtual.slept()).toBe(5_000);
		const beyond = clientOf([slow, ok], { longestWaitMs: 4_999 });
		expect(await failureOf(beyond.client.send(CHANGE))).toMatchObject({
			retryAfterMs: 5_000,
			httpCode: '429',
		});
		expect(beyond.requests).toHaveLength(1);
	});

	it('for a turn is refused where it would take too long, with how long', async () => {
		const answer = { ...ok, headers: { ratelimit: '"default";r=0;t=30' } };
		const { client, requests } = clientOf([answer], { longestWaitMs: 1_000 });
		await client.send(READ);
		expect(await failureOf(client.send(CHANGE))).toEqual({
			action: 'change',
			what: 'Cloudflare allows no further request for 30 s',
			httpCode: '429',
			effect: 'none',
			retryAfterMs: 30_000,
		});
		expect(requests).toHaveLength(1);
	});

	it('takes part in the pace of others with the same credential', async () => {
		const pacer = new Pacer();
		const answer = { ...ok, headers: { ratelimit: '"default";r=0;t=30' } };
		await clientOf([answer], { pacer }).client.send(READ);
		await clientOf([ok], { pacer }).client.send(READ);
		expect(virtual.slept()).toBe(30_000);
	});
});

describe('a moment from which on nothing is sent', () => {
	it('keeps a call back that would be late, and says so', async () => {
		const { client, requests } = clientOf([ok]);
		expect(await failureOf(client.send({ ...CHANGE, sendBefore: clock.elapsed() }))).toEqual({
			action: 'change',
			what: 'its time was over before it could be sent',
			effect: 'none',
			retryAfterMs: 0,
		});
		expect(requests).toEqual([]);
		await client.send({ ...CHANGE, sendBefore: clock.elapsed() + 1 });
		expect(requests).toHaveLength(1);
	});

	it('takes no place in the pace from a call that has none', async () => {
		const pacer = new Pacer();
		const answer = { ...ok, headers: { ratelimit: '"default";r=0;t=30' } };
		const { client } = clientOf([answer], { pacer });
		await client.send(READ);
		const late = { ...CHANGE, sendBefore: clock.elapsed() };
		expect((await failureOf(client.send(late))).what).toContain('no further request for 30 s');
		expect(await pacer.enter(clock.elapsed())).toEqual({ waitMs: 30_000 });
	});

	it('gives its place in the pace back', async () => {
		const pacer = new Pacer();
		const answer = { ...ok, headers: { ratelimit: '"default";r=1;t=30' } };
		const { client } = clientOf([answer], { pacer });
		await client.send(READ);
		await failureOf(client.send({ ...CHANGE, sendBefore: clock.elapsed() }));
		expect(await pacer.enter(clock.elapsed())).toBe('now');
	});

	it('changes nothing of what an earlier attempt may have done', async () => {
		const { client, requests } = clientOf([lost]);
		virtual.whileSleeping(() => void clock.elapsed());
		const failure = await failureOf(client.send({ ...CHANGE, sendBefore: clock.elapsed() + 500 }));
		expect(failure).toMatchObject({
			effect: 'unknown',
			what: 'its time was over before it could be sent',
		});
		expect(requests).toHaveLength(1);
	});
});

describe('a stop of the execution', () => {
	const stopped = AbortSignal.abort();

	it('lets nothing be sent but the look afterwards', async () => {
		const { client, requests } = clientOf([ok], { stopSignal: stopped });
		for (const call of [READ, CHANGE]) {
			expect(await failureOf(client.send(call))).toMatchObject({
				what: 'the execution was stopped before the request was sent',
				effect: 'none',
			});
		}
		expect(requests).toEqual([]);
		expect((await client.send({ ...READ, evenIfStopped: true })).result).toBe(5);
	});

	it('that cuts a read is what the error says', async () => {
		const stop = new AbortController();
		const transport: Transport = async () => {
			stop.abort();
			return lost;
		};
		const { client } = clientOf([], { transport, stopSignal: stop.signal });
		expect((await failureOf(client.send(READ))).what).toBe('the execution was stopped');
		const even = { ...READ, evenIfStopped: true };
		expect((await failureOf(client.send(even))).what).toBe('it was lost');
	});

	it('ends a change after the attempt that is under way', async () => {
		const stop = new AbortController();
		let sent = 0;
		const transport: Transport = async () => {
			sent++;
			stop.abort();
			return lost;
		};
		const { client } = clientOf([], { transport, stopSignal: stop.signal });
		expect(await failureOf(client.send(CHANGE))).toMatchObject({
			what: 'it was lost',
			effect: 'unknown',
		});
		expect([sent, virtual.slept()]).toEqual([1, 0]);
	});

	it('while it waits for the next attempt makes no further one', async () => {
		const stop = new AbortController();
		virtual.whileSleeping(() => stop.abort());
		const { client, requests } = clientOf([refusal(429)], { stopSignal: stop.signal });
		expect((await failureOf(client.send(CHANGE))).httpCode).toBe('429');
		expect(requests).toHaveLength(1);
	});
});
