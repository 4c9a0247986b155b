import type { Call } from './call';
import { tunnelReader } from './call';
import type { Outcome } from './envelope';
import { invalidRequest, success, tunnelNotFound } from './envelope';
import { toNanoseconds } from './time';
import type { Instant } from './types';
import { BodyReader } from './bodyReader';
import type { PskEntry, Verdict } from './verdicts';
import { fatesOf, isPskFault, refuseBatch, verdictMaps } from './verdicts';

// GUESS: a declared boolean is enforced.
const validateOnly = ({ query }: Call): boolean => {
	const { validate_only: value = 'false' } = query;
	if (value !== 'true' && value !== 'false') {
		throw invalidRequest('query parameter validate_only must be a boolean');
	}
	return value === 'true';
};

const readPsks = (call: Call): PskEntry[] => {
	const doing = 'setting PSKs for IPsec Tunnels';
	const read = new BodyReader(doing);
	const reader = tunnelReader(call, doing);
	const { psks } = read.object(call.body, '', ['psks']);
	if (psks === undefined) throw invalidRequest('psks is required', '/psks');
	const entries = read.array(psks, '/psks').map((entry, index) => {
		const pointer = `/psks/${index}`;
		const { id, psk } = read.object(entry, pointer, ['id', 'psk']);
		if (id === undefined) throw invalidRequest('id is required', `${pointer}/id`);
		if (psk === undefined) throw invalidRequest('psk is required', `${pointer}/psk`);
		return {
			id: read.string(id, `${pointer}/id`),
			psk: reader.psk(psk, `${pointer}/psk`),
		};
	});
	// GUESS: an empty list is refused.
	if (entries.length === 0) throw invalidRequest('psks is empty', '/psks');
	const seen = new Set<string>();
	entries.forEach(({ id }, index) => {
		// GUESS: an id given twice is refused, as a map by id could not answer for both.
		if (seen.has(id)) throw invalidRequest(`tunnel ${id} is listed twice`, `/psks/${index}/id`);
		seen.add(id);
	});
	return entries;
};

/**
 * POST /ipsec_tunnels/psk: two maps by tunnel id.
 * GUESS: HTTP 200 also when some or all were not applied, an unknown tunnel is one of those, all keys
 * of a request share one instant, and a key that was live already counts as set again.
 */
export const pskSet = (call: Call): Outcome => {
	const { state, clock } = call.account;
	const faults = call.conduct.filter(isPskFault);
	const persist = !validateOnly(call);
	const entries = readPsks(call);
	refuseBatch(faults, entries);
	const fates = fatesOf(faults, entries);
	const at: Instant = clock.instant();
	let applied = false;
	const details = ({ id, psk }: PskEntry): object => ({
		ipsec_tunnel_id: id,
		ipsec_id: state.ipsecId(id),
		psk,
		// GUESS: nanoseconds, as psk_generate answers.
		psk_metadata: { last_generated_on: toNanoseconds(at) },
	});
	const verdicts = entries.map((entry): Verdict => {
		const { id, psk } = entry;
		const { isApplied, told, reason } = fates.get(id)!;
		if (!state.find(id)) {
			return { id, ...(told !== 'nothing' && { unapplied: tunnelNotFound().message }) };
		}
		if (persist && isApplied) {
			state.setKey(id, psk, at, 'pskSet');
			applied = true;
		}
		return {
			id,
			...((told === 'applied' || told === 'both') && { applied: details(entry) }),
			...((told === 'unapplied' || told === 'both') && { unapplied: reason }),
		};
	});
	const all = state.all().map(({ id }) => id);
	return { answer: success(verdictMaps(faults, verdicts, details, all)), applied };
};
