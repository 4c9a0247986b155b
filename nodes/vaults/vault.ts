import type { ICredentialDataDecryptedObject, INodeProperties } from 'n8n-workflow';
import type { Transport } from '../http/transport';
import type { VaultRecord } from './record';

/**
 * A vault, as the rotation of keys sees it: one record for each tunnel, read whole and written whole
 * by compare-and-set. The steps of a rotation are pure changes of that record (transitions.ts), so
 * that every vault takes them in the same way and a new vault is four functions.
 *
 * The rotation must be able to keep this: once a key was set, at every moment, killed anywhere, with
 * two runs at once, the key that is live is one of the three in the vault, and one more run brings all
 * back to one truth. What a vault promises for that:
 *
 * 1. A read gives one state that the secret had as a whole, and the revision of that state.
 * 2. A write replaces the whole record at one single point in time, and only if the secret is still
 *    at the revision that was read. It never comes back to a revision it had before.
 * 3. `stored` is said on proof only: the vault's own answer, or a look afterwards that shows this very
 *    record. `conflict` means that the record is not the vault's newest: read again. Everything else
 *    is a failure, whose `mayHaveHappened` is false only if the write surely was not made and, not
 *    being under way any more, never will be.
 * 4. A lost answer is settled by a look. The write is sent again only with the same compare-and-set, so
 *    that it is made once at most.
 * 5. Fields of others are kept. What can't be understood is a failure, and nothing is written over it.
 * 6. Nothing rejects, and no failure holds a key, a token or anything that a server wrote.
 *
 * Where a vault has no record with a compare-and-set, its driver builds one: see
 * awsSecretsManager.ts, where labels on versions make it.
 *
 * A caller does this: `open`; `read` for each secret; `write` of what a transition made of the
 * snapshot (the snapshot of `stored` goes into the next write, without a read between); `close`, also
 * after a failure or a stop. It bounds how many calls are under way at once.
 */
export interface Vault {
	/** Logs in where that is needed, and looks whether the vault can be worked with. */
	open(): Promise<VaultOpened | VaultFailure>;
	read(name: string, purpose: ReadPurpose): Promise<VaultReading | VaultFailure>;
	/** Puts a record in place of the snapshot's, if that is still what the vault holds. */
	write(
		snapshot: VaultSnapshot,
		record: VaultRecord,
	): Promise<VaultStored | VaultConflict | VaultFailure>;
	/** Names of all secrets that begin with a prefix, for an audit. */
	names(prefix: string): Promise<VaultNames | VaultFailure>;
	/** Gives back what the run took, such as its token. To be called once, at the very end. */
	close(): Promise<VaultClosed | VaultFailure>;
}

/**
 * Why a secret is read: `change` may first complete a write that was cut off in the middle, as AWS's
 * labels need; `look` changes nothing, and looks also for settings that throw keys away.
 */
export type ReadPurpose = 'change' | 'look';

declare const opaque: unique symbol;

/** Which state was read. Only the driver that made it knows what is in it; it holds no key. */
export type Revision = string & { readonly [opaque]: true };

/** One state of a secret. */
export interface VaultSnapshot {
	readonly name: string;
	/**
	 * `absent`: no such secret, or one without a value. `deleted`: somebody deleted its newest
	 * version, so what it held is unknown here and may still be recovered there.
	 */
	readonly state: 'present' | 'absent' | 'deleted';
	/** Empty unless the state is `present`. */
	readonly record: VaultRecord;
	readonly revision: Revision;
	/** The version for people, empty where there is none. */
	readonly version: string;
	/**
	 * A write was cut off after it counted, and what routers read may still say the former. A read for
	 * `change` completes it; only one for `look` can find this.
	 */
	readonly unfinished: boolean;
	/** Settings of the vault that would throw this secret's keys away, one sentence each. */
	readonly warnings: readonly string[];
}

export interface VaultOpened {
	kind: 'opened';
	/** What the user should know about the vault as a whole, one sentence each. */
	warnings: readonly string[];
}

export interface VaultReading {
	kind: 'read';
	snapshot: VaultSnapshot;
}

export interface VaultStored {
	kind: 'stored';
	/** The secret as it is now. */
	snapshot: VaultSnapshot;
}

/** Somebody else changed the secret meanwhile. Nothing of theirs was overwritten. */
export interface VaultConflict {
	kind: 'conflict';
}

export interface VaultNames {
	kind: 'names';
	names: readonly string[];
}

export interface VaultClosed {
	kind: 'closed';
}

/** What went wrong, for programs. */
export type VaultFault =
	/** No answer: the connection was refused or broke, or the time was over. */
	| 'unreachable'
	/** The execution was stopped before anything was sent. */
	| 'stopped'
	/** The credential or a setting can't be used; nothing was sent. */
	| 'settings'
	/** Wrong or expired credential, or no right: vaults do not always tell which. */
	| 'denied'
	| 'sealed'
	/** A standby that serves no requests, or a redirect, which is not followed. */
	| 'standby'
	| 'throttled'
	/** There is no such engine, or another kind of it. */
	| 'notThisVault'
	/** The vault accepts no such request, for example because a value is too large. */
	| 'rejected'
	/** The server is in trouble. */
	| 'server'
	/** What the secret holds, or what the server answers, can't be understood. */
	| 'unreadable'
	/** Somebody else works on this secret by other means. */
	| 'foreign';

/** Why a call did not do what it should. Texts are ours: nothing that a server wrote is in them. */
export interface VaultFailure {
	kind: 'failed';
	fault: VaultFault;
	/** What happened, in one sentence without a full stop. */
	what: string;
	/** What to do about it. */
	remedy: string;
	/** `vault`: the same will happen with every other secret of this vault. */
	reach: 'secret' | 'vault';
	/** True where a write may have been made, or may still be made by a request that is under way. */
	mayHaveHappened: boolean;
	/** HTTP status, or the network's code. */
	httpCode?: string;
}

/** How long a run is ready to wait, and what ends it. */
export interface RunLimits {
	/** Milliseconds until a request without a whole answer is given up. */
	timeoutMs: number;
	/** Milliseconds that one call may spend waiting between attempts; a minute by default. */
	longestWaitMs?: number;
	/** Ends waiting and reading at once; a write that was sent is waited for and settled. */
	stop?: AbortSignal;
}

/** What a driver is made from. */
export interface VaultSettings {
	/** Of the vault's credential type. Drivers take no secret out of it. */
	credential: ICredentialDataDecryptedObject;
	/** Values of the vault's own node parameters, by their names. */
	parameters: Readonly<Record<string, unknown>>;
}

/** A kind of vault: all that the node and the rotation need to know of it. */
export interface VaultKind {
	/** In the node's panel. */
	displayName: string;
	description: string;
	credentialType: string;
	/** Node parameters of this vault; the one in `nameParameter` is a template (names.ts). */
	properties: readonly INodeProperties[];
	nameParameter: string;
	/** What is wrong with a secret's name here, in one sentence; undefined if nothing is. */
	nameFault(name: string): string | undefined;
	/**
	 * Where the secrets are, so that two spellings of one place are seen as one. Places that are not told
	 * apart are refused as one secret, so this says all that may tell secrets of one name apart.
	 */
	place(settings: VaultSettings): string;
	/** @param transport sends with the credential; the credential adds its secrets by itself */
	connect(transport: Transport, settings: VaultSettings, limits: RunLimits): Vault;
}
