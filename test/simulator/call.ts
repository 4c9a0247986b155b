import type { ConductFault } from './faults';
import type { Random } from './random';
import type { AccountState } from './state';
import type { Clock } from './time';
import { TunnelReader } from './validation';

/** The account that the operations work on. */
export interface Account {
	id: string;
	state: AccountState;
	clock: Clock;
	random: Random;
	couplerIntegration: boolean;
	leasedEndpoints?: readonly string[] | undefined;
}

/** One request as an operation sees it. */
export interface Call {
	account: Account;
	tunnelId: string;
	query: Readonly<Record<string, string>>;
	/** x-magic-new-hc-target */
	objectTarget: boolean;
	/** Parsed JSON; undefined when there was no body. */
	body: unknown;
	/** What the account is to do otherwise than by default. */
	conduct: readonly ConductFault[];
}

export const tunnelReader = ({ account, objectTarget }: Call, doing: string): TunnelReader =>
	new TunnelReader({
		accountId: account.id,
		doing,
		objectTarget,
		couplerIntegration: account.couplerIntegration,
		leasedEndpoints: account.leasedEndpoints,
		extraFields: account.state.extraNames,
	});
