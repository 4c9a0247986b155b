import { printed } from './printed';
import { createHash } from 'node:crypto';
import type { INodeParameters, IRun } from 'n8n-workflow';
import { clock } from '../../nodes/http/clock';
import type { FaultHandle, Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import type { EchoForm } from '../simulator/echoes';
import { ECHO_FORMS, echoOf } from '../simulator/echoes';
import { KeyLedger } from './ledger';
import { credentialsOf, NODE, runNode } from './node';
import type { PskOutputs } from './pskOutcomes';
import { pskFindings } from './pskOutcomes';

/**
 * The first promise, made checkable: a run of a PSK operation under faults, and an oracle that
 * knows the live keys and judges every tunnel after it.
 */

export type Fault = Parameters<Simulator['faults']['add']>[0];

/** What somebody else sets while the run goes on. */
const OUTSIDE = 'q7Zr2Lx9Vb4Tn8Wd1Kf6Hs3Jm5Gp0YcAeXuRo';

const status = (code: number, more: object = {}) => ({
	kind: 'status',
	status: code,
	code: 1000 + code,
	message: 'a fault of the test',
	...more,
});

const both = (fault: object): object[] => [
	{ ...fault, when: 'before' },
	{ ...fault, when: 'after' },
];

/** Refusals that echo the key that was sent; `form` only names the case. */
const echoedReason = (form: EchoForm) => ({
	kind: 'unapply',
	form,
	reason: ({ psk }: { psk: string }) => `no: ${ECHO_FORMS[form](psk)}`,
});
const echoedMessage = (form: EchoForm) => ({
	...status(400),
	form,
	message: echoOf(ECHO_FORMS[form]),
});

/** Every kind of fault that the simulator can make to a PSK endpoint. */
export const FAULTS: object[] = [
	...[400, 401, 403, 404, 405, 408, 409, 413, 429, 500, 502, 503, 504].flatMap((code) =>
		both(status(code)),
	),
	...both(status(429, { headers: { 'retry-after': '3' } })),
	...both({ kind: 'status', status: 502, message: 'Bad gateway' }),
	...both({ kind: 'reset' }),
	...both({ kind: 'timeout' }),
	...both({ kind: 'truncate' }),
	...both({ kind: 'truncatedJson' }),
	...both({ kind: 'html' }),
	...both({ kind: 'html', status: 403 }),
	...both({ kind: 'empty' }),
	...both({ kind: 'redirect', location: 'http://127.0.0.1:9/' }),
	...both({ kind: 'successFalse' }),
	...both({ kind: 'body', body: 'null' }),
	...both({ kind: 'body', body: '{"success":true}' }),
	...both({ kind: 'body', body: '{"success":true,"result":[]}' }),
	{ kind: 'wrongTypes', of: 'fields' },
	{ kind: 'wrongTypes', of: 'result' },
	{ kind: 'missingFields' },
	{ kind: 'missingFields', fields: ['psk_metadata', 'successfully_applied_psks.*.psk_metadata'] },
	{ kind: 'missingFields', fields: ['psk', 'successfully_applied_psks'] },
	{ kind: 'missingFields', fields: ['ipsec_tunnel_id', 'unapplied_psks'] },
	{ kind: 'unapply', reason: 'refused by the test' },
	{ kind: 'unapply', count: 1 },
	{ kind: 'omit', applied: true },
	{ kind: 'omit', applied: false, count: 1 },
	{ kind: 'delay', ms: 5 },
	{ kind: 'drip', chunkBytes: 40, everyMs: 1 },
	{ kind: 'ignoreValidateOnly' },
	{ kind: 'ignoreValidateOnly', answer: 'validated' },
	{ kind: 'otherId' },
	{ kind: 'swapAnswers', with: 'previous' },
	{ kind: 'capitalIds' },
	{ kind: 'bothVerdicts', applied: true },
	{ kind: 'bothVerdicts', applied: false },
	{ kind: 'crossVerdicts' },
	{ kind: 'extraVerdicts' },
	{ kind: 'extraVerdicts', of: 'unapplied' },
	{ kind: 'refuseBatch', pattern: '^[A-M]' },
	{ kind: 'envelope', form: 'unwrapped' },
	{ kind: 'envelope', form: 'textSuccess' },
	{ kind: 'envelope', form: 'falseSuccess' },
	{ kind: 'envelope', form: 'noSuccess' },
	{ kind: 'headers', headers: { Ratelimit: '"default";r=0;t=300' } },
	...(['upperCase', 'cutOff', 'goJson', 'base64'] as const).map(echoedReason),
	...(['plain', 'url', 'html', 'hex'] as const).map(echoedMessage),
	{
		kind: 'hook',
		before: (simulator: Simulator) => void simulator.removeTunnel(simulator.tunnels()[1]!.id),
	},
	{
		kind: 'hook',
		before: (simulator: Simulator) => simulator.setKey(simulator.tunnels()[1]!.id, OUTSIDE),
	},
	{
		kind: 'hook',
		after: (simulator: Simulator) => simulator.setKey(simulator.tunnels()[1]!.id, OUTSIDE),
	},
];

/** Faults under which every answer is whole and true. */
const CLEAR: string[] = ['delay', 'drip', 'headers', 'hold', 'refuseBatch', 'unapply'];

export const ENDPOINT = { generate: 'pskGenerate', prepare: 'pskSet', set: 'pskSet' } as const;
export const MODES = ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const;

export interface FaultyRun {
	operation: keyof typeof ENDPOINT;
	/** Age in days of each tunnel's key; null for a tunnel without one. */
	ages: Array<number | null>;
	/** With the endpoint that they hit. */
	faults: Fault[];
	mode: (typeof MODES)[number];
	authentication: 'apiToken' | 'apiKey';
	batchSize: number;
	concurrency: number;
	/** Items besides one for each tunnel, which name no tunnel. */
	strays?: number;
	/** Generate and Set with the option Validate Only. */
	validateOnly?: boolean;
}

/** The key that the item of a tunnel gives to Set: long, of awkward characters, and no part of an id. */
export function givenKey(id: string): string {
	return `K&<"'/ \\>${createHash('sha256').update(id).digest('base64url')}`;
}

/** What is wrong with a run, one text for each finding; none when the promise was kept. */
export async function findings(run: FaultyRun): Promise<string[]> {
	const { operation, mode, authentication, batchSize, concurrency, validateOnly = false } = run;
	printed.length = 0;
	const simulator = await startSimulator({ tunnels: run.ages.length, seed: 1, ageDays: run.ages });
	const impatience = beImpatient();
	try {
		const ids = simulator.tunnels().map(({ id }) => id);
		const givesKeys = operation === 'set';
		const ledger = new KeyLedger(simulator, givesKeys ? ids.map(givenKey) : []);
		const handles = run.faults.map((fault) => simulator.faults.add(fault));
		impatience.with(handles.filter((_, index) => run.faults[index]!.kind === 'timeout'));
		const strays = Array.from({ length: run.strays ?? 0 }, (_, n) => `no tunnel ${n}`);
		const {
			jsons,
			error,
			hints,
			run: finished,
		} = await runNode({
			credentials: credentialsOf(simulator),
			parameters: {
				authentication,
				resource: 'psk',
				operation,
				tunnelId: { __rl: true, mode: 'id', value: '={{ $json.id }}' },
				...(givesKeys ? { psk: '={{ $json.psk }}' } : {}),
				keyLength: 43,
				checkWithCloudflare: true,
				options: { batchSize, concurrency, ...(validateOnly ? { validateOnly } : {}) },
			} as INodeParameters,
			items: [...ids, ...strays].map((id) => (givesKeys ? { id, psk: givenKey(id) } : { id })),
			node: { onError: mode },
		});
		const [secret = [], notification = [], ...others] = jsons;
		const outputs: PskOutputs = { secret, notification, others, stopped: error !== undefined };
		const found = pskFindings(ledger, outputs, ids, {
			checks: validateOnly || operation === 'prepare',
			makesKeys: operation === 'prepare',
			mayBeUnknown: handles.some(
				({ hits }, index) => hits > 0 && !CLEAR.includes(run.faults[index]!.kind),
			),
		});
		const leaks = ledger.leaked(
			[notification, others, error?.message, error?.description, hints],
			[keptByN8n(finished, givesKeys), error, printed],
			secret.map(({ psk }) => String(psk)),
		);
		if (printed.length === 0) found.push('nothing was logged, so the log was not looked at');
		if (leaks.length > 0) found.push(`leaked: ${leaks.join(', ')}`);
		if (error !== undefined && mode !== 'stopWorkflow') found.push('threw in a continue mode');
		if (error === undefined && notification.length !== ids.length + strays.length) {
			found.push(`${notification.length} notifications for ${ids.length + strays.length} items`);
		}
		return found;
	} finally {
		impatience.end();
		await simulator.close();
	}
}

/** Milliseconds after which an unanswered request is given up; the account needs one or two. */
const PATIENCE_MS = 15;

/** Lets the node wait for an answer that never comes for milliseconds, and for every other as ever. */
function beImpatient() {
	const { deadline } = clock;
	let waiting: AbortController[] = [];
	let timer: NodeJS.Timeout | undefined;
	const giveUp = (those: AbortController[]) => those.forEach((one) => one.abort());
	return {
		with(handles: FaultHandle[]) {
			if (handles.length === 0) return;
			clock.deadline = () => {
				const one = new AbortController();
				waiting.push(one);
				return one.signal;
			};
			let before = 0;
			timer = setInterval(() => {
				const hits = handles.reduce((sum, handle) => sum + handle.hits, 0);
				if (hits === before) return;
				before = hits;
				// Those that were answered meanwhile take no notice.
				setTimeout(giveUp, PATIENCE_MS, waiting);
				waiting = [];
			}, 2);
		},
		end() {
			clearInterval(timer);
			clock.deadline = deadline;
		},
	};
}

/**
 * What n8n keeps of a run, without what holds keys by design: the Secret output and, where the items
 * give the keys, the items of the node before and the copy of them that a failed run keeps.
 */
function keptByN8n(run: IRun, itemsHoldKeys: boolean): unknown {
	const { resultData, executionData, ...rest } = run.data;
	const [task] = resultData.runData[NODE]!;
	const before = itemsHoldKeys ? {} : { before: resultData.runData.Before, executionData };
	const outputs = (task!.data?.main ?? []).slice(1);
	return { ...before, rest, task: { ...task, data: outputs }, error: resultData.error };
}
