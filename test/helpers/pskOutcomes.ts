import type { IDataObject } from 'n8n-workflow';
import type { KeyFacts, KeyLedger } from './ledger';

/** Whether the outcomes that a psk operation tells are true, judged by the ledger of the account. */

/** The outputs of a psk operation. */
export interface PskOutputs {
	/** The items of the output Secret, each as its json. */
	secret: readonly IDataObject[];
	notification: readonly IDataObject[];
	/** Outputs after those two, such as n8n's error output. */
	others?: ReadonlyArray<readonly IDataObject[]>;
	/** True if an error ended the run, so that no item went anywhere. */
	stopped: boolean;
}

export interface PskRun {
	/** Keys were to be checked, and not to be set. */
	checks: boolean;
	/** The operation makes the keys, so that a checked one is handed on. */
	makesKeys: boolean;
	/** An answer was spoilt, or somebody else changed the key: what is live may not be known. */
	mayBeUnknown: boolean;
}

/** Ids in capitals are the same ids. */
const isOf =
	(id: string) =>
	({ ipsec_tunnel_id: named }: IDataObject): boolean =>
		typeof named === 'string' && named.toLowerCase() === id.toLowerCase();

/**
 * What is wrong with the outcomes of a psk operation, one text for each finding; leaks are the ledger's.
 *
 * @param asked ids of the tunnels that the items named, each once
 */
export function pskFindings(
	ledger: KeyLedger,
	outputs: PskOutputs,
	asked: readonly string[],
	run: PskRun,
): string[] {
	const { secret, notification, others = [], stopped } = outputs;
	const found = ledger.ids.flatMap((id) => {
		const facts = ledger.facts(id);
		const seen = { secret: secret.filter(isOf(id)), notification: notification.filter(isOf(id)) };
		const wrong = stopped
			? facts.isChanged && 'stopped, although the key was changed'
			: asked.includes(id)
				? outcomeFault(facts, seen, run)
				: strayFault(facts, seen);
		return wrong ? [`${ledger.nameOf(id)}: ${wrong}`] : [];
	});
	if (stopped) return found;
	const lost = ledger.lost(secret).map((name) => `${name}: the live key is lost`);
	const nameless = secret.filter((item) => !asked.some((id) => isOf(id)(item)));
	return [
		...new Set([...found, ...lost]),
		...nameless.map(() => 'a key of a tunnel that no item named'),
		...(others.flat().length > 0 ? ['an item on the error output'] : []),
	];
}

interface Seen {
	secret: IDataObject[];
	notification: IDataObject[];
}

function strayFault({ isChanged }: KeyFacts, { notification }: Seen): string | undefined {
	if (isChanged) return 'changed, although no item named the tunnel';
	return notification.length > 0 ? 'an outcome, although no item named the tunnel' : undefined;
}

function outcomeFault(
	{ live, isChanged, isElsewhere }: KeyFacts,
	{ secret, notification }: Seen,
	{ checks, makesKeys, mayBeUnknown }: PskRun,
): string | undefined {
	if (notification.length !== 1) return `${notification.length} outcomes`;
	if (secret.length > 1) return `${secret.length} keys`;
	const [outcome] = notification as [IDataObject];
	const key = secret[0]?.psk;
	if (secret[0] !== undefined && secret[0].status !== outcome.status) {
		return 'Secret and Notification tell different outcomes';
	}
	switch (outcome.status) {
		case 'validated':
			if (!checks) return 'only validated';
			if (isChanged) return 'validated, although the key was changed';
			return (key !== undefined) === makesKeys ? undefined : 'validated with the wrong key';
		case 'applied':
			if (key !== live && !isElsewhere) return 'the item does not hold the live key';
			return outcome.verified === true && key !== live ? 'verified, but not live' : undefined;
		case 'unapplied':
			if (key !== undefined) return 'a key of an unapplied outcome';
			return isChanged ? 'unapplied, but the key was changed' : undefined;
		case 'unknown':
			return mayBeUnknown ? undefined : 'unknown, although the answer was clear';
		default:
			return `status ${String(outcome.status)}`;
	}
}
