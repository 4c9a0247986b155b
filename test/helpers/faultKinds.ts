import type { Simulator } from '../simulator';
import type { EchoForm } from '../simulator/echoes';
import { ECHO_FORMS, echoOf } from '../simulator/echoes';

/** What can go wrong with the requests of a run, as faults of the simulated account. */

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

/** Refusals that echo the key that was sent or made; `form` only names the case. */
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

/** Faults of the answer itself, whatever is asked. */
export const ANSWER_FAULTS: object[] = [
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
	{ kind: 'delay', ms: 5 },
	{ kind: 'drip', chunkBytes: 40, everyMs: 1 },
];

/** Every kind of fault that the simulator can make to a PSK endpoint. */
export const FAULTS: object[] = [
	...ANSWER_FAULTS,
	{ kind: 'envelope', form: 'unwrapped' },
	{ kind: 'envelope', form: 'textSuccess' },
	{ kind: 'envelope', form: 'falseSuccess' },
	{ kind: 'envelope', form: 'noSuccess' },
	{ kind: 'capitalIds' },
	{ kind: 'swapAnswers', with: 'previous', times: 'always', skip: 0 },
	{ kind: 'ignoreValidateOnly' },
	{ kind: 'ignoreValidateOnly', answer: 'validated' },
	{ kind: 'otherId' },
	{ kind: 'otherId', id: 'nonsense' },
	{ kind: 'unapply', reason: 'refused by the test' },
	{ kind: 'unapply', count: 1 },
	{ kind: 'omit', applied: true },
	{ kind: 'omit', applied: false, count: 1 },
	{ kind: 'bothVerdicts', applied: true },
	{ kind: 'bothVerdicts', applied: false, count: 1 },
	{ kind: 'crossVerdicts' },
	{ kind: 'extraVerdicts' },
	{ kind: 'extraVerdicts', of: 'unapplied' },
	{ kind: 'refuseBatch', isFaulty: ({ id }: { id: string }) => /[0-7]$/.test(id) },
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

/** What is wrong with the lists of a run: the first one resolves the items, the later ones are the look. */
export const LISTS: Record<string, object[]> = {
	good: [],
	'500 once': [status(500)],
	'no list before': [{ kind: 'html', times: 'always' }],
	'no list afterwards': [{ ...status(403), skip: 1, times: 'always' }],
	'cut off afterwards': [{ kind: 'truncatedJson', skip: 1, times: 'always' }],
	'no dates afterwards': [
		{
			kind: 'missingFields',
			fields: ['ipsec_tunnels.*.psk_metadata'],
			skip: 1,
			times: 'always',
		},
	],
	'no dates': [
		{ kind: 'missingFields', fields: ['ipsec_tunnels.*.psk_metadata'], times: 'always' },
	],
	'one tunnel less afterwards': [{ kind: 'unlist', count: 1, skip: 1, times: 'always' }],
	'odd entries': [
		{ kind: 'listTwice', times: 'always' },
		{ kind: 'listAlso', tunnels: [null, { name: 'x' }, 7], times: 'always' },
	],
	capitals: [{ kind: 'capitalIds', times: 'always' }],
};

/** Faults under which every answer is whole, and says what is so. */
const CLEAR: readonly string[] = [
	'delay',
	'drip',
	'unapply',
	'refuseBatch',
	'capitalIds',
	'headers',
	'extraVerdicts',
	'listTwice',
	'listAlso',
];

const kindOf = (fault: object): string => String((fault as { kind: unknown }).kind);

/** True for a fault that takes nothing from what the answers say. */
export const isClear = (fault: object): boolean => CLEAR.includes(kindOf(fault));

/**
 * True for a fault by which an answer says clearly what is not so, where other faults come to its aid: it
 * says no after the change was made, or loses the one half of a contradiction.
 */
export const isLie = (fault: object): boolean => {
	const text = JSON.stringify(fault);
	return (
		text.includes('"unapplied_psks"') ||
		(/"when":"after"/.test(text) &&
			/"kind":"successFalse"|"status":(40[0-7]|409|4[1-9]\d)/.test(text))
	);
};

const ONLY_SET: readonly string[] = [
	'unapply',
	'omit',
	'bothVerdicts',
	'crossVerdicts',
	'extraVerdicts',
	'refuseBatch',
];

/** True if a fault can happen to what an operation sends to its PSK endpoint. */
export function canHappen(fault: object, endpoint: string, isCheck: boolean): boolean {
	const kind = kindOf(fault);
	if (kind === 'ignoreValidateOnly') return isCheck;
	if (ONLY_SET.includes(kind)) return endpoint === 'pskSet';
	return kind !== 'otherId' || endpoint === 'pskGenerate';
}
