/** One tunnel with the key that it is to get. */
export interface Entry {
	id: string;
	psk: string;
}

/** The keys that a run handed out, by tunnel id. */
export type Keys = Map<string, string>;

/**
 * Something that replaces the keys of all entries' tunnels.
 *
 * @returns a reader of the keys that were handed out, which is not part of the measured work
 */
export type Run = (url: string, entries: readonly Entry[]) => Promise<() => Keys>;

export interface Contender {
	name: string;
	run: Run;
	/** Left out above this number of keys: a connection for each of 10,000 is more than a system allows. */
	mostKeys?: number;
}
