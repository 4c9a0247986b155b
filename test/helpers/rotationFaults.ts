import type { Mishap, Reply } from '../stubs/faultyServer';
import type { Asked } from '../stubs/jsonServer';
import type { KeptVault, VaultName } from './keptVault';

/** What can go wrong with a rotation, at Cloudflare and at the vault, each by a name. */

const status = (code: number, when: 'before' | 'after', more: object = {}) => ({
	kind: 'status',
	status: code,
	code: 1000 + code,
	message: 'a fault of the test',
	when,
	...more,
});

/** As faults of the simulated account, without where they happen. */
export const CLOUDFLARE_FAULTS: Readonly<Record<string, object>> = {
	'cut before': { kind: 'reset', when: 'before' },
	'cut after': { kind: 'reset', when: 'after' },
	'JSON ends in the middle': { kind: 'truncatedJson', when: 'after' },
	'400': status(400, 'before'),
	'401': status(401, 'before'),
	'403': status(403, 'before'),
	'404': status(404, 'before'),
	'409 after': status(409, 'after'),
	'429': status(429, 'before', { headers: { 'retry-after': '3' } }),
	'500 before': status(500, 'before'),
	'500 after': status(500, 'after'),
	'html after': { kind: 'html', status: 502, when: 'after' },
	empty: { kind: 'empty', when: 'after' },
	redirect: { kind: 'redirect', location: 'http://127.0.0.1:9/', when: 'before' },
	'success: false': { kind: 'successFalse', when: 'before' },
	'wrong types': { kind: 'wrongTypes', of: 'fields' },
	'no dates in answers': {
		kind: 'missingFields',
		fields: ['successfully_applied_psks.*.psk_metadata', 'ipsec_tunnels.*.psk_metadata'],
	},
	'refused by name': { kind: 'unapply', reason: 'refused by the test' },
	'one refused by name': { kind: 'unapply', count: 1 },
	'not mentioned': { kind: 'omit', applied: true },
	'both verdicts': { kind: 'bothVerdicts', applied: true },
	'validate_only is not known': { kind: 'ignoreValidateOnly' },
	'not in the list': { kind: 'unlist', count: 1 },
	'slow and in pieces': { kind: 'drip', chunkBytes: 40, everyMs: 1 },
};

const reply = (code: number, error: string, type: string, awsStatus = 400): ByVault<Reply> => ({
	kv2: { status: code, body: { errors: [error] } },
	awsSecretsManager: { status: awsStatus, body: { __type: type, Message: error } },
});

type ByVault<T> = Readonly<Record<VaultName, T>>;

const answered = (when: 'before' | 'after', answers: ByVault<Reply>): ByVault<Mishap> => ({
	kv2: { when, answer: answers.kv2 },
	awsSecretsManager: { when, answer: answers.awsSecretsManager },
});

const same = (mishap: Mishap): ByVault<Mishap> => ({ kv2: mishap, awsSecretsManager: mishap });

/** As mishaps of the stand-ins, without where they happen. */
export const VAULT_FAULTS: Readonly<Record<string, ByVault<Mishap>>> = {
	'no right': answered('before', reply(403, 'permission denied', 'AccessDeniedException')),
	'token ran out': answered('before', reply(403, 'invalid token', 'ExpiredTokenException')),
	'sealed, or can not decrypt': answered(
		'before',
		reply(503, 'Vault is sealed', 'DecryptionFailure'),
	),
	throttled: answered('before', reply(429, 'rate limit quota exceeded', 'ThrottlingException')),
	'in trouble before': answered('before', reply(500, 'internal', 'InternalServiceError', 500)),
	'in trouble after': answered('after', reply(500, 'internal', 'InternalServiceError', 500)),
	'replica lags, or a precondition': answered(
		'before',
		reply(412, 'required index state not present', 'PreconditionNotMetException'),
	),
	'too large': answered('before', reply(413, 'request body too large', 'LimitExceededException')),
	'no such engine, or no such secret': answered(
		'before',
		reply(404, 'no handler for route', 'ResourceNotFoundException'),
	),
	'wrong request': answered('before', reply(400, 'bad request', 'InvalidRequestException')),
	'cut before': same({ when: 'before', cut: 'silent' }),
	'cut after': same({ when: 'after', cut: 'silent' }),
	'cut in the answer': same({ when: 'after', cut: 'halfway' }),
	'html of a proxy before': same({ when: 'before', answer: { status: 502, body: '<html>' } }),
	'html of a proxy after': same({ when: 'after', answer: { status: 200, body: '<html>' } }),
	'an empty answer after': same({ when: 'after', answer: { status: 200 } }),
	redirect: same({
		when: 'before',
		answer: { status: 307, headers: { location: 'http://127.0.0.1:9/' } },
	}),
};

/** Whether a request to a vault changes a secret. */
export function isWrite({ name }: KeptVault, { method, headers, url }: Asked): boolean {
	if (name === 'kv2') return method !== 'GET' && url.pathname.includes('/data/');
	return /\.(Put|Create|Update)/.test(String(headers['x-amz-target']));
}

/** Has the vault fail at some of its requests. */
export function addVaultFault(
	vault: KeptVault,
	fault: string,
	where: { of: 'any' | 'read' | 'write'; skip: number; times: number },
): void {
	const { of, ...position } = where;
	vault.server.addFault({
		...VAULT_FAULTS[fault]![vault.name],
		...position,
		matching: (asked) => of === 'any' || isWrite(vault, asked) === (of === 'write'),
	});
}
