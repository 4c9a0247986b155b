import type { Account, AccountOptions } from '../../helpers/accountProcess';
import type { N8n } from './n8n';

/** What a part gets: what it needs is started when it is asked for, and ended for it. */
export interface Context {
	/** Runs a check and reports it; a failed one does not stop the part. @returns whether it passed */
	check(name: string, check: () => Promise<void> | void): Promise<boolean>;
	/** The n8n that all parts share, with the package installed from its tarball. */
	n8n(): Promise<N8n>;
	/** Starts a simulated Cloudflare account, ended with the part. */
	account(options?: AccountOptions): Promise<Account>;
	/** The packed package, for a part that starts an n8n of its own. */
	tarball(): Promise<string>;
	/** A new folder, removed at the end of the run. */
	folder(name: string): string;
	/** Where logs of processes belong. */
	readonly logFolder: string;
	/** Done at the end of the part, the last one first, whether it passed or not. */
	defer(task: () => Promise<unknown>): void;
}

/** A part of the end-to-end suite. */
export interface Part {
	name: string;
	/** One line for people. */
	about: string;
	/** It has an n8n of its own, and runs beside the parts that share one. */
	apart?: boolean;
	/** Why the part can't run on this machine; undefined if it can. */
	skipReason?: () => Promise<string | undefined>;
	run(context: Context): Promise<void>;
}
