import type { Call } from './call';
import { tunnelReader } from './call';
import type { Outcome } from './envelope';
import { invalidRequest, success } from './envelope';
import { pskSet } from './pskSet';
import { generatePsk } from './random';
import type { Change } from './state';
import { toNanoseconds } from './time';
import type { KeySource } from './types';
import { BodyReader } from './bodyReader';

/**
 * All writes name `?validate_only=true` in their description; only psk set declares it as a boolean, and
 * reads it itself.
 * GUESS: on the others everything but `true` means false.
 */
const validateOnly = ({ query }: Call): boolean => query.validate_only === 'true';

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** PUT replaces the tunnel, so that its body must be whole. */
const replaces = ({ conduct }: Call): boolean =>
	conduct.some(({ kind }) => kind === 'replaceFields');

const store = (call: Call, changes: Change[], by: KeySource): boolean => {
	const { state } = call.account;
	const persist = !validateOnly(call);
	state.commit(changes, persist);
	for (const { before, after } of persist ? changes : []) {
		// The instant differs whenever a request carried a key, also the one that was live already.
		const moved = after?.pskGeneratedAt !== before?.pskGeneratedAt;
		if (after?.psk !== undefined && after.pskGeneratedAt !== undefined && moved) {
			state.remember(after.id, after.psk, after.pskGeneratedAt, by);
		}
	}
	return persist;
};

const list = ({ account: { state }, objectTarget }: Call): Outcome => ({
	answer: success({
		ipsec_tunnels: state.all().map((tunnel) => state.toAnswer(tunnel, objectTarget)),
	}),
	applied: false,
});

const get = ({ account: { state }, tunnelId, objectTarget }: Call): Outcome => ({
	answer: success({ ipsec_tunnel: state.toAnswer(state.get(tunnelId), objectTarget) }),
	applied: false,
});

/**
 * One object in, T out; the legacy list in, a list out (cloudflare-go v0, Terraform v4 against v5).
 * With validate_only the normal shape, id included (Viptela tutorial of 2022).
 */
const create = (call: Call): Outcome => {
	const { account, body, objectTarget } = call;
	const reader = tunnelReader(call, 'creating IPsec Tunnel');
	const legacy = isObject(body) && body.ipsec_tunnels !== undefined;
	const read = new BodyReader('creating IPsec Tunnel');
	// GUESS: the list form holds nothing else, may hold several tunnels, and makes all or none.
	const bodies = legacy
		? read.array(read.object(body, '', ['ipsec_tunnels']).ipsec_tunnels, '/ipsec_tunnels')
		: [body];
	// GUESS: an empty list is refused.
	if (bodies.length === 0) throw invalidRequest('ipsec_tunnels is empty', '/ipsec_tunnels');
	const made = bodies.map((single, index) => {
		const change = reader.tunnel(single, legacy ? `/ipsec_tunnels/${index}` : '', true);
		return account.state.changed(
			undefined,
			change,
			account.random.hex(32),
			account.clock.instant(),
		);
	});
	const applied = store(
		call,
		made.map((after) => ({ after })),
		'create',
	);
	const answers = made.map((tunnel) => account.state.toAnswer(tunnel, objectTarget));
	return { answer: success(legacy ? { ipsec_tunnels: answers } : answers[0]), applied };
};

const update = (call: Call): Outcome => {
	const { account, tunnelId, body, objectTarget } = call;
	const before = account.state.get(tunnelId);
	// The spec asks for the whole body, the how-to page sends {psk} or {health_check:{direction}} only
	// and gets the other fields back unchanged; the page's samples count as real here, unless a fault
	// takes the spec at its word.
	const replace = replaces(call);
	const change = tunnelReader(call, 'updating IPsec Tunnel').tunnel(body, '', replace);
	// GUESS: a body without any change is accepted, and `modified` is true all the same.
	const after = account.state.changed(before, change, tunnelId, account.clock.instant(), replace);
	const applied = store(call, [{ before, after }], 'update');
	return {
		answer: success({
			modified: true,
			modified_ipsec_tunnel: account.state.toAnswer(after, objectTarget),
		}),
		applied,
	};
};

/**
 * The body is documented nowhere.
 * GUESS: `{ipsec_tunnels: [{id, ...}]}` like the sibling PUT /magic/routes, items may be partial, an
 * unknown id refuses with 1032, and all tunnels are changed or none.
 */
const bulkUpdate = (call: Call): Outcome => {
	const { account, body, objectTarget } = call;
	const doing = 'updating IPsec Tunnels';
	const read = new BodyReader(doing);
	const reader = tunnelReader(call, doing);
	const replace = replaces(call);
	const fields = read.object(body, '', ['ipsec_tunnels']);
	if (fields.ipsec_tunnels === undefined) {
		throw invalidRequest('ipsec_tunnels is required', '/ipsec_tunnels');
	}
	const items = read.array(fields.ipsec_tunnels, '/ipsec_tunnels');
	// GUESS: an empty list and an id given twice are refused.
	if (items.length === 0) throw invalidRequest('ipsec_tunnels is empty', '/ipsec_tunnels');
	const seen = new Set<string>();
	const changes = items.map((item, index) => {
		const pointer = `/ipsec_tunnels/${index}`;
		const { id: given } = read.object(item, pointer);
		if (given === undefined) throw invalidRequest('id is required', `${pointer}/id`);
		const id = read.string(given, `${pointer}/id`);
		if (seen.has(id)) throw invalidRequest(`tunnel ${id} is listed twice`, `${pointer}/id`);
		seen.add(id);
		const before = account.state.get(id);
		const change = reader.tunnel(item, pointer, replace);
		return {
			before,
			after: account.state.changed(before, change, id, account.clock.instant(), replace),
		};
	});
	const applied = store(call, changes, 'bulkUpdate');
	return {
		answer: success({
			modified: true,
			modified_ipsec_tunnels: changes.map(({ after }) =>
				account.state.toAnswer(after, objectTarget),
			),
		}),
		applied,
	};
};

const remove = (call: Call): Outcome => {
	const { account, tunnelId, objectTarget } = call;
	const before = account.state.get(tunnelId);
	const answered = account.state.toAnswer(before, objectTarget);
	const applied = store(call, [{ before }], 'update');
	return { answer: success({ deleted: true, deleted_ipsec_tunnel: answered }), applied };
};

/**
 * "The PSK is immediately persisted to Cloudflare's edge and cannot be retrieved later" (reference).
 * ipsec_id is in the docs' samples, not in the spec. With validate_only a sample shows the whole normal
 * shape, so a key comes that is not live: a trap that is here on purpose.
 */
const pskGenerate = (call: Call): Outcome => {
	const { account, tunnelId } = call;
	account.state.get(tunnelId);
	const psk = generatePsk(account.random);
	const at = account.clock.instant();
	const applied = !validateOnly(call);
	if (applied) account.state.setKey(tunnelId, psk, at, 'pskGenerate');
	return {
		answer: success({
			ipsec_tunnel_id: tunnelId,
			ipsec_id: account.state.ipsecId(tunnelId),
			psk,
			psk_metadata: { last_generated_on: toNanoseconds(at) },
		}),
		applied,
	};
};

export const MAGIC_OPERATIONS = {
	list,
	create,
	bulkUpdate,
	get,
	update,
	delete: remove,
	pskGenerate,
	pskSet,
} satisfies Record<string, (call: Call) => Outcome>;

export type MagicOperation = keyof typeof MAGIC_OPERATIONS;

export const isMagicOperation = (operation: string): operation is MagicOperation =>
	Object.hasOwn(MAGIC_OPERATIONS, operation);

export const isWrite = (operation: MagicOperation): boolean =>
	operation !== 'list' && operation !== 'get';
