import type { NotAnswered } from '../http/transport';
import { STOPPED } from './exchange';
import type { Vault, VaultFailure, VaultFault } from './vault';

/** What a failure says, of which there is one for each cause. */
export interface Words {
	fault: VaultFault;
	/** What happened, in one sentence without a full stop. */
	what: string;
	remedy: string;
	/** The secret alone, unless it says otherwise. */
	reach?: VaultFailure['reach'];
}

export interface Circumstances {
	mayHaveHappened?: boolean;
	httpCode?: string;
}

export function failed(
	words: Words,
	{ mayHaveHappened = false, httpCode }: Circumstances = {},
): VaultFailure {
	return {
		kind: 'failed',
		reach: 'secret',
		...words,
		mayHaveHappened,
		...(httpCode === undefined ? {} : { httpCode }),
	};
}

/** Faults of requests that were never sent, by the transport's code. */
const OWN_FAULTS: Readonly<Record<string, VaultFault>> = {
	[STOPPED]: 'stopped',
	refused: 'settings',
};

/** The failure of a request that no server answered. */
export function unanswered(reply: NotAnswered, mayHaveHappened: boolean): VaultFailure {
	const own = OWN_FAULTS[reply.code];
	return failed(
		{
			fault: own ?? 'unreachable',
			what: reply.what,
			remedy: reply.remedy,
			reach: reply.sent ? 'secret' : 'vault',
		},
		{ mayHaveHappened, httpCode: own === undefined ? reply.code : undefined },
	);
}

/** A vault whose settings can't be used: it says so to everything, and sends nothing. */
export function refusingVault(failure: VaultFailure): Vault {
	const refuse = async () => failure;
	return {
		open: refuse,
		read: refuse,
		write: refuse,
		names: refuse,
		close: async () => ({ kind: 'closed' }),
	};
}
